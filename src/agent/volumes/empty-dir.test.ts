import { existsSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { testPod } from '../testing/pods.ts';
import { makeEmptyDir, memoryVolumeBytes } from './empty-dir.ts';

const limited = (memory: string) =>
  testPod({ spec: { containers: [{ name: 'c', resources: { limits: { memory } } }] }, status: { qosClass: 'Burstable' } });

test.each([
  { what: 'nothing is known', source: {}, pod: testPod(), memory: '', bytes: undefined },
  { what: 'only the node bounds it', source: {}, pod: testPod(), memory: '1Gi', bytes: 2 ** 30 },
  { what: 'its own limit is the least', source: { sizeLimit: '1Mi' }, pod: limited('64Mi'), memory: '1Gi', bytes: 2 ** 20 },
  { what: 'its pod may have less', source: { sizeLimit: '1Gi' }, pod: limited('64Mi'), memory: '2Gi', bytes: 64 * 2 ** 20 },
  { what: 'a limit of nothing is none', source: { sizeLimit: '0' }, pod: testPod(), memory: '1Gi', bytes: 2 ** 30 },
])('the size of a volume in memory: $what', ({ source, pod, memory, bytes }) => {
  expect(memoryVolumeBytes({ medium: 'Memory', ...source }, pod, { memory })).toBe(bytes);
});

const dirBelow = (): string => join(mkdtempSync(join(tmpdir(), 'coracle-empty-')), 'v');

test('a mount that failed is tried again, and no folder on the disk stands in for it', async () => {
  const dir = dirBelow();
  let tries = 0;
  const run = async (): Promise<string> => {
    tries += 1;
    if (tries === 1) throw new Error('mount ended with 32');
    return '';
  };
  const make = () => makeEmptyDir(dir, { medium: 'Memory' }, { pod: testPod(), allocatable: {}, run });
  await expect(make()).rejects.toThrow('mount ended with 32');
  await make();
  expect(tries).toBe(2);
});

test('one on the disk is made once', async () => {
  const dir = dirBelow();
  const input = { pod: testPod(), allocatable: {}, run: () => Promise.reject(new Error('no mount')) };
  await makeEmptyDir(dir, {}, input);
  expect(statSync(dir).mode & 0o777).toBe(0o777);
  await makeEmptyDir(dir, {}, input);
});

test.each([
  ['HugePages-2Mi', 'storage medium "HugePages-2Mi" is not offered by this node'],
  ['Flash', 'unknown storage medium "Flash"'],
])('medium %s is refused', async (medium, message) => {
  const dir = dirBelow();
  await expect(makeEmptyDir(dir, { medium }, { pod: testPod(), allocatable: {}, run: async () => '' })).rejects.toThrow(message);
  expect(existsSync(dir)).toBe(false);
});
