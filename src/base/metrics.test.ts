import { describe, expect, test } from '@jest/globals';
import { exponentialBuckets, MetricRegistry } from './metrics.ts';

describe('text format', () => {
  test('counters and gauges, labels sorted by name, values escaped', () => {
    const registry = new MetricRegistry();
    const requests = registry.counter({ name: 'requests_total', help: 'How many.', labels: ['verb', 'code'], stability: 'STABLE' });
    requests.with('GET', '200').inc();
    requests.with('GET', '200').inc(2);
    requests.with('a"b\\c\nd', '500').inc();
    const open = registry.gauge({ name: 'open', help: 'Now.' });
    open.with().add(3);
    open.with().add(-1);
    expect(registry.text()).toBe(
      [
        '# HELP open [ALPHA] Now.',
        '# TYPE open gauge',
        'open 2',
        '# HELP requests_total [STABLE] How many.',
        '# TYPE requests_total counter',
        'requests_total{code="200",verb="GET"} 3',
        'requests_total{code="500",verb="a\\"b\\\\c\\nd"} 1',
        '',
      ].join('\n'),
    );
  });

  test('histograms count cumulatively, a value on a bound is inside', () => {
    const registry = new MetricRegistry();
    const sizes = registry.histogram({ name: 'sizes', help: 'Bytes.', labels: ['kind'], buckets: [1, 2.5], stability: '' });
    for (const value of [0.5, 1, 2, 99]) sizes.with('x').observe(value);
    expect(registry.text().split('\n').slice(0, -1)).toEqual([
      '# HELP sizes Bytes.',
      '# TYPE sizes histogram',
      'sizes_bucket{kind="x",le="1"} 2',
      'sizes_bucket{kind="x",le="2.5"} 3',
      'sizes_bucket{kind="x",le="+Inf"} 4',
      'sizes_sum{kind="x"} 102.5',
      'sizes_count{kind="x"} 4',
    ]);
  });

  test('what has no value is left out; what is collected is asked for each time', () => {
    const registry = new MetricRegistry();
    registry.counter({ name: 'never', help: 'No child yet.', labels: ['a'] });
    let asked = 0;
    registry.collected('gauge', { name: 'asked', help: 'Times.' }, () => [{ labels: { of: 'this' }, value: ++asked }]);
    expect(registry.text()).not.toContain('never');
    expect(registry.text()).toContain('asked{of="this"} 2\n');
  });

  test("numbers are written as Go's", () => {
    const registry = new MetricRegistry();
    const values = [0, 0.5, 999_999, 1_050_000, 1.79526673236e9, 0.0001, 0.00005, -2e6, Infinity];
    registry.collected('gauge', { name: 'n', help: '' }, () => values.map((value) => ({ value })));
    const lines = registry.text().split('\n').slice(2, -1);
    expect(lines).toEqual(
      ['0', '0.5', '999999', '1.05e+06', '1.79526673236e+09', '0.0001', '5e-05', '-2e+06', '+Inf'].map((text) => `n ${text}`).sort(),
    );
  });

  test('a name is taken once', () => {
    const registry = new MetricRegistry();
    registry.counter({ name: 'a', help: '' });
    expect(() => registry.gauge({ name: 'a', help: '' })).toThrow('the metric a exists twice');
  });

  test('children can be forgotten', () => {
    const registry = new MetricRegistry();
    const family = registry.counter({ name: 'a', help: '', labels: ['b'] });
    family.with('c').inc();
    family.remove('c');
    expect(registry.text()).toBe('');
  });

  test('exponential buckets', () => expect(exponentialBuckets(1000, 10, 3)).toEqual([1000, 10_000, 100_000]));
});
