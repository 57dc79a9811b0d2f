import { expect, test } from '@jest/globals';
import { jsonEqual, stableStringify } from './json-equal.ts';

test.each([
  [{ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 }, true],
  [{ a: undefined }, {}, true],
  [{}, { a: undefined }, true],
  [{ a: 1 }, {}, false],
  [{}, { a: 1 }, false],
  [{ a: null }, {}, false],
  [[1, 2], [2, 1], false],
  [[], {}, false],
  ['1', 1, false],
])('%j equals %j: %s', (a, b, expected) => {
  expect(jsonEqual(a, b)).toBe(expected);
});

test('stable text does not depend on the order of keys', () => {
  expect(stableStringify({ b: { y: 1, x: [2] }, a: 0 })).toBe(stableStringify({ a: 0, b: { x: [2], y: 1 } }));
});
