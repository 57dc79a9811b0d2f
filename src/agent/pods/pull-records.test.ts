import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import type { Image, RegistryAuth } from '../runtimes/runtime.ts';
import { testPod } from '../testing/pods.ts';
import { createImagePuller } from './images.ts';
import { openPullRecords, type PullRecords, type PullSecret, verifies, type VerificationPolicy } from './pull-records.ts';

const image = (id: string, ...tags: string[]): Image => ({ id, tags, digests: [], bytes: 1, user: '' });
const secret = (name: string, hash: string): PullSecret => ({ uid: `uid-${name}`, namespace: 'ns', name, hash });
const asks =
  (...secrets: PullSecret[]) =>
  async () =>
    secrets;
const open = (file?: string, images: Image[] = []): Promise<PullRecords> => openPullRecords({ file, images: async () => images });

describe('what is on the node already', () => {
  test('is everybody’s when this agent did not pull it, or without credentials', async () => {
    const records = await open();
    expect(await records.mustPull('r/a:1', 'sha256:1', asks())).toBe(false);
    records.pulled('r/a:1', 'sha256:1', undefined);
    expect(await records.mustPull('r/a:1', 'sha256:1', asks())).toBe(false);
  });

  test('is for those who show the credentials it came with', async () => {
    const records = await open();
    records.pulled('r/a:1', 'sha256:1', secret('one', 'h1'));
    const must = (...secrets: PullSecret[]) => records.mustPull('r/a:2', 'sha256:1', asks(...secrets));
    expect(await must()).toBe(true);
    expect(await must(secret('other', 'h2'))).toBe(true);
    // The same credentials in another secret; the same secret with new ones.
    expect(await must(secret('other', 'h1'))).toBe(false);
    expect(await must(secret('one', 'h3'))).toBe(false);
    expect(await must(secret('third', 'h3'))).toBe(false);
    // Under another name it may be somebody else's.
    expect(await records.mustPull('elsewhere/a:1', 'sha256:1', asks(secret('one', 'h1')))).toBe(true);
    records.pulled('r/a:1', 'sha256:1', undefined);
    expect(await must()).toBe(false);
  });

  test('is remembered, without the credentials', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'coracle-records-')), 'records.json');
    const first = await open(file);
    first.pulled('r/a:1', 'sha256:1', secret('one', 'h1'));
    first.pulled('r/b:1', 'sha256:gone', undefined);
    // It ends while it pulls.
    first.begin('r/c:1');
    while (!readSafely(file).includes('"intents":["r/c:1"]')) await new Promise((resolve) => setImmediate(resolve));
    // As the next agent finds it: this one does not write any more.
    const left = `${file}.left`;
    copyFileSync(file, left);
    const next = await open(left, [image('sha256:1', 'r/a:1'), image('sha256:3', 'r/c:1')]);
    expect(await next.mustPull('r/a:1', 'sha256:1', asks())).toBe(true);
    expect(await next.mustPull('r/a:1', 'sha256:1', asks(secret('one', 'h1')))).toBe(false);
    expect(await next.mustPull('r/c:1', 'sha256:3', asks())).toBe(true);
    while (readSafely(left).includes('sha256:gone')) await new Promise((resolve) => setImmediate(resolve));
  });
});

function readSafely(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

test.each<[VerificationPolicy, string, boolean, boolean]>([
  ['NeverVerify', 'r/a:1', true, false],
  ['AlwaysVerify', 'r/a:1', false, true],
  ['NeverVerifyPreloadedImages', 'r/a:1', false, false],
  ['NeverVerifyPreloadedImages', 'r/a:1', true, true],
  ['NeverVerifyAllowlistedImages', 'r/a:1', true, false],
  ['NeverVerifyAllowlistedImages', 'free/deep/b@sha256:0', true, false],
  ['NeverVerifyAllowlistedImages', 'r/ab', false, true],
])('%s: %s, pulled here %p: verified %p', (policy, name, pulledHere, expected) => {
  expect(verifies({ policy, allowlist: ['r/a', 'free/*'] }, name, pulledHere)).toBe(expected);
});

describe('the puller', () => {
  function setUp(maxParallel?: number) {
    const clock = new FakeClock();
    const events: string[] = [];
    const used: (string | undefined)[] = [];
    const there = new Set<string>();
    const runtime = {
      imageStatus: async (name: string) => (there.has(name) ? image(`id-${name}`) : undefined),
      pullImage: (name: string, auth: RegistryAuth | undefined) =>
        new Promise<void>((resolve) => {
          used.push(auth?.username);
          clock.after(1000, () => {
            there.add(name);
            resolve();
          });
        }),
    };
    const secretData = Buffer.from(JSON.stringify({ auths: { r: { username: 'u', password: 'p' } } })).toString('base64');
    const dockerSecret = {
      metadata: { uid: 's', name: 's', namespace: 'ns' },
      type: 'kubernetes.io/dockerconfigjson',
      data: { '.dockerconfigjson': secretData },
    };
    const records = openPullRecords({ images: async () => [] });
    const shared = records.then((all) => createImagePuller({ runtime, clock, records: all, maxParallel }));
    const ensureWith = (puller: ReturnType<typeof createImagePuller>, name: string, policy: string, withSecret: boolean) =>
      puller.ensure({
        pod: testPod({ spec: withSecret ? { imagePullSecrets: [{ name: 's' }] } : {} }),
        image: name,
        policy,
        references: { secret: async () => dockerSecret } as never,
        event: (_type, reason, message) => void events.push(`${reason}: ${message}`),
      });
    const ensure = async (name: string, policy = 'IfNotPresent', withSecret = false) => ensureWith(await shared, name, policy, withSecret);
    return { clock, events, used, ensure };
  }

  test('pulls again for a pod without the credentials, and shows nothing to one that never pulls', async () => {
    const { clock, events, used, ensure } = setUp();
    const first = ensure('r/a:1', 'IfNotPresent', true);
    await clock.advance(0);
    await clock.advance(1000);
    await first;
    await ensure('r/a:1', 'IfNotPresent', true);
    expect(used).toEqual(['u']);
    await expect(ensure('r/a:1', 'Never')).rejects.toMatchObject({ reason: 'ErrImageNeverPull' });
    const second = ensure('r/a:1');
    await clock.advance(0);
    await clock.advance(1000);
    await second;
    expect(used).toEqual(['u', undefined]);
    expect(events.at(-3)).toBe('ErrImageNeverPull: Container image "r/a:1" is not present with pull policy of Never');
  });

  test('pulls no more at a time than it may, and tells how long it waited', async () => {
    const { clock, events, used, ensure } = setUp(1);
    const both = Promise.all([ensure('r/a:1'), ensure('r/b:1')]);
    await clock.advance(0);
    expect(used).toHaveLength(1);
    await clock.advance(1000);
    await clock.advance(1000);
    await both;
    expect(events.at(-1)).toBe('Pulled: Successfully pulled image "r/b:1" in 1.000s (2.000s including waiting). Image size: 1 bytes.');
  });
});

test('an engine that cannot be asked is told of', async () => {
  const events: string[] = [];
  const runtime = { imageStatus: () => Promise.reject(new Error('no engine')), pullImage: async () => undefined };
  const asked = createImagePuller({ runtime, clock: new FakeClock() }).ensure({
    ...{ pod: testPod(), image: 'a', policy: 'IfNotPresent', references: {} as never },
    event: (_type, reason, message) => void events.push(`${reason}: ${message}`),
  });
  await expect(asked).rejects.toMatchObject({ reason: 'ImageInspectError' });
  expect(events).toEqual(['InspectFailed: Failed to inspect image "": no engine']);
});
