import { expect, test } from '@jest/globals';
import { badRequest, conflict } from '../../api/errors.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { refs } from '../../client/refs.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { testPod } from '../testing/pods.ts';
import { createStatusWriter, mergeStatus } from './status-writer.ts';

function setUp() {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  const pod = client.seed(refs.pods, testPod());
  return { client, clock, pod, writer: createStatusWriter({ client, logger: silentLogger, clock }) };
}

test('writes what differs, and nothing when nothing does', async () => {
  const { client, pod, writer } = setUp();
  await writer.write(pod, { ...pod.status, phase: 'Running' });
  await writer.write(client.peek(refs.pods, 'ns/p') ?? pod, { ...pod.status, phase: 'Running' });
  expect(client.actions).toHaveLength(1);
  expect(client.peek(refs.pods, 'ns/p')?.status.phase).toBe('Running');
});

test('the newest of several statuses wins, the ones between are never sent', async () => {
  const { client, pod, writer } = setUp();
  await Promise.all(['A', 'B', 'C'].map((phase) => writer.write(pod, { ...pod.status, phase })));
  expect(client.peek(refs.pods, 'ns/p')?.status.phase).toBe('C');
  expect(client.actions.filter((action) => action.verb === 'update').length).toBeLessThan(4);
});

test('a conflict is tried again on the newest version', async () => {
  const { client, pod, writer } = setUp();
  let refuse = 1;
  client.fail = () => (refuse-- > 0 ? conflict({ group: '', resource: 'pods' }, 'p', 'newer') : undefined);
  await writer.write(pod, { ...pod.status, phase: 'Running' });
  expect(client.peek(refs.pods, 'ns/p')?.status.phase).toBe('Running');
});

test('what nobody takes is kept until somebody does; only the newest is', async () => {
  const { client, clock, pod, writer } = setUp();
  client.fail = () => new Error('connect ECONNREFUSED');
  const first = writer.write(pod, { ...pod.status, phase: 'A' });
  await clock.advance(300_000);
  void writer.write(pod, { ...pod.status, phase: 'B' });
  await clock.advance(300_000);
  client.fail = () => undefined;
  await clock.advance(10_000);
  await first;
  expect(client.peek(refs.pods, 'ns/p')?.status.phase).toBe('B');
});

test('what the API refuses is not said again', async () => {
  const { client, pod, writer } = setUp();
  client.fail = () => badRequest('no');
  await writer.write(pod, { ...pod.status, phase: 'A' });
  expect(client.actions).toHaveLength(1);
});

test("others' conditions come from the newest version", () => {
  const newest = {
    conditions: [
      { type: 'Mine', status: 'True' },
      { type: 'Ready', status: 'False' },
    ],
    nominatedNodeName: 'n',
  };
  expect(mergeStatus(newest, { conditions: [{ type: 'Ready', status: 'True' }] })).toEqual({
    nominatedNodeName: 'n',
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Mine', status: 'True' },
    ],
  });
});

test('the empty probe time of the API is no difference', async () => {
  const { client, pod, writer } = setUp();
  const condition = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const served = { ...pod, status: { ...pod.status, conditions: [{ ...condition, lastProbeTime: null as unknown as string }] } };
  await writer.write(served, { ...pod.status, conditions: [condition] });
  expect(client.actions).toHaveLength(0);
});
