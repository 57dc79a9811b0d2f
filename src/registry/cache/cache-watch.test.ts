import { describe, expect, test } from '@jest/globals';
import type { ApiError } from '../../api/errors.ts';
import type { Running } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import { type Storage, StorageError } from '../../storage/storage.ts';
import { all, names, onNode, pods, red, testCache, Watch } from '../testing/cache-harness.ts';
import { startWatchCache } from './cache.ts';

const at = testCache();
const { write, remove, watch, list } = at;

describe('watch', () => {
  test('a bookmark comes shortly before the end of a watch that has one', async () => {
    const start = await write('a');
    const sink = await watch({ resourceVersion: String(start), allowBookmarks: true, endsInSeconds: 10 });
    const short = await watch({ resourceVersion: String(start), allowBookmarks: true, endsInSeconds: 2 });
    await at.clock.advance(7_999);
    expect(sink.told).toEqual([]);
    await at.clock.advance(1);
    expect([sink.told, short.told]).toEqual([[`BOOKMARK ${start}`], []]);
    const stopped = await watch({ resourceVersion: String(start), allowBookmarks: true, endsInSeconds: 10 });
    await stopped.running?.stop();
    await at.clock.advance(10_000);
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

  test('a deletion shows the last state with its own revision, to those who were told and to those who ask later', async () => {
    const one = await write('a', { nodeName: 'n' });
    const sink = await watch();
    const told = sink.all[0]?.type === 'ADDED' ? sink.all[0].entry.json.toString() : '';
    const two = await remove('a');
    const later = await watch({ resourceVersion: String(one) });
    const shown = [sink.all[1], later.all[0]].map((event) => event?.type === 'DELETED' && event.entry.json.toString());
    const expected = told.replace(`"resourceVersion":"${String(one)}"`, `"resourceVersion":"${String(two)}"`);
    expect(told).toContain('nodeName');
    expect(shown).toEqual([expected, expected]);
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
    const start = at.cache.revision;
    const one = await write('a');
    for (let n = 0; n < 150; n++) await write('a', { nodeName: String(n) });
    await at.clock.advance(80_000);
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
    await at.clock.advance(10 * 60_000);
    expect(quiet.told).toEqual([]);
    const one = await write('a');
    await at.clock.advance(10 * 60_000);
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
    await at.pod.watch(all, {
      events: () => {
        seen ??= at.pod.get('default', 'a') !== undefined && at.cache.revision === 2;
        started ??= at.pod.watch(all, inner);
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
    await at.pod.watch(all, {
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
    await at.storage.stop();
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
      ...at.storage,
      watch: (options, sink) => {
        cut.following = at.storage.watch(options, sink);
        cut.tell = () => sink.end(new StorageError('compacted', 'away for too long'));
        return cut.following;
      },
    };
    return { store, cut: async () => cut.following?.stop(), tell: () => cut.tell() };
  };

  test('is made good by loading again; watches end as expired, and what happened meanwhile is there', async () => {
    const { store, cut, tell } = cuttable();
    await using other = await startWatchCache({ storage: store, clock: at.clock, logger: silentLogger });
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
