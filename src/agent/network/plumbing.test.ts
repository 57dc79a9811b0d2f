import { describe, expect, test } from '@jest/globals';
import { natScript, portsScript } from './host-ports.ts';
import { acceptForwardScript, parseSettings } from './host-settings.ts';
import type { NodePlan } from './plumbing.ts';
import { hostCommands, nodeCommands, podCommands, vethName, vethOrdinal } from './plumbing.ts';

const plan: NodePlan = {
  instance: 'abc123',
  podCIDRs: ['10.42.0.0/24', 'fd42::/64'],
  serviceCIDRs: ['10.43.0.0/16', 'fd43::/112'],
  gateways: ['10.42.0.1', 'fd42::1'],
  mtu: 1400,
};
const address = { ordinal: 300, ips: ['10.42.1.44', 'fd42::12c'] };

test('interface names carry the instance, fit in 15 characters and tell the address', () => {
  expect(vethName('abc123', 65_534)).toHaveLength(13);
  expect(vethOrdinal('abc123', vethName('abc123', 300))).toBe(300);
  for (const other of ['coabc123', 'coabc124v2', 'coabc123vx', 'eth0']) expect(vethOrdinal('abc123', other)).toBeUndefined();
});

describe('commands', () => {
  test('the node gets gateway addresses, unreachable pod ranges and service routes with a source of their family', () => {
    expect(nodeCommands(plan, false)).toEqual([
      'link add coabc123 type bridge',
      'addr replace 10.42.0.1/32 dev coabc123',
      'addr replace fd42::1/128 dev coabc123 nodad',
      'link set coabc123 up',
      'route replace unreachable 10.42.0.0/24',
      'route replace unreachable fd42::/64 dev lo',
      'route replace 10.43.0.0/16 dev coabc123 src 10.42.0.1',
      'route replace fd43::/112 dev coabc123 src fd42::1',
    ]);
    expect(nodeCommands(plan, true)[0]).toBe('addr replace 10.42.0.1/32 dev coabc123');
  });

  test('without IPv6 nothing of it is set', () => {
    const single = { ...plan, podCIDRs: ['10.42.0.0/24'], serviceCIDRs: ['10.43.0.0/16'], gateways: ['10.42.0.1'] };
    const all = [
      nodeCommands(single, false),
      hostCommands(single, { ordinal: 2, ips: ['10.42.0.2'] }, { uid: 'u', pid: 1 }),
      podCommands(single, { ordinal: 2, ips: ['10.42.0.2'] }),
    ];
    expect(all.flat().filter((line) => line.includes('::'))).toEqual([]);
  });

  test('a pod gets one veth pair whose host end knows the uid', () => {
    expect(hostCommands(plan, address, { uid: 'u-1', pid: 77 })).toEqual([
      'link add coabc123v12c address ee:ee:ee:ee:ee:ee mtu 1400 type veth peer name eth0 mtu 1400 netns 77',
      'link set coabc123v12c alias u-1',
      'addr replace fe80::1/64 dev coabc123v12c nodad',
      'link set coabc123v12c up',
      'route replace 10.42.1.44/32 dev coabc123v12c src 10.42.0.1',
      'route replace fd42::12c/128 dev coabc123v12c src fd42::1',
    ]);
    expect(podCommands(plan, address)).toContain('route add default via fe80::1 dev eth0');
  });
});

describe('host ports', () => {
  const pod = { uid: 'u-1', ips: address.ips };
  test('without a host address both families serve, with one only its own', () => {
    const any = portsScript('abc123', { ...pod, ports: [{ hostIP: '', hostPort: 8080, containerPort: 80, protocol: 'TCP' }] }, 'add');
    expect(any).toContain('add element ip coracle_abc123_pods ports { tcp . 8080 comment "u-1" : 10.42.1.44 . 80 }');
    expect(any).toContain('add element ip6 coracle_abc123_pods ports { tcp . 8080 comment "u-1" : fd42::12c . 80 }');
    const one = portsScript(
      'abc123',
      { ...pod, ports: [{ hostIP: '127.0.0.1', hostPort: 53, containerPort: 5353, protocol: 'UDP' }] },
      'delete',
    );
    expect(one).toBe(
      'delete element ip coracle_abc123_pods addressed { 127.0.0.1 . udp . 53 : 10.42.1.44 . 5353 }\n' +
        'delete element ip coracle_abc123_pods hairpin { 10.42.1.44 . 10.42.1.44 }\n',
    );
  });

  test('the table is replaced in one script and only of the families in use', () => {
    const script = natScript(
      {
        instance: 'abc123',
        podCIDRs: ['10.42.0.0/24'],
        clusterCIDRs: ['10.42.0.0/16'],
        nodeIPs: ['192.168.0.1', 'fd00::1'],
        gateways: ['10.42.0.1', 'fd42::1'],
      },
      [],
    );
    expect(script).toContain('ip saddr { 10.42.0.1 } icmp type destination-unreachable icmp code port-unreachable drop');
    expect(script).toContain('add table ip coracle_abc123_pods\ndelete table ip coracle_abc123_pods\n');
    expect(script).toContain('elements = { 10.42.0.0/16, 192.168.0.1 }');
    expect(script).not.toContain('ip6');
  });
});

test('the report of settings tells changes, refusals and whether there is IPv6', () => {
  expect(parseSettings('/proc/a: 0 -> 1\n/proc/b: cannot write\nipv6=yes\n')).toEqual({
    ipv6: true,
    changes: ['/proc/a: 0 -> 1'],
    refused: ['/proc/b: cannot write'],
  });
  expect(parseSettings('ipv6=no\n').ipv6).toBe(false);
});

test('each family is accepted by its own program', () => {
  expect(acceptForwardScript('abc123', plan.podCIDRs)).toMatch(/accept iptables 10\.42\.0\.0\/24\naccept ip6tables fd42::\/64/);
});
