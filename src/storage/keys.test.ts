import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareKeys, lowerBound, prefixEnd } from './keys.ts';

const text = fc.string({ unit: 'binary', maxLength: 6 });

describe('keys', () => {
  test('are ordered by their UTF-8 bytes', () => {
    fc.assert(fc.property(text, text, (a, b) => Math.sign(compareKeys(a, b)) === Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });

  test('with a prefix are exactly those from it up to its end', () => {
    fc.assert(
      fc.property(text, text, (prefix, key) => {
        const end = prefixEnd(prefix);
        const within = compareKeys(key, prefix) >= 0 && (end === undefined || compareKeys(key, end) < 0);
        expect(within).toBe(key.startsWith(prefix));
      }),
    );
  });

  test.each([
    ['/registry/', '/registry0'],
    ['a\u{10ffff}', 'b'],
    ['\ud7ff', '\ue000'],
    ['', undefined],
    ['\u{10ffff}', undefined],
  ])('the end of %j is %j', (prefix, end) => {
    expect(prefixEnd(prefix)).toBe(end);
  });

  test('are found in a sorted list', () => {
    expect(['a', 'b', 'c', 'd'].map((key) => lowerBound(['b', 'c'], key))).toEqual([0, 0, 1, 2]);
  });
});
