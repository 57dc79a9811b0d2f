import { expect, test } from '@jest/globals';
import { entryOf } from './entry-of.ts';
import { matchesExpression } from './label-selector.ts';

test('what every object has is in no map', () => {
  const map: Record<string, string> = { a: '1' };
  expect(entryOf(map, 'a')).toBe('1');
  for (const name of ['b', 'constructor', 'hasOwnProperty', '__proto__']) expect(entryOf(map, name)).toBeUndefined();
  expect(entryOf(undefined, 'a')).toBeUndefined();
  expect(matchesExpression({ key: 'constructor', operator: 'Exists' }, map)).toBe(false);
});
