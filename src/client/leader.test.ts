import { expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import { running } from '../base/lifecycle.ts';
import { silentLogger } from '../base/logger.ts';
import { runAsLeader } from './leader.ts';
import { refs } from './refs.ts';
import { createFakeClient } from './testing/fake-client.ts';
import { settle } from './testing/until.ts';

test('one leads; when it gives up or falls silent the other takes over', async () => {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  const log: string[] = [];
  const start = (identity: string) =>
    runAsLeader({
      client,
      clock,
      logger: silentLogger,
      name: 'coracle',
      identity,
      lead: () => (log.push(`${identity} leads`), running(() => void log.push(`${identity} stops`))),
      onLost: () => log.push(`${identity} lost`),
    });
  const a = start('a');
  await settle();
  const b = start('b');
  await clock.advance(60_000);
  expect(log).toEqual(['a leads']);
  await a.stop();
  await clock.advance(2000);
  await settle();
  expect(log).toEqual(['a leads', 'a stops', 'b leads']);
  expect(client.peek(refs.leases, 'kube-system/coracle')?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  client.fail = () => new Error('no server');
  for (let at = 0; at < 8; at += 1) {
    await clock.advance(2000);
    await settle();
  }
  expect(log.slice(3)).toEqual(['b stops', 'b lost']);
  await b.stop();
});
