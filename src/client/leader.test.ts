import { expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { running } from '../base/lifecycle.ts';
import { silentLogger } from '../base/logger.ts';
import { guarded } from './guard.ts';
import { runAsLeader } from './leader.ts';
import { refs } from './refs.ts';
import { createFakeClient } from './testing/fake-client.ts';
import { settle } from './testing/until.ts';

function candidates() {
  const clock = new FakeClock();
  const log: string[] = [];
  const holding = new Map<string, () => boolean>();
  const client = createFakeClient({ clock });
  const start = (identity: string) =>
    runAsLeader({
      client,
      clock,
      logger: silentLogger,
      name: 'coracle',
      identity,
      lead: (holds) => {
        holding.set(identity, holds);
        log.push(`${identity} leads`);
        return running(() => void log.push(`${identity} stops`));
      },
      onLost: () => log.push(`${identity} lost`),
    });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 250) {
      await clock.advance(250);
      await settle();
    }
  };
  return { clock, log, client, start, pass, holding };
}

test('one leads; when it gives the Lease up the other takes it at once', async () => {
  const { log, client, start, pass } = candidates();
  const a = start('a');
  await settle();
  const b = start('b');
  await pass(60_000);
  expect(log).toEqual(['a leads']);
  await a.stop();
  await settle();
  await pass(250);
  expect(log).toEqual(['a leads', 'a stops', 'b leads']);
  expect(client.peek(refs.leases, 'kube-system/coracle')?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  await b.stop();
});

test('who cannot renew stops acting, then stops, before another may begin; another begins within 5 s', async () => {
  const { log, client, start, pass, holding, clock } = candidates();
  const a = start('a');
  await pass(500);
  const began = clock.now();
  client.fail = () => new Error('cut off');
  const b = start('b');
  let guardedAt = 0;
  while (log.length < 3 && clock.now() - began < 10_000) {
    if (guardedAt === 0 && holding.get('a')?.() === false) guardedAt = clock.now() - began;
    await pass(250);
    // Only the first one is cut off; the second gets through as soon as it tries.
    if (log.includes('a lost')) client.fail = () => undefined;
  }
  await pass(5000 - (clock.now() - began));
  expect(log.slice(0, 3)).toEqual(['a leads', 'a stops', 'a lost']);
  expect(log[3]).toMatch(/^[ab] leads$/);
  expect(guardedAt).toBeLessThanOrEqual(3000);
  await a.stop();
  await b.stop();
});

test('who waits does not ask while the holder renews', async () => {
  const { client, start, pass } = candidates();
  const a = start('a');
  await settle();
  const b = start('b');
  await pass(1000);
  const { length } = client.actions;
  await pass(30_000);
  const renewals = client.actions.slice(length);
  expect(renewals.length).toBeGreaterThan(25);
  expect(renewals.length).toBeLessThan(35);
  await a.stop();
  await b.stop();
});

test('a guarded client reads but does not write once the Lease may be gone', async () => {
  const { client } = candidates();
  let holds = true;
  const leases = guarded(client, () => holds).resource(refs.leases);
  await leases.create('kube-system', { metadata: { name: 'x' }, spec: {} });
  holds = false;
  await expect(leases.delete('kube-system', 'x')).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  expect((await leases.get('kube-system', 'x')).metadata.name).toBe('x');
});
