/** What every backend must do; each backend's test calls {@link testStorage}. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { type Storage, StorageError } from './storage.ts';
import { maxValueBytes } from './storage-errors.ts';
import { bytes, done, record, type Begin, type Context, type StorageFixture } from './testing/recorder.ts';
import { testWatches } from './testing/watches.ts';

export interface ContractOptions {
  readonly persists: boolean;
  /** Events of writes and of deletions share what this process knows: the Buffer, the first revision. Default true. */
  readonly embedded?: boolean;
  /** Times to live pass in the clock's time; otherwise in real time. Default true. */
  readonly clockedTtl?: boolean;
  /** The largest value it takes, in bytes. */
  readonly largestValue?: number;
  fixture(clock: FakeClock): Promise<StorageFixture> | StorageFixture;
}

/** Runs the whole suite against a backend. */
export function testStorage(name: string, options: ContractOptions): void {
  const opened: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const thing of opened.splice(0).reverse()) await thing[Symbol.asyncDispose]();
  });
  const begin = async (): Promise<Context> => {
    const clock = new FakeClock();
    const fixture = await options.fixture(clock);
    opened.push(fixture);
    const store = await fixture.open();
    opened.push(store);
    return { clock, fixture, store };
  };
  describe(name, () => {
    describe('writes', () => {
      testWrites(begin, options.largestValue ?? maxValueBytes);
    });
    describe('ranges', () => {
      testRanges(begin);
    });
    describe('watches', () => {
      testWatches(begin, options.embedded ?? true);
    });
    describe('compaction', () => {
      testCompaction(begin);
    });
    describe('ttl', () => {
      if (options.clockedTtl ?? true) testTtl(begin);
      else testRealTtl(begin);
    });
    describe('stop', () => {
      testStop(begin);
    });
    if (options.persists)
      describe('restart', () => {
        testRestart(begin, options.clockedTtl ?? true);
      });
  });
}

function testWrites(begin: Begin, largestValue: number): void {
  test('the empty store has a revision above 0, and writes count on from it', async () => {
    const { store } = await begin();
    const start = await store.revision();
    expect(start).toBeGreaterThan(0);
    expect(await store.put('/a', bytes('1'), { expected: 0 })).toEqual({ done: true, revision: start + 1 });
    expect(await store.put('/b', bytes('2'), { expected: 0 })).toEqual({ done: true, revision: start + 2 });
    expect(await store.revision()).toBe(start + 2);
  });

  test('get tells value and revisions; createRevision stays over updates and starts anew after a deletion', async () => {
    const { store } = await begin();
    const created = await done(store.put('/a', bytes('1'), { expected: 0 }));
    const updated = await done(store.put('/a', bytes('2'), { expected: created }));
    expect(await store.get('/a')).toEqual({ key: '/a', value: bytes('2'), createRevision: created, modRevision: updated });
    await done(store.delete('/a', updated));
    expect(await store.get('/a')).toBeUndefined();
    const again = await done(store.put('/a', bytes('3'), { expected: 0 }));
    expect(await store.get('/a')).toMatchObject({ createRevision: again, modRevision: again });
  });

  test('a write that expects something else is not done, changes nothing and tells the state', async () => {
    const { store } = await begin();
    const revision = await done(store.put('/a', bytes('1'), { expected: 0 }));
    const current = { key: '/a', value: bytes('1'), createRevision: revision, modRevision: revision };
    expect(await store.put('/a', bytes('x'), { expected: 0 })).toEqual({ done: false, current });
    expect(await store.put('/a', bytes('x'), { expected: revision + 1 })).toEqual({ done: false, current });
    expect(await store.delete('/a', revision + 1)).toEqual({ done: false, current });
    expect(await store.put('/none', bytes('x'), { expected: 7 })).toEqual({ done: false, current: undefined });
    expect(await store.delete('/none', 7)).toEqual({ done: false, current: undefined });
    expect(await store.revision()).toBe(revision);
    expect((await store.get('/a'))?.value).toEqual(bytes('1'));
  });

  test('of writes made at once on one key exactly one is done, and the others see it', async () => {
    const { store } = await begin();
    const results = await Promise.all(Array.from({ length: 64 }, (_, writer) => store.put('/a', bytes(String(writer)), { expected: 0 })));
    const winners = results.filter((result) => result.done);
    expect(winners).toHaveLength(1);
    const current = await store.get('/a');
    expect(current?.modRevision).toBe(winners[0]?.done === true ? winners[0].revision : 0);
    for (const result of results) if (!result.done) expect(result.current).toEqual(current);
  });

  test('64 concurrent writers increment one counter without losing a step', async () => {
    const { store } = await begin();
    await done(store.put('/n', bytes('0'), { expected: 0 }));
    const increment = async (): Promise<void> => {
      for (let current = await store.get('/n'); ;) {
        const next = bytes(String(Number(current?.value.toString()) + 1));
        const result = await store.put('/n', next, { expected: current?.modRevision ?? 0 });
        if (result.done) return;
        current = result.current;
      }
    };
    await Promise.all(Array.from({ length: 64 }, async () => increment()));
    expect((await store.get('/n'))?.value.toString()).toBe('64');
  });

  test('values of any bytes and of the largest size are kept; larger ones are refused', async () => {
    const { store } = await begin();
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const large = Buffer.alloc(largestValue, 7);
    await Promise.all([
      done(store.put('/all', all, { expected: 0 })),
      done(store.put('/large', large, { expected: 0 })),
      done(store.put('/empty', bytes(''), { expected: 0 })),
    ]);
    expect((await store.get('/all'))?.value.equals(all)).toBe(true);
    expect((await store.get('/large'))?.value.equals(large)).toBe(true);
    expect((await store.get('/empty'))?.value.length).toBe(0);
    await expect(store.put('/larger', Buffer.alloc(maxValueBytes + 1), { expected: 0 })).rejects.toMatchObject({ code: 'tooLarge' });
  });
}

function testRanges(begin: Begin): void {
  const fill = async (store: Storage, keys: readonly string[]): Promise<number> => {
    const revisions = await Promise.all(keys.map(async (key) => done(store.put(key, bytes(key), { expected: 0 }))));
    return Math.max(...revisions);
  };
  const keysOf = (result: { readonly items: readonly { readonly key: string }[] }): string[] => result.items.map(({ key }) => key);

  test('keys come in the order of their UTF-8 bytes, only those of the prefix', async () => {
    const { store } = await begin();
    const keys = ['/p/a', '/p/a-b/x', '/p/a/x', '/p/a/x\u0000', '/p/aa', '/p/z', '/p/é', '/p/\uffee', '/p/\u{1f600}'];
    await fill(store, ['/o', '/q', '/p', ...keys.toReversed()]);
    expect(keysOf(await store.range({ prefix: '/p/' }))).toEqual(keys);
    expect(keysOf(await store.range({ prefix: '/p/a/' }))).toEqual(['/p/a/x', '/p/a/x\u0000']);
    expect((await store.range({ prefix: '' })).items).toHaveLength(keys.length + 3);
    expect(await store.range({ prefix: '/none/' })).toEqual({ items: [], revision: await store.revision(), remaining: 0 });
  });

  test('pages follow each other and tell what remains', async () => {
    const { store } = await begin();
    await fill(store, ['/o', '/p/1', '/p/2', '/p/3', '/p/4', '/p/5', '/q']);
    const first = await store.range({ prefix: '/p/', limit: 2 });
    expect([keysOf(first), first.remaining]).toEqual([['/p/1', '/p/2'], 3]);
    const second = await store.range({ prefix: '/p/', limit: 2, after: '/p/2' });
    expect([keysOf(second), second.remaining]).toEqual([['/p/3', '/p/4'], 1]);
    const third = await store.range({ prefix: '/p/', limit: 2, after: '/p/4' });
    expect([keysOf(third), third.remaining]).toEqual([['/p/5'], 0]);
    expect(keysOf(await store.range({ prefix: '/p/', after: '/p/33' }))).toEqual(['/p/4', '/p/5']);
  });

  test('a page at a past revision shows the state of then', async () => {
    const { store } = await begin();
    await fill(store, ['/p/1', '/p/2', '/p/3', '/p/4']);
    const two = await store.get('/p/2');
    const three = await store.get('/p/3');
    const then = await store.revision();
    await done(store.put('/p/2', bytes('new'), { expected: two?.modRevision ?? 0 }));
    await done(store.delete('/p/3', three?.modRevision ?? 0));
    await fill(store, ['/p/25', '/p/5']);
    const past = await store.range({ prefix: '/p/', after: '/p/1', limit: 2, revision: then });
    expect(past).toEqual({ items: [two, three], revision: then, remaining: 1 });
    expect(keysOf(await store.range({ prefix: '/p/' }))).toEqual(['/p/1', '/p/2', '/p/25', '/p/4', '/p/5']);
    const between = await store.range({ prefix: '/p/', revision: then + 1 });
    expect(between.items.map(({ value }) => value.toString())).toEqual(['/p/1', 'new', '/p/3', '/p/4']);
  });

  test('a key deleted and made again is missing between', async () => {
    const { store } = await begin();
    const made = await done(store.put('/a', bytes('1'), { expected: 0 }));
    const deleted = await done(store.delete('/a', made));
    const again = await done(store.put('/a', bytes('2'), { expected: 0 }));
    const at = async (revision: number): Promise<string | undefined> =>
      (await store.range({ prefix: '/a', revision })).items[0]?.value.toString();
    expect([await at(made - 1), await at(made), await at(deleted), await at(again)]).toEqual([undefined, '1', undefined, '2']);
  });

  test('the future cannot be read', async () => {
    const { store } = await begin();
    const now = await store.revision();
    await expect(store.range({ prefix: '/', revision: now + 1 })).rejects.toMatchObject({ code: 'future' });
  });

  test('a range of many megabytes is whole', async () => {
    const { store } = await begin();
    const value = Buffer.alloc(10_000, 1);
    await Promise.all(Array.from({ length: 500 }, async (_, n) => done(store.put(`/big/${n}`, value, { expected: 0 }))));
    const whole = await store.range({ prefix: '/big/' });
    expect(new Set(keysOf(whole)).size).toBe(500);
    expect(whole.items.every((item) => item.value.equals(value))).toBe(true);
    const page = await store.range({ prefix: '/big/', limit: 400 });
    expect([page.items.length, page.remaining]).toEqual([400, 100]);
  });
}

function testCompaction(begin: Begin): void {
  const history = async (store: Storage): Promise<{ first: number; second: number; deleted: number; last: number }> => {
    const first = await done(store.put('/a', bytes('1'), { expected: 0 }));
    const second = await done(store.put('/a', bytes('2'), { expected: first }));
    const gone = await done(store.put('/gone', bytes('g'), { expected: 0 }));
    const deleted = await done(store.delete('/gone', gone));
    const last = await done(store.put('/a', bytes('3'), { expected: second }));
    return { first, second, deleted, last };
  };

  test('states before it are gone, the state at it and after it stay', async () => {
    const { store } = await begin();
    const { first, second, deleted, last } = await history(store);
    await store.compact(deleted);
    await expect(store.range({ prefix: '/', revision: first })).rejects.toMatchObject({ code: 'compacted' });
    await expect(store.range({ prefix: '/', revision: deleted - 1 })).rejects.toMatchObject({ code: 'compacted' });
    expect((await store.range({ prefix: '/', revision: deleted })).items).toEqual([
      { key: '/a', value: bytes('2'), createRevision: first, modRevision: second },
    ]);
    expect((await store.range({ prefix: '/' })).items).toEqual([
      { key: '/a', value: bytes('3'), createRevision: first, modRevision: last },
    ]);
  });

  test('watches from before it end with compacted, from it on they work', async () => {
    const { store } = await begin();
    const { deleted, last } = await history(store);
    await store.compact(deleted);
    // etcd still tells of the compacted revision itself.
    const late = record(store, { prefix: '/', after: deleted - 2 });
    await late.until(() => late.ended !== undefined);
    expect([late.ended?.code, late.told]).toEqual(['compacted', []]);
    const good = record(store, { prefix: '/', after: deleted, previous: true });
    await good.until(() => good.all.length === 1);
    expect([good.told, good.all[0]?.previous?.toString()]).toEqual([[`${last} put /a 3`], '2']);
  });

  test('the newest state survives a compaction at the newest revision, which does not go back', async () => {
    const { store } = await begin();
    await history(store);
    const made = await done(store.put('/last', bytes('x'), { expected: 0 }));
    const revision = await done(store.delete('/last', made));
    await store.compact(revision);
    await store.compact(revision - 1);
    expect(await store.revision()).toBe(revision);
    expect((await store.range({ prefix: '/' })).items.map(({ key }) => key)).toEqual(['/a']);
    expect(await done(store.put('/last', bytes('y'), { expected: 0 }))).toBe(revision + 1);
    await expect(store.compact(revision + 100)).rejects.toMatchObject({ code: 'future' });
  });

  test('history is kept five minutes and goes by itself afterwards', async () => {
    const { store, clock } = await begin();
    const { first } = await history(store);
    await clock.advance(4 * 60_000);
    expect((await store.range({ prefix: '/', revision: first })).items).toHaveLength(1);
    await clock.advance(5 * 60_000);
    // What is done over the network is done in real time, and only when it is done the next interval begins.
    const read = async (): Promise<unknown> => store.range({ prefix: '/', revision: first }).catch((error: unknown) => error);
    for (let tries = 0; tries < 100 && !((await read()) instanceof StorageError); tries++) {
      await clock.advance(6 * 60_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await expect(store.range({ prefix: '/', revision: first })).rejects.toMatchObject({ code: 'compacted' });
    expect((await store.get('/a'))?.value.toString()).toBe('3');
  });
}

function testTtl(begin: Begin): void {
  test('a key vanishes as a deletion when its time is over', async () => {
    const { store, clock } = await begin();
    const watch = record(store, { prefix: '/', after: await store.revision() });
    const revision = await done(store.put('/e', bytes('1'), { expected: 0, ttlSeconds: 60 }));
    await done(store.put('/stays', bytes('1'), { expected: 0 }));
    await clock.advance(59_000);
    expect(await store.get('/e')).toBeDefined();
    await clock.advance(3_000);
    await watch.until(() => watch.all.length === 3);
    expect(watch.told[2]).toBe(`${revision + 2} delete /e`);
    expect((await store.range({ prefix: '/' })).items.map(({ key }) => key)).toEqual(['/stays']);
  });

  test('a later write renews or ends the time to live', async () => {
    const { store, clock } = await begin();
    const watch = record(store, { prefix: '/', after: await store.revision() });
    const one = await done(store.put('/renewed', bytes('1'), { expected: 0, ttlSeconds: 60 }));
    const two = await done(store.put('/kept', bytes('1'), { expected: 0, ttlSeconds: 60 }));
    await clock.advance(40_000);
    await done(store.put('/renewed', bytes('2'), { expected: one, ttlSeconds: 60 }));
    await done(store.put('/kept', bytes('2'), { expected: two }));
    await clock.advance(40_000);
    expect((await store.range({ prefix: '/' })).items).toHaveLength(2);
    await clock.advance(40_000);
    await watch.until(() => watch.all.length === 5);
    expect((await store.range({ prefix: '/' })).items.map(({ key }) => key)).toEqual(['/kept']);
  });
}

function testRealTtl(begin: Begin): void {
  test('a key vanishes as a deletion when its time is over, unless a later write ended it', async () => {
    const { store } = await begin();
    const watch = record(store, { prefix: '/', after: await store.revision() });
    await done(store.put('/e', bytes('1'), { expected: 0, ttlSeconds: 1 }));
    const kept = await done(store.put('/kept', bytes('1'), { expected: 0, ttlSeconds: 1 }));
    const last = await done(store.put('/kept', bytes('2'), { expected: kept }));
    await watch.until(() => watch.all.length === 4);
    expect(watch.told[3]).toBe(`${last + 1} delete /e`);
    expect((await store.range({ prefix: '/' })).items.map(({ key }) => key)).toEqual(['/kept']);
  }, 20_000);
}

function testStop(begin: Begin): void {
  test('writes in flight become durable or fail, none is left open, and later calls are refused', async () => {
    const { store } = await begin();
    const watch = record(store, { prefix: '/', after: await store.revision() });
    const writes = Array.from({ length: 50 }, (_, n) => store.put(`/${n}`, bytes('x'), { expected: 0 }));
    const stopped = store.stop();
    const results = await Promise.allSettled(writes);
    await stopped;
    const acknowledged = results.filter((result) => result.status === 'fulfilled' && result.value.done);
    expect(watch.all).toHaveLength(acknowledged.length);
    expect(watch.ended?.code).toBe('closed');
    await expect(store.put('/late', bytes('x'), { expected: 0 })).rejects.toMatchObject({ code: 'closed' });
    await expect(store.get('/0')).rejects.toMatchObject({ code: 'closed' });
    await store.stop();
  });
}

function testRestart(begin: Begin, clockedTtl: boolean): void {
  test('state, revisions, history and times to live are there again', async () => {
    const { store, fixture, clock } = await begin();
    const first = await done(store.put('/a', bytes('1'), { expected: 0 }));
    const second = await done(store.put('/a', bytes('2'), { expected: first }));
    const expiring = await done(store.put('/e', bytes('e'), { expected: 0, ttlSeconds: clockedTtl ? 60 : 2 }));
    await store.stop();
    await using again = await fixture.open();
    expect(await again.revision()).toBe(expiring);
    expect(await again.get('/a')).toEqual({ key: '/a', value: bytes('2'), createRevision: first, modRevision: second });
    expect((await again.range({ prefix: '/', revision: first })).items.map(({ value }) => value.toString())).toEqual(['1']);
    expect(await again.put('/a', bytes('x'), { expected: first })).toMatchObject({ done: false });
    const watch = record(again, { prefix: '/', after: first });
    await watch.until(() => watch.all.length === 2);
    await clock.advance(62_000);
    await watch.until(() => watch.all.length === 3);
    expect(watch.told[2]).toBe(`${expiring + 1} delete /e`);
  });

  test('the revision does not go back when the newest write was a deletion that has been compacted', async () => {
    const { store, fixture } = await begin();
    const made = await done(store.put('/a', bytes('1'), { expected: 0 }));
    const deleted = await done(store.delete('/a', made));
    await store.compact(deleted);
    await store.stop();
    await using again = await fixture.open();
    expect(await again.revision()).toBe(deleted);
    await expect(again.range({ prefix: '/', revision: made })).rejects.toMatchObject({ code: 'compacted' });
  });
}
