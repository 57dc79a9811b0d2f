import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { refs } from '../../client/refs.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { settle } from '../../client/testing/until.ts';
import { startNodeAgent } from './node-agent.ts';
import type { NodeFacts } from './node-object.ts';

const info = { architecture: 'amd64', operatingSystem: 'linux' } as NodeFacts['machine']['info'];

async function setUp() {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  let facts: NodeFacts = {
    name: 'n1',
    ips: ['10.0.0.1'],
    hostname: 'n1',
    labels: {},
    allocatable: {},
    machine: { capacity: { cpu: '2' }, info },
    kubeletPort: 10250,
    images: [],
    handlers: [],
    pressures: [],
    notReady: '',
    starting: false,
  };
  const agent = await startNodeAgent({ client, name: 'n1', clock, logger: silentLogger, facts: () => Promise.resolve(facts) });
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 10_000) {
      await clock.advance(Math.min(left, 10_000));
      await settle();
    }
  };
  const writes = (resource: string): number => client.actions.filter((action) => action.resource === resource).length;
  const change = (part: Partial<NodeFacts>): void => {
    facts = { ...facts, ...part };
  };
  return { clock, client, agent, advance, writes, change, node: () => client.peek(refs.nodes, 'n1') };
}

test('the lease is renewed every ten seconds, the status written when something changes and every five minutes', async () => {
  const { agent, advance, writes, change, node } = await setUp();
  expect([writes('leases'), writes('nodes')]).toEqual([1, 2]);
  await advance(60_000);
  expect([writes('leases'), writes('nodes')]).toEqual([7, 2]);
  change({ notReady: 'the network is down' });
  await advance(10_000);
  expect(writes('nodes')).toBe(3);
  expect(node()?.status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
    status: 'False',
    message: 'the network is down',
  });
  await advance(290_000);
  expect(writes('nodes')).toBe(3);
  await advance(20_000);
  expect(writes('nodes')).toBe(4);
  await agent.stop();
});

test("what others make of the node's status is put right, and a deleted Node comes back", async () => {
  const { client, agent, advance, node } = await setUp();
  await advance(20_000);
  const found = node();
  if (found === undefined) throw new Error('no node');
  await client.resource(refs.nodes).updateStatus({ ...found, status: { ...found.status, capacity: { cpu: '900' } } });
  await advance(10_000);
  expect(node()?.status.capacity).toEqual({ cpu: '2' });
  client.remove(refs.nodes as never, 'n1');
  await advance(10_000);
  expect(node()?.status.capacity).toEqual({ cpu: '2' });
  await agent.stop();
});
