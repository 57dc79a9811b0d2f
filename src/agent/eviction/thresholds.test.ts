import { describe, expect, test } from '@jest/globals';
import {
  allThresholds,
  limitOf,
  noTuning,
  type Observations,
  parseThresholds,
  Pressures,
  thresholdsMet,
  ThresholdWatch,
  transitionMs,
} from './thresholds.ts';

describe('thresholds', () => {
  test('amounts and shares', () => {
    const [memory, disk] = parseThresholds('memory.available<100Mi, nodefs.available<5%');
    expect(memory).toMatchObject({ signal: 'memory.available', starved: 'memory', pressure: 'MemoryPressure' });
    expect(limitOf(memory as never, 0)).toBe(104_857_600);
    expect(limitOf(disk as never, 1000)).toBe(50);
    expect(parseThresholds('')).toEqual([]);
  });

  test.each([
    ['cpu.available<1', 'unknown eviction signal "cpu.available", known are memory.available, nodefs.available'],
    ['memory.available', 'is not of the form'],
    ['memory.available<many', 'is not of the form'],
    ['nodefs.available<101%', 'is not of the form'],
  ])('%s is refused', (text, message) => {
    expect(() => parseThresholds(text)).toThrow(message);
  });

  test('memory goes before disk; what nobody observed is not met', () => {
    const thresholds = parseThresholds('nodefs.available<5%,imagefs.available<5%,memory.available<100Mi');
    const observations: Observations = new Map([
      ['nodefs.available', { available: 1, capacity: 100 }],
      ['memory.available', { available: 1, capacity: 100 }],
    ]);
    expect(thresholdsMet(thresholds, observations).map(({ signal }) => signal)).toEqual(['memory.available', 'nodefs.available']);
    expect(thresholdsMet(thresholds, new Map([['nodefs.available', { available: 5, capacity: 100 }]]))).toEqual([]);
  });
});

test('a pressure stays for five minutes after it was last seen', () => {
  const met = parseThresholds('memory.available<100Mi');
  const pressures = new Pressures();
  expect(pressures.observe([], 0)).toBe(false);
  expect(pressures.observe(met, 1000)).toBe(true);
  expect(pressures.observe(met, 2000)).toBe(false);
  expect(pressures.current(2000)).toEqual(['MemoryPressure']);
  expect(pressures.observe([], 1000 + transitionMs)).toBe(false);
  expect(pressures.observe([], 2000 + transitionMs)).toBe(true);
  expect(pressures.current(2000 + transitionMs)).toEqual([]);
});

describe('what is met, and for how long', () => {
  const left = (available: number): Observations => new Map([['memory.available', { available, capacity: 1000 }]]);
  const signals = (seen: ReturnType<ThresholdWatch['observe']>): [number, number] => [seen.met.length, seen.due.length];

  test('a soft threshold is due once its grace period is over, and begins anew when it was not met meanwhile', () => {
    const watch = new ThresholdWatch(
      allThresholds('memory.available<100', { ...noTuning, soft: 'memory.available<50%', softGraceMs: { 'memory.available': 30_000 } }),
    );
    expect(signals(watch.observe(left(600), 0))).toEqual([0, 0]);
    expect(signals(watch.observe(left(400), 10_000))).toEqual([1, 0]);
    expect(signals(watch.observe(left(600), 20_000))).toEqual([0, 0]);
    expect(signals(watch.observe(left(400), 30_000))).toEqual([1, 0]);
    expect(signals(watch.observe(left(400), 59_999))).toEqual([1, 0]);
    expect(signals(watch.observe(left(400), 60_000))).toEqual([1, 1]);
    expect(signals(watch.observe(left(90), 60_001))).toEqual([2, 2]);
  });

  test('what was due stays so until as much more is free as is to be reclaimed', () => {
    const watch = new ThresholdWatch(allThresholds('memory.available<100', { ...noTuning, minimumReclaim: { 'memory.available': '10%' } }));
    expect(signals(watch.observe(left(150), 0))).toEqual([0, 0]);
    expect(signals(watch.observe(left(99), 1))).toEqual([1, 1]);
    expect(signals(watch.observe(left(199), 2))).toEqual([1, 1]);
    expect(signals(watch.observe(left(200), 3))).toEqual([0, 0]);
    expect(signals(watch.observe(left(150), 4))).toEqual([0, 0]);
  });

  test('a soft threshold needs a grace period', () => {
    expect(() => allThresholds('', { ...noTuning, soft: 'memory.available<1' })).toThrow('grace period must be specified');
  });
});
