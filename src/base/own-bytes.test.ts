import { expect, test } from '@jest/globals';
import { ownBytes } from './own-bytes.ts';

test('nothing else is in the memory that is kept', () => {
  const bytes = ownBytes('"Grüße"');
  expect(bytes.toString()).toBe('"Grüße"');
  expect(bytes.buffer.byteLength).toBe(9);
});
