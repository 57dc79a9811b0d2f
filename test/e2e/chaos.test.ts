/** A short storm; `npm run chaos` makes long ones. Needs no root and no Docker. */
import { expect, test } from '@jest/globals';
import { runChaos } from '../chaos/chaos.ts';

test('after random kills everything is as specified', async () => {
  const seed = Date.now() % 1_000_000;
  const result = await runChaos({ seconds: 25, seed, nodes: 2, longestOutage: 4, say: () => undefined }).catch((error: unknown) => {
    throw new Error(`seed ${String(seed)}`, { cause: error });
  });
  expect({ seed, violations: result.violations }).toEqual({ seed, violations: [] });
}, 600_000);
