import { describe, expect, test } from '@jest/globals';
import { ApiError } from '../api/errors.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { startInformer } from './informer.ts';
import { keyOf } from './informer-store.ts';
import type { ReconcileResult } from './reconcile.ts';
import { startReconciler } from './reconcile.ts';
import { refs } from './refs.ts';
import { createFakeClient } from './testing/fake-client.ts';
import { settle } from './testing/until.ts';

function setUp(reconcile: (key: string) => Promise<ReconcileResult | undefined>, ready: Promise<unknown> = Promise.resolve()) {
  const clock = new FakeClock();
  return { clock, loop: startReconciler({ name: 'test', clock, logger: silentLogger, reconcile, ready }) };
}

describe('reconcile loop', () => {
  test('waits for its informers', async () => {
    const seen: string[] = [];
    const ready = Promise.withResolvers<undefined>();
    const { loop } = setUp((key) => Promise.resolve(void seen.push(key)), ready.promise);
    loop.enqueue('a');
    await settle();
    expect(seen).toEqual([]);
    ready.resolve(undefined);
    await settle();
    expect(seen).toEqual(['a']);
    await loop.stop();
  });

  test('failures are tried again with growing waits, success starts over', async () => {
    const times: number[] = [];
    let failing = true;
    const { loop, clock } = setUp(() => {
      times.push(clock.now());
      return failing ? Promise.reject(new Error('no')) : Promise.resolve(undefined);
    });
    const start = clock.now();
    loop.enqueue('a');
    await settle();
    await clock.advance(5);
    await clock.advance(10);
    failing = false;
    await clock.advance(20);
    await settle();
    expect(times.map((time) => time - start)).toEqual([0, 5, 15, 35]);
    failing = true;
    loop.enqueue('a');
    await settle();
    await clock.advance(5);
    expect(times).toHaveLength(6);
    await loop.stop();
  });

  test('the log warns of what nobody asked for, not of refusals', async () => {
    const levels: string[] = [];
    const told = (level: string) => (): void => void levels.push(level);
    const logger = { ...silentLogger, debug: told('debug'), info: told('info'), warn: told('warn') } as typeof silentLogger;
    const failures = [
      new ApiError('Conflict', 'newer'),
      new ApiError('Forbidden', 'no'),
      new ApiError('InternalError', 'oh'),
      new Error('oh'),
    ];
    const reconcile = (key: string): Promise<undefined> => Promise.reject(failures[Number(key)] ?? new Error());
    const loop = startReconciler({ name: 'test', clock: new FakeClock(), logger, reconcile, ready: Promise.resolve() });
    for (const key of failures.keys()) loop.enqueue(String(key));
    await settle();
    expect(levels).toEqual(['debug', 'info', 'warn', 'warn']);
    await loop.stop();
  });

  test('requeueAfter comes back by itself', async () => {
    let runs = 0;
    const { loop, clock } = setUp(() => Promise.resolve((runs += 1) === 1 ? { requeueAfter: 1000 } : undefined));
    loop.enqueue('a');
    await settle();
    await clock.advance(999);
    expect(runs).toBe(1);
    await clock.advance(1);
    expect(runs).toBe(2);
    await loop.stop();
  });

  test('keys of one reconciler run side by side, one key never does', async () => {
    let active = 0;
    let most = 0;
    const { loop } = setUp(async () => {
      most = Math.max(most, (active += 1));
      await new Promise((resolve) => setImmediate(resolve));
      active -= 1;
      return undefined;
    });
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'a']) loop.enqueue(key);
    await settle();
    expect(most).toBe(5);
    loop.enqueue('z');
    await Promise.resolve();
    loop.enqueue('z');
    most = 0;
    await settle();
    expect(most).toBe(1);
    await loop.stop();
  });

  test('watch enqueues for old and new state', async () => {
    const keys: string[] = [];
    const { loop, clock } = setUp((key) => Promise.resolve(void keys.push(key)));
    const client = createFakeClient({ clock });
    client.seed(refs.configMaps, { metadata: { name: 'a', namespace: 'default', labels: { to: 'one' } } });
    const informer = startInformer(refs.configMaps, { client, clock, logger: silentLogger });
    loop.watch(informer, (object) => [keyOf(object), object.metadata.labels?.to ?? '']);
    await settle();
    await client
      .resource(refs.configMaps)
      .patch('default', 'a', { type: 'application/merge-patch+json', body: { metadata: { labels: { to: 'two' } } } });
    await settle();
    expect(keys).toEqual(['default/a', 'one', 'default/a', 'one', 'two']);
    await loop.stop();
    await informer.stop();
  });
});
