import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { silentLogger } from '../../base/logger.ts';
import type { PodDeps } from './deps.ts';
import { removeOrphan, removeOrphanFolders } from './orphans.ts';

function setUp() {
  const root = mkdtempSync(join(tmpdir(), 'coracle-orphans-'));
  const [podsDir, memoryDir] = [join(root, 'pods'), join(root, 'memory')];
  for (const uid of ['known', 'gone']) {
    for (const dir of [podsDir, memoryDir]) {
      mkdirSync(join(dir, uid, 'volumes'), { recursive: true });
      writeFileSync(join(dir, uid, 'volumes/secret'), 'x');
    }
  }
  const calls: string[] = [];
  const call =
    (name: string) =>
    async (first: unknown): Promise<void> =>
      void calls.push(`${name} ${typeof first === 'string' ? first : JSON.stringify(first)}`);
  const runtime = {
    real: true,
    stopContainer: call('stop'),
    removeContainer: call('remove'),
    removeSandbox: call('sandbox'),
  };
  const deps = {
    ...{ runtime, podsDir, memoryDir, logger: silentLogger, run: async () => '' },
    podLogs: { removed: call('logs') },
    network: Promise.resolve({ detach: call('detach') }),
  } as unknown as PodDeps;
  const left = (): string[] => [...readdirSync(podsDir), ...readdirSync(memoryDir)];
  return { deps, calls, left };
}

test('volumes of a pod that was deleted while the agent was away go, secrets too', async () => {
  const { deps, left } = setUp();
  await removeOrphanFolders(deps, (uid) => uid === 'known');
  expect(left()).toEqual(['known', 'known']);
});

test('containers go before what they stand on', async () => {
  const { deps, calls, left } = setUp();
  const pod = { namespace: 'ns', name: 'p', uid: 'gone' };
  await removeOrphan(deps, { pod, containers: [{ id: 'c' }], sandboxes: [{ id: 's' }] } as unknown as Parameters<typeof removeOrphan>[1]);
  expect(calls).toEqual(['stop c', 'remove c', 'sandbox s', 'detach gone', `logs ${JSON.stringify(pod)}`]);
  expect(left()).toEqual(['known', 'known']);
});
