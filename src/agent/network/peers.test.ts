import { describe, expect, test } from '@jest/globals';
import type { NodeAddresses, PeerOptions } from './peers.ts';
import { addressesOf, asBackend, fdbLines, macOf, peerRoutes, routeLines, vniOf, vxlanLines } from './peers.ts';

const self: NodeAddresses = { name: 'a', podCIDRs: ['10.42.0.0/24', 'fd42::/64'], internalIPs: ['192.168.0.1', 'fd00::1'] };
const near: NodeAddresses = { name: 'b', podCIDRs: ['10.42.1.0/24', 'fd42:0:0:1::/64'], internalIPs: ['192.168.0.2', 'fd00::2'] };
const far: NodeAddresses = { name: 'c', podCIDRs: ['10.42.2.0/24', 'fd42:0:0:2::/64'], internalIPs: ['192.168.9.3', 'fd09::3'] };
const plan = {
  instance: '0abc12',
  podCIDRs: self.podCIDRs,
  serviceCIDRs: [],
  gateways: ['10.42.0.1', 'fd42::1'],
  mtu: 1500,
};
const behindRouter = new Set(far.internalIPs);

function ways(overrides: Partial<PeerOptions> = {}): string[] {
  const routes = peerRoutes({ self, peers: [near, far], backend: 'auto', behindRouter, ...overrides });
  return routes.map((route) => `${route.cidr} ${route.kind} ${route.kind === 'vxlan' ? route.peer : route.via}`);
}

const byRoute = (node: NodeAddresses): string[] => node.podCIDRs.map((cidr, i) => `${cidr} host-gw ${node.internalIPs[i] ?? ''}`);
const byVxlan = (node: NodeAddresses): string[] => node.podCIDRs.map((cidr) => `${cidr} vxlan ${node.internalIPs[0] ?? ''}`);

describe('the way to another node', () => {
  test('auto: a route on the same segment, a VXLAN behind a router', () => {
    expect(ways()).toEqual([...byRoute(near), ...byVxlan(far)]);
  });

  test('the flag decides for all, none sets nothing', () => {
    expect(ways({ backend: 'vxlan' })).toEqual([...byVxlan(near), ...byVxlan(far)]);
    expect(ways({ backend: 'host-gw' })).toEqual([...byRoute(near), ...byRoute(far)]);
    expect(ways({ backend: 'none' })).toEqual([]);
  });

  test('a node’s annotation decides for its pairs, seen from either end', () => {
    expect(ways({ peers: [{ ...near, backend: 'vxlan' }] })).toEqual(byVxlan(near));
    expect(ways({ self: { ...self, backend: 'vxlan' }, peers: [near] })).toEqual(byVxlan(near));
    expect(ways({ peers: [{ ...far, backend: 'host-gw' }] })).toEqual(byRoute(far));
  });

  test('a family without node addresses goes through the VXLAN of the other; nodes without a common family stay apart', () => {
    const single = { ...near, internalIPs: ['192.168.0.2'] };
    expect(ways({ peers: [single] })).toEqual(['10.42.1.0/24 host-gw 192.168.0.2', 'fd42:0:0:1::/64 vxlan 192.168.0.2']);
    expect(ways({ peers: [{ ...near, podCIDRs: ['10.42.1.0/24'], internalIPs: ['fd00::2'] }] })).toEqual([]);
  });
});

describe('commands', () => {
  const routes = peerRoutes({ self, peers: [near, far], backend: 'auto', behindRouter });
  test('routes bear the mark of the instance; through a VXLAN the node’s own packets come from its pod range', () => {
    const mac = macOf('c');
    expect(routeLines(routes, plan)).toEqual([
      'route replace 10.42.1.0/24 via 192.168.0.2 metric 17480722',
      'route replace fd42:0:0:1::/64 via fd00::2 metric 17480722',
      `neigh replace 10.42.2.0 lladdr ${mac} dev co0abc12vx nud permanent`,
      'route replace 10.42.2.0/24 via 10.42.2.0 dev co0abc12vx onlink src 10.42.0.1 metric 17480722',
      `neigh replace fd42:0:0:2:: lladdr ${mac} dev co0abc12vx nud permanent`,
      'route replace fd42:0:0:2::/64 via fd42:0:0:2:: dev co0abc12vx onlink src fd42::1 metric 17480722',
    ]);
    expect(fdbLines(routes, plan.instance)).toEqual([`fdb replace ${mac} dev co0abc12vx dst 192.168.9.3 self permanent`]);
  });

  test('the device is the same wherever it is worked out', () => {
    expect(macOf('c')).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(vniOf(['10.42.0.0/16'])).toBe(vniOf(['10.42.0.0/16']));
    expect(vniOf(['10.42.0.0/16'])).not.toBe(vniOf(['10.44.0.0/16']));
    expect(vxlanLines({ device: 'covx', vni: 7, local: '192.168.0.1', mac: '02:00:00:00:00:01', mtu: 1450 })[0]).toBe(
      'link add covx address 02:00:00:00:00:01 mtu 1450 type vxlan id 7 dstport 8472 local 192.168.0.1 nolearning',
    );
  });
});

test('what a Node says: flannel’s annotations and its addresses', () => {
  const node = {
    metadata: {
      name: 'b',
      annotations: { 'flannel.alpha.coreos.com/backend-type': 'vxlan', 'flannel.alpha.coreos.com/public-ip-overwrite': '203.0.113.7' },
    },
    spec: { podCIDRs: ['10.42.1.0/24'] },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.168.0.2' },
        { type: 'InternalIP', address: 'fd00::2' },
        { type: 'Hostname', address: 'b' },
      ],
    },
  };
  expect(addressesOf(node as never)).toEqual({
    name: 'b',
    podCIDRs: ['10.42.1.0/24'],
    internalIPs: ['203.0.113.7', 'fd00::2'],
    backend: 'vxlan',
  });
  expect(asBackend('wireguard')).toBe('auto');
});
