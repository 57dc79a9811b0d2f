/** What the watches of every backend must do. */
import { expect, test } from '@jest/globals';
import { bytes, done, record, Recorder, type Begin } from './recorder.ts';
import { StorageError } from '../storage.ts';

export function testWatches(begin: Begin, embedded: boolean): void {
  test('an acknowledged write has been delivered, with the very same Buffer', async () => {
    const { store } = await begin();
    const watch = record(store, { prefix: '/w/', after: await store.revision() });
    const value = bytes('1');
    const revision = await done(store.put('/w/a', value, { expected: 0 }));
    expect(watch.told).toEqual([`${revision} put /w/a 1`]);
    expect(watch.all[0]?.value).toBe(value);
    await done(store.delete('/w/a', revision));
    expect(watch.told[1]).toBe(`${revision + 1} delete /w/a`);
    expect(watch.all[1]).toMatchObject({ modRevision: revision + 1, ...(embedded ? { createRevision: revision } : {}) });
  });

  test('only the prefix is told; progress tells of the rest', async () => {
    const { store } = await begin();
    const watch = record(store, { prefix: '/w/', after: await store.revision() });
    const other = await done(store.put('/v/a', bytes('1'), { expected: 0 }));
    expect(await store.revision()).toBe(other);
    await watch.until(() => watch.progressed >= other);
    expect(watch.told).toEqual([]);
    expect(watch.progressed).toBe(other);
  });

  test('previous values come when they are asked for', async () => {
    const { store } = await begin();
    const start = await store.revision();
    const live = record(store, { prefix: '/', after: start, previous: true });
    const one = await done(store.put('/a', bytes('1'), { expected: 0 }));
    const two = await done(store.put('/a', bytes('2'), { expected: one }));
    await done(store.delete('/a', two));
    const late = record(store, { prefix: '/', after: start, previous: true });
    await late.until(() => late.all.length === 3);
    for (const watch of [live, late]) expect(watch.all.map(({ previous }) => previous?.toString())).toEqual([undefined, '1', '2']);
  });

  test('a watch from any revision tells everything after it once, in order, and goes on', async () => {
    const { store } = await begin();
    const start = await store.revision();
    const revisions: number[] = [];
    for (let n = 0; n < 20; n++) revisions.push(await done(store.put(`/w/${n}`, bytes(String(n)), { expected: 0 })));
    const watches = revisions.map((after) => record(store, { prefix: '/w/', after }));
    const before = record(store, { prefix: '/w/', after: start });
    const more = Array.from({ length: 20 }, async (_, n) => done(store.put(`/w/${20 + n}`, bytes(String(n)), { expected: 0 })));
    revisions.push(...(await Promise.all(more)).toSorted((a, b) => a - b));
    for (const [at, watch] of watches.entries()) {
      await watch.until(() => watch.all.length >= 39 - at);
      expect(watch.all.map(({ modRevision }) => modRevision)).toEqual(revisions.slice(at + 1));
    }
    await before.until(() => before.all.length >= 40);
    expect(before.all.map(({ modRevision }) => modRevision)).toEqual(revisions);
  });

  test('a watch from the future is silent until then', async () => {
    const { store } = await begin();
    const now = await store.revision();
    const watch = record(store, { prefix: '/', after: now + 1 });
    await done(store.put('/a', bytes('1'), { expected: 0 }));
    await done(store.put('/b', bytes('2'), { expected: 0 }));
    expect(watch.told).toEqual([`${now + 2} put /b 2`]);
  });

  (embedded ? test : test.skip)('a stopped watch is told nothing more, not even when it is stopped by another one', async () => {
    const { store } = await begin();
    const after = await store.revision();
    const second = new Recorder();
    const first = { events: (): void => void second.watch?.stop(), end: (): void => undefined };
    store.watch({ prefix: '/', after }, first);
    second.watch = store.watch({ prefix: '/', after }, second);
    const watchEnd = record(store, { prefix: '/', after });
    await done(store.put('/a', bytes('1'), { expected: 0 }));
    await watchEnd.until(() => watchEnd.all.length === 1);
    expect([second.told, second.ended]).toEqual([[], undefined]);
  });

  test('a consumer that throws loses its watch; others and the write go on', async () => {
    const { store } = await begin();
    const after = await store.revision();
    let ended: StorageError | undefined;
    const bad = {
      events: (): void => {
        throw new Error('broken consumer');
      },
      end: (error: StorageError): void => void (ended = error),
    };
    store.watch({ prefix: '/', after }, bad);
    const good = record(store, { prefix: '/', after });
    await done(store.put('/a', bytes('1'), { expected: 0 }));
    await done(store.put('/b', bytes('1'), { expected: 0 }));
    expect(ended).toBeInstanceOf(StorageError);
    expect(good.all).toHaveLength(2);
  });

  test('concurrent writes are told in the order of their revisions', async () => {
    const { store } = await begin();
    const watch = record(store, { prefix: '/', after: await store.revision() });
    const results = await Promise.all(
      Array.from({ length: 300 }, async (_, n) => done(store.put(`/${n % 7}/${n}`, bytes('x'), { expected: 0 }))),
    );
    expect(watch.all.map(({ modRevision }) => modRevision)).toEqual(results.toSorted((a, b) => a - b));
  });
}
