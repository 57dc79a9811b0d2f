import { describe, expect, test } from '@jest/globals';
import { ApiError } from '../api/errors.ts';
import type { Pod } from '../api/generated/types.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { startInformer } from './informer.ts';
import { createInformers } from './informer-factory.ts';
import { indexers } from './informer-store.ts';
import { refs } from './refs.ts';
import { createFakeClient } from './testing/fake-client.ts';
import { settle } from './testing/until.ts';

const pod = (name: string, nodeName?: string) => ({
  metadata: { name, namespace: 'default' },
  spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) },
});

function setUp(select = {}) {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  client.seed(refs.pods, pod('a', 'n1'));
  const informer = startInformer(refs.pods, { client, clock, logger: silentLogger, random: () => 0 }, select);
  const log: string[] = [];
  informer.handle({
    add: (object, initial) => log.push(`add ${object.metadata.name}${initial ? ' initial' : ''}`),
    update: (old, object) => log.push(`update ${old.metadata.name} ${object.spec.nodeName ?? ''}`),
    delete: (object) => log.push(`delete ${object.metadata.name}`),
  });
  return { clock, client, informer, log, pods: client.resource(refs.pods) };
}

describe('informer', () => {
  test('lists, then follows; the store changes before handlers are called', async () => {
    const { informer, log, pods } = setUp();
    await informer.synced;
    expect(log).toEqual(['add a initial']);
    informer.handle({ add: (object) => log.push(`stored ${String(informer.store.get(`default/${object.metadata.name}`) === object)}`) });
    await pods.create('default', pod('b'));
    await settle();
    await pods.delete('default', 'b', { gracePeriodSeconds: 0 });
    expect(log).toEqual(['add a initial', 'stored true', 'add b', 'stored true', 'delete b']);
    expect(informer.store.size).toBe(1);
    await informer.stop();
  });

  test('hands out the objects of the transport itself', async () => {
    const { informer, client } = setUp();
    await informer.synced;
    expect(informer.store.get('default/a')).toBe(client.peek(refs.pods, 'default/a'));
    await informer.stop();
  });

  test('keeps indexes current, also those added late', async () => {
    const { informer, pods } = setUp();
    await informer.synced;
    informer.addIndexer('node', indexers.nodeName);
    const on = (node: string) => [...informer.store.byIndex('node', node)].map((object: Pod) => object.metadata.name);
    expect(on('n1')).toEqual(['a']);
    await pods.create('default', pod('b'));
    await settle();
    expect(on('')).toEqual(['b']);
    await pods.createSubresource('default', 'b', 'binding', { target: { name: 'n1' } });
    expect(on('')).toEqual([]);
    expect(on('n1')).toEqual(['a', 'b']);
    await informer.stop();
  });

  test('410 leads to a new list and the differences', async () => {
    const { informer, log, client } = setUp();
    await informer.synced;
    await settle();
    log.length = 0;
    client.breakWatches('pods', new ApiError('Expired', 'too old resource version'));
    client.remove(refs.pods as never, 'default/a');
    client.seed(refs.pods, pod('c'));
    await settle();
    expect(log).toEqual(['delete a', 'add c']);
    await informer.stop();
  });

  test('a deleted and recreated object of one name is told as delete and add after a relist', async () => {
    const { informer, log, client } = setUp();
    await informer.synced;
    await settle();
    log.length = 0;
    client.breakWatches('pods', new ApiError('Expired', 'too old resource version'));
    client.remove(refs.pods as never, 'default/a');
    client.seed(refs.pods, pod('a'));
    await settle();
    expect(log).toEqual(['delete a', 'add a']);
    await informer.stop();
  });

  test('other failures wait and go on from the last version', async () => {
    const { informer, log, client, clock } = setUp();
    await informer.synced;
    await settle();
    log.length = 0;
    client.breakWatches('pods', new Error('connection reset'));
    await settle();
    client.seed(refs.pods, pod('c'));
    await clock.advance(799);
    expect(log).toEqual([]);
    await clock.advance(1);
    await settle();
    expect(log).toEqual(['add c']);
    await informer.stop();
  });

  test('a watch the server closes at once is not reopened in a loop', async () => {
    const { informer, client, clock } = setUp();
    await informer.synced;
    await settle();
    client.breakWatches('pods', undefined);
    await settle();
    client.seed(refs.pods, pod('c'));
    await settle();
    expect(informer.store.get('default/c')).toBeUndefined();
    await clock.advance(800);
    await settle();
    expect(informer.store.get('default/c')).toBeDefined();
    await informer.stop();
  });

  test('a throwing handler does not disturb the others', async () => {
    const { informer, log, pods } = setUp();
    await informer.synced;
    informer.handle({
      update: () => {
        throw new Error('handler');
      },
    });
    await pods.createSubresource('default', 'a', 'binding', { target: { name: 'x' } }).catch(() => undefined);
    await pods.patch('default', 'a', { type: 'application/merge-patch+json', body: { metadata: { labels: { a: 'b' } } } });
    expect(log.at(-1)).toBe('update a n1');
    await informer.stop();
  });

  test('who looks at metadata alone shares the informer of whole objects where there is one', async () => {
    const clock = new FakeClock();
    await using informers = createInformers({ client: createFakeClient({ clock }), clock, logger: silentLogger });
    const pods = informers.of(refs.pods);
    expect(informers.metadata(refs.pods)).toBe(pods);
    const maps = informers.metadata(refs.configMaps);
    expect(informers.metadata(refs.configMaps)).toBe(maps);
    expect(informers.of(refs.configMaps)).not.toBe(maps);
    await informers.synced;
  });

  test('stop ends waiting for the first list', async () => {
    const clock = new FakeClock();
    const client = createFakeClient({ clock });
    const failing = { ...client.resource(refs.pods), list: () => Promise.reject(new Error('down')) };
    const informer = startInformer(refs.pods, { client: { ...client, resource: () => failing as never }, clock, logger: silentLogger });
    await settle();
    await informer.stop();
    await informer.synced;
    expect(informer.hasSynced).toBe(false);
  });
});
