import { expect, test } from '@jest/globals';
import { duplicateFields, keyCount } from './duplicates.ts';

test.each([
  ['{}', 0],
  ['{"a":1,"a":2}', 2],
  ['{"a:b":"c:d","e":{"f":[{"g":":"}]}}', 4],
  [String.raw`{"a\"":1,"b\\":2}`, 2],
])('keys of %s', (text, count) => {
  expect(keyCount(text)).toBe(count);
});

test.each([
  ['{"a":1,"b":2}', []],
  ['{"a":1,"a":2}', ['a']],
  ['{"a":1,"a":2,"a":3}', ['a']],
  ['{"spec":{"containers":[{"name":"x"},{"name":"y","name":"z"}]}}', ['spec.containers[1].name']],
  [String.raw`{"a":1,"\u0061":2}`, ['a']],
  ['{"a":{"b":1},"c":{"b":1}}', []],
  ['[{"a":1},{"a":1,"a":"{\\"a\\":1}"}]', ['[1].a']],
])('repeated keys of %s', (text, paths) => {
  expect(duplicateFields(text)).toEqual(paths);
});
