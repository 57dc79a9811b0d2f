import { expect, test } from '@jest/globals';
import { path } from '../../api/field-errors.ts';
import { objectReferenceErrors } from './object-reference.ts';

test.each([
  [{ kind: 'K', name: 'n' }, []],
  [{ apiGroup: null, kind: 'K', name: 'n' }, []],
  [{ apiGroup: null, kind: '', name: 'a/b' }, ['r.kind: Required value', `r.name: Invalid value: "a/b": may not contain '/'`]],
])('%j', (reference, expected) => {
  expect(objectReferenceErrors(reference, path('r')).map(({ field, body }) => `${field}: ${body}`)).toEqual(expected);
});
