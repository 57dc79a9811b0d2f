import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WatchEvent } from '../client/client.ts';
import { refs } from '../client/refs.ts';
import type * as t from '../api/generated/types.ts';
import type { Entry, Registry } from '../registry/store.ts';
import { inProcessClient } from './in-process.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.client.resource(refs.namespaces).create('', { metadata: { name: 'default' }, spec: {} });
});
afterAll(() => server.stop());

describe('in-process client', () => {
  test('shares frozen objects and takes frozen ones', async () => {
    const maps = server.client.resource(refs.configMaps);
    const created = await maps.create('default', { metadata: { name: 'a' }, data: { x: '1' } });
    expect(Object.isFrozen(created.data)).toBe(true);
    expect(await maps.get('default', 'a')).toBe(created);
    const updated = await maps.update({ ...created, data: { x: '2' } });
    expect(updated.data).toEqual({ x: '2' });
    await expect(maps.update({ ...created, data: { x: '3' } })).rejects.toMatchObject({ reason: 'Conflict' });
    const patched = await maps.patch('default', 'a', { type: 'application/strategic-merge-patch+json', body: { data: { y: '4' } } });
    expect(patched.data).toEqual({ x: '2', y: '4' });
    const { items } = await maps.list({ fieldSelector: 'metadata.name=a' });
    expect(items).toEqual([patched]);
    await maps.delete('default', 'a');
    await expect(maps.get('default', 'a')).rejects.toMatchObject({ reason: 'NotFound' });
  });

  test('watches', async () => {
    const maps = server.client.resource(refs.configMaps);
    const events: WatchEvent<t.ConfigMap>[] = [];
    const { resourceVersion } = await maps.list();
    const watch = await maps.watch(
      { namespace: 'default', resourceVersion },
      { event: (event) => events.push(event), end: () => undefined },
    );
    await maps.create('default', { metadata: { name: 'w' } });
    await maps.delete('default', 'w');
    await watch.stop();
    await maps.create('default', { metadata: { name: 'unseen' } });
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'DELETED']);
  });

  test('gives who looks at metadata alone what is parsed of it', async () => {
    const metadata = { name: 'a', namespace: 'default' };
    const entry = { ...metadata, revision: 1, object: { metadata, data: {} }, partial: { metadata } } as unknown as Entry;
    const store = { definition: { namespaced: true }, list: () => Promise.resolve({ entries: [entry], revision: 1 }) };
    const registry = { lookup: () => store } as unknown as Registry;
    const maps = inProcessClient(registry, { name: 'me', uid: '', groups: [], extra: {} }).resource(refs.configMaps);
    expect((await maps.list({ metadataOnly: true })).items[0]).toBe(entry.partial);
    expect((await maps.list()).items[0]).toBe(entry.object);
  });

  test('scale, status and subresources', async () => {
    const deployments = server.client.resource(refs.deployments);
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const created = await deployments.create('default', {
      metadata: { name: 'd' },
      spec: { replicas: 2, selector: { matchLabels: { a: 'b' } }, template },
    });
    expect(await deployments.getSubresource('default', 'd', 'scale')).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 2 },
      status: { selector: 'a=b' },
    });
    await deployments.updateSubresource('default', 'd', 'scale', { metadata: { name: 'd' }, spec: { replicas: 3 } });
    expect((await deployments.get('default', 'd')).spec.replicas).toBe(3);
    const withStatus = await deployments.updateStatus({ ...(await deployments.get('default', 'd')), status: { replicas: 1 } });
    expect(withStatus).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 1 }, metadata: { uid: created.metadata.uid } });
  });

  test('discovery names what can be collected', async () => {
    const found = await server.client.discover();
    expect(found.find(({ resource }) => resource === 'pods')).toMatchObject({ group: '', version: 'v1', kind: 'Pod', namespaced: true });
    expect(found.some(({ resource }) => resource === 'tokenreviews')).toBe(false);
  });
});
