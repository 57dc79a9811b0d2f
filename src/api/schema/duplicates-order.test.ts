import { expect, test } from '@jest/globals';
import { faultsInOrder } from './duplicates.ts';

test('faults come in the order of the text', () => {
  const text = '{"metadata":{"extra":1},"data":{"a":"1","a":"2"},"more":{},"list":[{"x":1,"x":2}]}';
  expect(faultsInOrder(text, new Set(['metadata.extra', 'more']))).toEqual([
    'unknown field "metadata.extra"',
    'duplicate field "data.a"',
    'unknown field "more"',
    'duplicate field "list[0].x"',
  ]);
});
