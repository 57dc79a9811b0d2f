import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { startInformer } from '../../client/informer.ts';
import { refs } from '../../client/refs.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { settle } from '../../client/testing/until.ts';
import { followNodes } from './follow-nodes.ts';
import type { NodePodNetwork } from './node.ts';

const node = (name: string, third: number, ready = true): unknown => ({
  metadata: { name },
  spec: { podCIDRs: [`10.42.${third}.0/24`] },
  status: {
    addresses: [
      { type: 'Hostname', address: name },
      { type: 'InternalIP', address: `192.168.0.${third}` },
    ],
    conditions: [{ type: 'Ready', status: String(ready) }],
  },
});

test('peers follow nodes that come, move and go; heartbeats set nothing', async () => {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  const set: string[] = [];
  const network: Pick<NodePodNetwork, 'setPeers'> = {
    setPeers: (self, peers) => {
      set.push([self, ...peers].map((node) => `${node.name} ${node.podCIDRs.join()} ${node.internalIPs.join()}`).join('; '));
      return Promise.resolve();
    },
  };
  await using nodes = startInformer(refs.nodes, { client, clock, logger: silentLogger });
  await using following = followNodes({ nodes, network, self: 'b', logger: silentLogger });
  client.seed(refs.nodes, node('a', 1));
  await settle();
  expect(set).toEqual([]);
  client.seed(refs.nodes, node('b', 2));
  await settle();
  client.seed(refs.nodes, node('a', 1, false));
  client.seed(refs.nodes, node('a', 3));
  await settle();
  client.remove(refs.nodes as never, 'a');
  await settle();
  await following.stop();
  const self = 'b 10.42.2.0/24 192.168.0.2';
  expect(set).toEqual([`${self}; a 10.42.1.0/24 192.168.0.1`, `${self}; a 10.42.3.0/24 192.168.0.3`, self]);
});
