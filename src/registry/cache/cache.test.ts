import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ApiError } from '../../api/errors.ts';
import type { KubeObject } from '../../api/object.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Running } from '../../base/lifecycle.ts';
import { openMemory } from '../../storage/memory/memory.ts';
import { StorageError, type RangeOptions, type RangeResult, type Storage } from '../../storage/storage.ts';
import type { EventSink, ListRequest, ListResult, ResourceEvent, WatchRequest } from '../store.ts';
import { rememberObject, startWatchCache, type ResourceCache, type WatchCache } from './cache.ts';
import { decodeContinue } from './continue-token.ts';

class Watch implements EventSink {
  readonly all: ResourceEvent[] = [];
  readonly batches: number[] = [];
  ended: Error | undefined;
  running: Running | undefined;

  events(events: readonly ResourceEvent[]): void {
    this.all.push(...events);
    this.batches.push(events.length);
  }
  end(error: Error): void {
    this.ended = error;
  }
  /** `TYPE name revision`, and what the object says about itself when that differs. */
  get told(): string[] {
    return this.all.map((event) => {
      if (event.type === 'BOOKMARK') return `BOOKMARK ${event.revision}${event.initialEventsEnd ? ' end' : ''}`;
      expect(event.entry.object.metadata.resourceVersion).toBe(String(event.revision));
      expect(JSON.parse(event.entry.json.toString())).toEqual(event.entry.object);
      return `${event.type} ${event.entry.name} ${event.revision}`;
    });
  }
}

const pods = { group: '', resource: 'pods' };
const nodes = { group: '', resource: 'nodes' };
const all: WatchRequest = { namespace: '', resourceVersion: '', allowBookmarks: false };
const red = (labels: Readonly<Record<string, string>> | undefined): boolean => labels?.['color'] === 'red';
const onNode = (node: string) => (object: KubeObject) => (object['spec'] as { nodeName?: string } | undefined)?.nodeName === node;

describe('watch cache', () => {
  let clock: FakeClock;
  let storage: Storage;
  let cache: WatchCache;
  let pod: ResourceCache;

  beforeEach(async () => {
    clock = new FakeClock();
    storage = openMemory({ clock });
    cache = await startWatchCache({ storage, clock, logger: silentLogger });
    pod = cache.resource(pods);
  });
  afterEach(async () => {
    await cache.stop();
    await storage.stop();
  });

  const bodyOf = (name: string, more: { labels?: Record<string, string>; nodeName?: string } = {}, namespace = 'default'): Buffer =>
    Buffer.from(
      JSON.stringify({ metadata: { name, namespace, ...(more.labels && { labels: more.labels }) }, spec: { nodeName: more.nodeName } }),
    );

  async function write(
    name: string,
    more: { labels?: Record<string, string>; nodeName?: string } = {},
    namespace = 'default',
  ): Promise<number> {
    const key = pod.keyOf(namespace, name);
    const result = await storage.put(key, bodyOf(name, more, namespace), { expected: (await storage.get(key))?.modRevision ?? 0 });
    if (!result.done) throw new Error('conflict');
    return result.revision;
  }

  async function remove(name: string, namespace = 'default'): Promise<number> {
    const key = pod.keyOf(namespace, name);
    const result = await storage.delete(key, (await storage.get(key))?.modRevision ?? 0);
    if (!result.done) throw new Error('conflict');
    return result.revision;
  }

  async function watch(request: Partial<WatchRequest> = {}): Promise<Watch> {
    const sink = new Watch();
    sink.running = await pod.watch({ ...all, ...request }, sink);
    return sink;
  }

  const list = (request: Partial<ListRequest> = {}): Promise<ListResult> => pod.list({ namespace: '', ...request });
  const names = (result: ListResult): string[] => result.entries.map(({ name }) => name);

  describe('entries', () => {
    test('bytes and value carry the resource version, are made once and are frozen', async () => {
      const revision = await write('a', { labels: { color: 'red' } });
      const entry = pod.get('default', 'a');
      expect(entry?.json.toString()).toBe(
        `{"metadata":{"resourceVersion":"${revision}","name":"a","namespace":"default","labels":{"color":"red"}},"spec":{}}`,
      );
      expect(entry?.object).toEqual({
        metadata: { resourceVersion: String(revision), name: 'a', namespace: 'default', labels: { color: 'red' } },
        spec: {},
      });
      expect(entry?.object).toBe(entry?.object);
      expect(entry?.json).toBe(entry?.json);
      expect(Object.isFrozen(entry?.object.metadata.labels)).toBe(true);
    });

    test('the object that the writer serialised is taken over, without kind and apiVersion', async () => {
      const spec = { nodeName: 'n' };
      const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', namespace: 'default' }, spec } as unknown as KubeObject;
      const value = bodyOf('a', { nodeName: 'n' });
      rememberObject(value, object);
      await storage.put(pod.keyOf('default', 'a'), value, { expected: 0 });
      const entry = pod.get('default', 'a');
      expect(entry?.object['spec']).toBe(spec);
      expect(entry?.object).toEqual(JSON.parse(entry?.json.toString() ?? ''));
      expect(object.metadata).not.toHaveProperty('resourceVersion');
    });

    test.each(['{"metadata":{}}', '{"spec":{},"metadata":{"name":"x"}}', '{ "metadata": {"name":"x"} }'])(
      'a value that begins otherwise is served all the same: %s',
      async (text) => {
        await storage.put('/registry/pods/default/x', Buffer.from(text), { expected: 0 });
        const entry = pod.get('default', 'x');
        expect(entry?.json.toString().startsWith(`{"metadata":{"resourceVersion":"${entry?.revision}"`)).toBe(true);
        expect(JSON.parse(entry?.json.toString() ?? '')).toEqual(entry?.object);
      },
    );

    test('what was there before the cache, and before the resource was known, is found', async () => {
      await storage.put('/registry/minions/n1', Buffer.from('{"metadata":{"name":"n1"}}'), { expected: 0 });
      await storage.put('/registry/minions/n2', Buffer.from('{"metadata":{"name":"n2"}}'), { expected: 0 });
      await storage.delete('/registry/minions/n1', 2);
      await storage.put('/registry/example.com/minions/x/y', Buffer.from('{"metadata":{"name":"y"}}'), { expected: 0 });
      await using late = await startWatchCache({ storage, clock, logger: silentLogger });
      for (const each of [cache, late]) {
        expect(names(await each.resource(nodes).list({ namespace: '' }))).toEqual(['n2']);
        expect(names(await each.resource({ group: 'example.com', resource: 'minions' }).list({ namespace: 'x' }))).toEqual(['y']);
      }
    });
  });

  test('what a store tells ahead of its answer is there once, with the rest', async () => {
    for (const name of ['a', 'b', 'c']) await write(name, { labels: { color: 'red' } });
    await storage.put('/registry/example.com/things/x', Buffer.from('{"metadata":{"name":"x"}}'), { expected: 0 });
    const range = async (options: RangeOptions): Promise<RangeResult> => {
      const result = await storage.range(options);
      options.ahead?.(result.items.slice(0, 3));
      return result;
    };
    const inPieces: Storage = { ...storage, range, watch: (...watch) => storage.watch(...watch) };
    await using early = await startWatchCache({ storage: inPieces, clock, logger: silentLogger, resources: [pods, nodes], parsed: [pods] });
    const read = early.resource(pods);
    expect(read.entriesOf('').map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(read.get('default', 'b')?.object.metadata.labels).toEqual({ color: 'red' });
    expect(early.resource({ group: 'example.com', resource: 'things' }).size).toBe(1);
    expect((await read.list({ namespace: '' })).revision).toBe(await storage.revision());
    await write('d');
    expect(read.size).toBe(4);
  });

  describe('list', () => {
    test('is in the order of keys, by namespace when asked', async () => {
      for (const [name, namespace] of [
        ['b', 'team'],
        ['a', 'team'],
        ['z', 'team-a'],
        ['c', 'default'],
      ] as const)
        await write(name, {}, namespace);
      // '-' comes before '/': upstream's order of keys too.
      expect((await list()).entries.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
        'default/c',
        'team-a/z',
        'team/a',
        'team/b',
      ]);
      expect(names(await list({ namespace: 'team' }))).toEqual(['a', 'b']);
      expect(names(await list({ namespace: 'none' }))).toEqual([]);
      await remove('a', 'team');
      expect(names(await list({ namespace: 'team' }))).toEqual(['b']);
      expect((await list()).revision).toBe(await storage.revision());
    });

    test('what a selector chose is looked for again after a write', async () => {
      const reds = { namespace: 'default', labels: red, text: 'color=red' };
      const names = async (request: ListRequest): Promise<string[]> => (await pod.list(request)).entries.map(({ name }) => name);
      await write('a', { labels: { color: 'red' } });
      await write('b', { labels: { color: 'blue' } });
      const before = await pod.list(reds);
      expect((await pod.list(reds)).entries).toBe(before.entries);
      expect(await names({ ...reds, labels: (labels) => !red(labels), text: 'color!=red' })).toEqual(['b']);
      expect(await names({ ...reds, name: 'b' })).toEqual([]);
      await write('b', { labels: { color: 'red' } });
      expect(await names(reds)).toEqual(['a', 'b']);
    });

    test('selects by labels, fields and name', async () => {
      await write('a', { labels: { color: 'red' }, nodeName: 'n1' });
      await write('b', { labels: { color: 'red' }, nodeName: 'n2' });
      await write('a', { nodeName: 'n1' }, 'other');
      expect(names(await list({ labels: red }))).toEqual(['a', 'b']);
      expect(names(await list({ fields: onNode('n2') }))).toEqual(['b']);
      expect(names(await list({ name: 'a' }))).toEqual(['a', 'a']);
      expect(names(await list({ name: 'a', namespace: 'other' }))).toEqual(['a']);
      expect(names(await list({ name: 'x', namespace: 'other' }))).toEqual([]);
    });

    test('pages show one revision, whatever is written between', async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e']) await write(name);
      const first = await list({ limit: 2 });
      expect([names(first), first.remaining]).toEqual([['a', 'b'], 3]);
      expect(decodeContinue(first.continue ?? '')).toEqual({ revision: first.revision, start: 'default/b\u0000' });
      await remove('c');
      await write('bb');
      const second = await list({ limit: 2, continue: first.continue ?? '' });
      expect([names(second), second.remaining, second.revision]).toEqual([['c', 'd'], 1, first.revision]);
      const third = await list({ limit: 2, continue: second.continue ?? '' });
      expect([names(third), third.remaining, third.continue]).toEqual([['e'], undefined, undefined]);
    });

    test('pages of a namespace have tokens within it', async () => {
      for (const name of ['a', 'b', 'c']) await write(name, {}, 'team');
      await write('z', {}, 'other');
      const first = await list({ namespace: 'team', limit: 2 });
      expect([decodeContinue(first.continue ?? '').start, first.remaining]).toEqual(['b\u0000', 1]);
      const second = await list({ namespace: 'team', limit: 2, continue: first.continue ?? '' });
      expect([names(second), second.continue]).toEqual([['c'], undefined]);
    });

    test('pages go on from the log of the store when the cache has forgotten', async () => {
      for (const name of ['a', 'b', 'c']) await write(name);
      const first = await list({ limit: 1 });
      await remove('b');
      await clock.advance(2 * 60_000);
      const rest = await list({ continue: first.continue ?? '' });
      expect([names(rest), rest.revision]).toEqual([['b', 'c'], first.revision]);
    });

    test('a compacted page is 410 with a token that goes on at the newest state', async () => {
      for (const name of ['a', 'b', 'c']) await write(name);
      const first = await list({ limit: 1 });
      await remove('b');
      await clock.advance(2 * 60_000);
      await storage.compact(await storage.revision());
      const error = (await list({ continue: first.continue ?? '' }).catch((thrown: unknown) => thrown)) as ApiError;
      expect([error.code, error.reason, error.message.slice(0, 46)]).toEqual([
        410,
        'Expired',
        'The provided continue parameter is too old to ',
      ]);
      const rest = await list({ limit: 5, continue: error.continueToken ?? '' });
      expect([names(rest), rest.revision]).toEqual([['c'], await storage.revision()]);
    });

    test('a page that is read again and again expires all the same, changed or not', async () => {
      for (const name of ['a', 'b', 'c']) await write(name);
      const first = await list({ limit: 1 });
      const again = { limit: 1, continue: first.continue ?? '' };
      for (let minutes = 0; minutes < 6; minutes += 0.5) {
        expect(names(await list(again))).toEqual(['b']);
        await clock.advance(30_000);
      }
      await storage.put('/registry/other/x', Buffer.from('{}'), { expected: 0 });
      await storage.compact(await storage.revision());
      await expect(list(again)).rejects.toMatchObject({ code: 410, reason: 'Expired' });
    });

    test('pages with a selector do not tell what remains', async () => {
      for (const name of ['a', 'b', 'c']) await write(name, { labels: { color: name === 'b' ? 'blue' : 'red' } });
      const first = await list({ limit: 1, labels: red });
      expect([names(first), first.remaining]).toEqual([['a'], undefined]);
      const second = await list({ limit: 1, labels: red, continue: first.continue ?? '' });
      expect([names(second), second.continue]).toEqual([['c'], undefined]);
    });

    test('resourceVersion 0 ignores the limit; a number means not older; with Exact or a limit, exactly that', async () => {
      const one = await write('a');
      const two = await write('b');
      expect(names(await list({ resourceVersion: '0', limit: 1 }))).toEqual(['a', 'b']);
      expect(names(await list({ resourceVersion: String(one) }))).toEqual(['a', 'b']);
      expect(names(await list({ resourceVersion: String(one), resourceVersionMatch: 'NotOlderThan' }))).toEqual(['a', 'b']);
      const exact = await list({ resourceVersion: String(one), resourceVersionMatch: 'Exact' });
      expect([names(exact), exact.revision]).toEqual([['a'], one]);
      expect((await list({ resourceVersion: String(one), limit: 10 })).revision).toBe(one);
      expect(names(await list({ resourceVersion: String(two), limit: 10 }))).toEqual(['a', 'b']);
    });

    test('the future is waited for, 3 s long', async () => {
      const next = (await storage.revision()) + 1;
      const waiting = list({ resourceVersion: String(next) });
      await write('a');
      expect(names(await waiting)).toEqual(['a']);
      const late = list({ resourceVersion: String(next + 5) }).catch((error: unknown) => error);
      await clock.advance(3000);
      expect((await late) as ApiError).toMatchObject({
        code: 504,
        message: `Timeout: Too large resource version: ${next + 5}, current: ${next}`,
        details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
      });
      await expect(list({ resourceVersion: String(next + 5), resourceVersionMatch: 'Exact' })).rejects.toMatchObject({ code: 504 });
    });

    test.each([
      [
        'bad version',
        { resourceVersion: 'x' },
        'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
      ],
      [
        'bad token',
        { continue: 'e30' },
        'invalid continue token: continue key is not valid: server does not recognize this encoded version ',
      ],
      [
        'version beside a token',
        { continue: Buffer.from('{"v":"meta.k8s.io/v1","rv":5,"start":"a"}').toString('base64url'), resourceVersion: '5' },
        'specifying resource version is not allowed when using continue',
      ],
    ])('%s is 400', async (_, request, message) => {
      await expect(list(request)).rejects.toMatchObject({ code: 400, message });
    });
  });

  describe('watch', () => {
    test('a bookmark comes shortly before the end of a watch that has one', async () => {
      const start = await write('a');
      const sink = await watch({ resourceVersion: String(start), allowBookmarks: true, endsInSeconds: 10 });
      const short = await watch({ resourceVersion: String(start), allowBookmarks: true, endsInSeconds: 2 });
      await clock.advance(7_999);
      expect(sink.told).toEqual([]);
      await clock.advance(1);
      expect([sink.told, short.told]).toEqual([[`BOOKMARK ${start}`], []]);
      const stopped = await watch({ resourceVersion: String(start), allowBookmarks: true, endsInSeconds: 10 });
      await stopped.running?.stop();
      await clock.advance(10_000);
      expect(stopped.told).toEqual([]);
    });

    test('starts with the state, then tells every change with the revision it has', async () => {
      const one = await write('a');
      const sink = await watch();
      const two = await write('a', { nodeName: 'n' });
      const three = await write('b');
      const four = await remove('a');
      expect(sink.told).toEqual([`ADDED a ${one}`, `MODIFIED a ${two}`, `ADDED b ${three}`, `DELETED a ${four}`]);
      const deleted = sink.all[3];
      expect(deleted?.type === 'DELETED' && deleted.entry.object['spec']).toEqual({ nodeName: 'n' });
      await sink.running?.stop();
      await write('c');
      expect(sink.all).toHaveLength(4);
    });

    test('goes on after a revision, without what came before', async () => {
      const one = await write('a');
      const two = await write('b');
      const three = await remove('a');
      expect((await watch({ resourceVersion: String(one) })).told).toEqual([`ADDED b ${two}`, `DELETED a ${three}`]);
      expect((await watch({ resourceVersion: String(three) })).told).toEqual([]);
      const future = await watch({ resourceVersion: String(three + 1) });
      await write('c');
      await write('d');
      expect(future.told).toEqual([`ADDED d ${three + 2}`]);
    });

    test('from before the window is 410', async () => {
      const start = cache.revision;
      const one = await write('a');
      for (let n = 0; n < 150; n++) await write('a', { nodeName: String(n) });
      await clock.advance(80_000);
      const last = await write('b');
      await expect(watch({ resourceVersion: String(start) })).rejects.toMatchObject({
        code: 410,
        reason: 'Expired',
        message: `too old resource version: ${start} (${last - 100})`,
      });
      expect((await watch({ resourceVersion: String(last - 100) })).all).toHaveLength(100);
      expect(one).toBeLessThan(last - 100);
    });

    test('a selector turns updates into ADDED and DELETED', async () => {
      const sink = await watch({ labels: red });
      const fields = await watch({ fields: onNode('n1') });
      await write('a');
      const two = await write('a', { labels: { color: 'red' } });
      const three = await write('a', { labels: { color: 'red' }, nodeName: 'n1' });
      const four = await write('a', { labels: { color: 'blue' }, nodeName: 'n1' });
      const five = await remove('a');
      expect(sink.told).toEqual([`ADDED a ${two}`, `MODIFIED a ${three}`, `DELETED a ${four}`]);
      const gone = sink.all[2];
      expect(gone?.type === 'DELETED' && gone.entry.object.metadata.labels).toEqual({ color: 'red' });
      expect(fields.told).toEqual([`ADDED a ${three}`, `MODIFIED a ${four}`, `DELETED a ${five}`]);
      const late = await watch({ labels: red, resourceVersion: String(two) });
      expect(late.told).toEqual([`MODIFIED a ${three}`, `DELETED a ${four}`]);
    });

    test('looks only at its namespace and name', async () => {
      const namespaced = await watch({ namespace: 'x' });
      const named = await watch({ namespace: 'x', name: 'a' });
      const anywhere = await watch({ name: 'a' });
      const one = await write('a', {}, 'x');
      const two = await write('b', {}, 'x');
      const three = await write('a', {}, 'y');
      expect(namespaced.told).toEqual([`ADDED a ${one}`, `ADDED b ${two}`]);
      expect(named.told).toEqual([`ADDED a ${one}`]);
      expect(anywhere.told).toEqual([`ADDED a ${one}`, `ADDED a ${three}`]);
      expect((await watch({ namespace: 'x', name: 'a', resourceVersion: String(one - 1) })).told).toEqual([`ADDED a ${one}`]);
    });

    test('sendInitialEvents closes the state with a bookmark', async () => {
      const one = await write('a');
      const sink = await watch({ sendInitialEvents: true, allowBookmarks: true, resourceVersionMatch: 'NotOlderThan' });
      expect(sink.told).toEqual([`ADDED a ${one}`, `BOOKMARK ${one} end`]);
      expect((await watch({ sendInitialEvents: true })).told).toEqual([`ADDED a ${one}`]);
      expect((await watch({ sendInitialEvents: false })).told).toEqual([]);
      expect((await watch({ sendInitialEvents: false, resourceVersion: '0' })).told).toEqual([]);
      const late = watch({ sendInitialEvents: true, allowBookmarks: true, resourceVersion: String(one + 1) });
      const two = await write('b');
      expect((await late).told).toEqual([`ADDED a ${one}`, `ADDED b ${two}`, `BOOKMARK ${two} end`]);
    });

    test('bookmarks come once a minute and only when something was written meanwhile', async () => {
      const quiet = await watch({ allowBookmarks: true, namespace: 'quiet' });
      const without = await watch({ namespace: 'quiet' });
      await clock.advance(10 * 60_000);
      expect(quiet.told).toEqual([]);
      const one = await write('a');
      await clock.advance(10 * 60_000);
      expect(quiet.told).toEqual([`BOOKMARK ${one}`]);
      expect(without.told).toEqual([]);
    });

    test('events are shared by all watchers, encoded bytes with them', async () => {
      const first = await watch();
      const second = await watch({ namespace: 'default' });
      const third = await watch({ labels: () => true });
      await write('a');
      const event = first.all[0];
      expect(second.all[0]).toBe(event);
      expect(third.all[0]).toBe(event);
      const late = await watch();
      expect(late.all[0]).toBe(event);
    });

    test('whoever is told finds the change in the cache, and a watch started then misses and repeats nothing', async () => {
      const inner = new Watch();
      let seen: boolean | undefined;
      let started: Promise<Running> | undefined;
      await pod.watch(all, {
        events: () => {
          seen ??= pod.get('default', 'a') !== undefined && cache.revision === 2;
          started ??= pod.watch(all, inner);
        },
        end: () => undefined,
      });
      const one = await write('a');
      const two = await write('b');
      await started;
      expect(seen).toBe(true);
      expect(inner.told).toEqual([`ADDED a ${one}`, `ADDED b ${two}`]);
    });

    test('a sink that throws has lost its watch; the others go on', async () => {
      let ended: Error | undefined;
      await pod.watch(all, {
        events: () => {
          throw new Error('broken');
        },
        end: (error) => void (ended = error),
      });
      const good = await watch();
      await write('a');
      await write('b');
      expect([ended?.message, good.all.length]).toEqual(['broken', 2]);
    });

    test('all watches end with the store and with the cache', async () => {
      const sink = await watch();
      await storage.stop();
      expect(sink.ended).toMatchObject({ code: 503 });
      await expect(watch()).rejects.toMatchObject({ code: 503 });
      await expect(list()).rejects.toMatchObject({ code: 503 });
    });
  });

  describe('a watch of the store that is lost', () => {
    /** A store whose watches can be cut, as compaction does to one that was away for too long. */
    const cuttable = (): { store: Storage; cut: () => Promise<void>; tell: () => void } => {
      const cut = { following: undefined as Running | undefined, tell: (): void => undefined };
      const store: Storage = {
        ...storage,
        watch: (options, sink) => {
          cut.following = storage.watch(options, sink);
          cut.tell = () => sink.end(new StorageError('compacted', 'away for too long'));
          return cut.following;
        },
      };
      return { store, cut: async () => cut.following?.stop(), tell: () => cut.tell() };
    };

    test('is made good by loading again; watches end as expired, and what happened meanwhile is there', async () => {
      const { store, cut, tell } = cuttable();
      await using other = await startWatchCache({ storage: store, clock, logger: silentLogger });
      const there = other.resource(pods);
      await write('stays');
      const gone = await write('goes');
      const stays = there.get('default', 'stays');
      const sink = new Watch();
      await there.watch({ ...all, resourceVersion: String(gone) }, sink);
      await cut();
      await remove('goes');
      await write('new');
      tell();
      await new Promise((resolve) => setImmediate(resolve));
      expect((sink.ended as ApiError | undefined)?.reason).toBe('Expired');
      expect(names(await there.list({ namespace: '' }))).toEqual(['new', 'stays']);
      expect(there.get('default', 'stays')).toBe(stays);
      await expect(there.watch({ ...all, resourceVersion: String(gone) }, new Watch())).rejects.toMatchObject({ reason: 'Expired' });
      const later = new Watch();
      await there.watch({ ...all, resourceVersion: String(other.revision) }, later);
      const last = await write('last');
      expect(later.told).toEqual([`ADDED last ${last}`]);
    });
  });
});
