/** A short run of what `npm run fuzz` does for long. */
import { expect, test } from '@jest/globals';
import { fuzz } from './fuzz.ts';

test('strange requests are answered, and nothing breaks', async () => {
  // The same requests every time: npm run fuzz looks for new ones.
  const seed = 20_261_121;
  const { codes, failure } = await fuzz({ requests: 2000, seed });
  expect({ seed, failure }).toEqual({ seed, failure: undefined });
  expect(codes.get(201)).toBeGreaterThan(0);
  expect(codes.get(400)).toBeGreaterThan(0);
}, 600_000);
