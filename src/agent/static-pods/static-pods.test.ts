/** Pods out of files: the whole agent over the simulated runtime, with a folder on disk. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Pod } from '../../api/generated/types.ts';
import { silentLogger } from '../../base/logger.ts';
import { refs } from '../../client/refs.ts';
import { testPod } from '../testing/pods.ts';
import { simAgent, type SimAgent } from '../testing/sim-agent.ts';
import { readManifests, staticPod } from './manifests.ts';

let dir = '';
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'coracle-static-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** The files hold JSON here; what makes pods of text is not the agent's. */
const parse = (text: string): Pod => {
  const { metadata, spec } = JSON.parse(text) as { metadata: object; spec: object };
  return testPod({ metadata: { ...metadata, uid: undefined }, spec });
};
const write = (file: string, image: string): void =>
  writeFileSync(join(dir, file), JSON.stringify({ metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image }] } }));

function setUp(): SimAgent & { mirror(): Pod | undefined; until(what: () => boolean): Promise<void> } {
  const agent = simAgent({ manifests: { path: dir, parse } });
  const mirror = (): Pod | undefined => agent.peek('web-n1');
  /** The kernel tells of files in its own time. */
  const until = async (what: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 500 && !what(); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await agent.advance(100);
    }
    expect(what()).toBe(true);
  };
  return { ...agent, mirror, until };
}

test('a file is a pod, with a copy in the API that has its status', async () => {
  write('web.json', 'web:1');
  const { start, mirror, until, client, settle, runtime } = setUp();
  const agent = await start();
  await until(() => mirror()?.status.phase === 'Running');
  const node = client.peek(refs.nodes, 'n1');
  const { metadata, spec } = mirror() ?? testPod();
  expect(metadata.ownerReferences).toEqual([{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: node?.metadata.uid, controller: true }]);
  expect(metadata.annotations).toMatchObject({ 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.mirror': expect.any(String) });
  expect(spec.tolerations).toEqual([{ operator: 'Exists', effect: 'NoExecute' }]);
  expect((await runtime.list()).map(({ pod }) => pod.uid)).toEqual([metadata.annotations?.['kubernetes.io/config.hash']]);
  // Whoever deletes the copy deletes no more than that.
  const [before] = await runtime.list();
  client.remove(refs.pods, 'ns/web-n1');
  await settle();
  await until(() => mirror()?.status.phase === 'Running');
  expect(mirror()?.metadata.uid).not.toBe(metadata.uid);
  expect((await runtime.list())[0]?.containers).toEqual(before?.containers);
  await agent.stop();
});

test('a changed file is another pod, which begins when the old one has ended; a file that goes takes its pod along', async () => {
  write('web.json', 'web:1');
  const { start, mirror, until, runtime } = setUp();
  const agent = await start();
  await until(() => mirror()?.status.phase === 'Running');
  const [before] = await runtime.list();
  write('web.json', 'web:2');
  await until(() => mirror()?.status.containerStatuses?.[0]?.image === 'web:2');
  const [after, ...others] = await runtime.list();
  expect(others).toEqual([]);
  expect(after?.pod.uid).not.toBe(before?.pod.uid);
  rmSync(join(dir, 'web.json'));
  await until(() => mirror() === undefined);
  expect(await runtime.list()).toEqual([]);
  await agent.stop();
});

test('an agent that is started again goes on with the same containers', async () => {
  write('web.json', 'web:1');
  const { start, mirror, until, runtime, settle } = setUp();
  const agent = await start();
  await until(() => mirror()?.status.phase === 'Running');
  const before = await runtime.list();
  await agent.stop();
  const next = await start();
  await settle();
  expect(await runtime.list()).toEqual(before);
  await next.stop();
});

test('a copy whose file went while nobody looked goes, too', async () => {
  write('web.json', 'web:1');
  const { start, mirror, until, runtime } = setUp();
  const agent = await start();
  await until(() => mirror()?.status.phase === 'Running');
  await agent.stop();
  rmSync(join(dir, 'web.json'));
  const next = await start();
  await until(() => mirror() === undefined);
  await until(() => true);
  expect((await runtime.list()).flatMap(({ containers }) => containers.filter(({ state }) => state === 'running'))).toEqual([]);
  await next.stop();
});

describe('files', () => {
  test('what is no pod is passed over, hidden files are not read', async () => {
    write('a.json', 'web:1');
    write('.b.json', 'web:2');
    writeFileSync(join(dir, 'c.json'), '{');
    const source = { path: dir, nodeName: 'N1', parse, logger: silentLogger };
    expect([...(await readManifests(source)).keys()]).toEqual(['ns/web-n1']);
    expect([...(await readManifests({ ...source, path: join(dir, 'a.json') })).keys()]).toEqual(['ns/web-n1']);
    expect((await readManifests({ ...source, path: join(dir, 'none') })).size).toBe(0);
  });

  test('the uid follows the content, and is that of the file when it has one', () => {
    const pod = testPod({ metadata: { uid: undefined } });
    expect(staticPod(pod, 'f', 'n').metadata.uid).toBe(staticPod(pod, 'f', 'n').metadata.uid);
    expect(staticPod(pod, 'f', 'n').metadata.uid).not.toBe(staticPod(pod, 'g', 'n').metadata.uid);
    expect(staticPod(testPod(), 'f', 'n').metadata.uid).toBe('u1');
  });
});
