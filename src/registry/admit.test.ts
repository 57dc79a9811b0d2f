import { expect, test } from '@jest/globals';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { mutate } from './admit.ts';

const request = { definition: { group: 'apps', resource: 'deployments' } } as unknown as AdmissionRequest;

test.each([
  [undefined, true],
  [['apps/deployments'], true],
  [['/pods'], false],
  [[], false],
])('a plugin that changes %j runs, and may have changed a Deployment: %s', async (changes, expected) => {
  let ran = 0;
  const plugin: AdmissionPlugin = { name: 'P', ...(changes === undefined ? {} : { changes }), mutate: () => void (ran += 1) };
  expect(await mutate([{ name: 'other' }, plugin], request)).toBe(expected);
  expect(ran).toBe(1);
});
