import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { testStorage } from '../contract.ts';
import { done, record } from '../testing/recorder.ts';
import { maxValueBytes } from '../storage-errors.ts';
import { openEtcd, tooOld } from './etcd.ts';
import { Members } from './members.ts';
import { decodeTxn, encodeWrite } from './messages.ts';
import { startEtcd, type EtcdCluster } from './testing/etcd-process.ts';
import { withEtcd } from './testing/with-etcd.ts';

test.each([
  ['3.4.23', 'this etcd is 3.4.23: 3.5 or later is needed'],
  ['3.5.0', undefined],
  ['3.6.8', undefined],
  ['4.0.0-alpha', undefined],
  ['', undefined],
])('etcd %s', (version, problem) => {
  expect(tooOld(version)).toBe(problem);
});

/** Times to live may then be as short as a second. */
const fast = ['--heartbeat-interval', '20', '--election-timeout', '200', '--unsafe-no-fsync'];
let cluster: EtcdCluster;

withEtcd.describe('with a member', () => {
  beforeAll(async () => {
    cluster = await startEtcd({ arguments: fast });
  }, 30_000);
  afterAll(() => cluster.stop());

  const open = (clock = new FakeClock()) => openEtcd({ endpoints: cluster.endpoints, clock, logger: silentLogger });

  testStorage('etcd', {
    persists: true,
    embedded: false,
    clockedTtl: false,
    // etcd counts the key and the comparison in.
    largestValue: maxValueBytes - 512,
    fixture: (clock) => ({
      open: () => open(clock),
      // The next test finds no keys.
      [Symbol.asyncDispose]: async () => {
        await using store = await open();
        const { items } = await store.range({ prefix: '' });
        await Promise.all(items.map(({ key, modRevision }) => store.delete(key, modRevision)));
      },
    }),
  });

  test('two servers see each other', async () => {
    await using one = await open();
    await using two = await open();
    const start = await one.revision();
    const watch = record(two, { prefix: '/x/', after: start });
    const revisions = await Promise.all(Array.from({ length: 50 }, (_, n) => done(one.put(`/x/${n}`, Buffer.from('1'), { expected: 0 }))));
    await watch.until(() => watch.all.length === 50);
    expect(watch.all.map(({ modRevision }) => modRevision)).toEqual(revisions.toSorted((a, b) => a - b));
    expect(await two.revision()).toBe(Math.max(...revisions));
    expect(await two.put('/x/1', Buffer.from('2'), { expected: 0 })).toMatchObject({ done: false });
  });

  test('an endpoint where nobody answers is passed by', async () => {
    await using store = await openEtcd({
      endpoints: ['http://127.0.0.1:1', ...cluster.endpoints],
      clock: new FakeClock(),
      logger: silentLogger,
    });
    expect(await store.revision()).toBeGreaterThan(0);
  });

  test('a write is not tried again for somebody who may no longer write', async () => {
    const endpoints = ['http://127.0.0.1:1', ...cluster.endpoints];
    const body = encodeWrite({ key: '/late', value: Buffer.from('1'), expected: 0, lease: 0n });
    const call = (mayRepeat: () => boolean) => {
      const members = new Members({ endpoints });
      return members.call({ method: 'KV/Txn', body, decode: decodeTxn, mayRepeat }).finally(() => members.close());
    };
    await expect(call(() => false)).rejects.toMatchObject({ code: 'unavailable' });
    await using store = await open();
    expect(await store.get('/late')).toBeUndefined();
    expect((await call(() => true)).answer.succeeded).toBe(true);
  });
});
