import { describe, expect, test } from '@jest/globals';
import { cabling, hostDevice, nodePlaces } from './plan.ts';

const shape = { name: 'bed', count: 2, routed: false, subnet: 7 };

/** All lines of the plan for one namespace. */
function linesOf(namespace: string, of = shape): string[] {
  return cabling(of).flatMap(([name, lines]) => (name === namespace ? lines : []));
}

test('a switch: nodes and machine on one segment', () => {
  expect(nodePlaces(shape).map((node) => [node.name, node.namespace, ...node.ips])).toEqual([
    ['n1', 'co-bed-n1', '172.30.7.11', 'fd30:0:7::11'],
    ['n2', 'co-bed-n2', '172.30.7.12', 'fd30:0:7::12'],
  ]);
  expect(linesOf('co-bed-n2')).toEqual([
    'link add eth0 type veth peer name port2 netns co-bed-lan',
    'link set lo up',
    'addr add 172.30.7.12/24 dev eth0',
    'addr add fd30:0:7::12/64 dev eth0 nodad',
    'link set eth0 up',
  ]);
  expect(linesOf('co-bed-lan')).toContain('link set port2 master br0');
  expect(linesOf('')[0]).toBe('link add cobed-bed type veth peer name port0 netns co-bed-lan');
});

describe('a router', () => {
  const routed = { ...shape, routed: true };
  test('gives each node a segment and a way to the others', () => {
    expect(nodePlaces(routed).map((node) => node.ips)).toEqual([
      ['172.30.7.10', 'fd30:0:7:1::2'],
      ['172.30.7.18', 'fd30:0:7:2::2'],
    ]);
    expect(linesOf('co-bed-n2', routed)).toEqual(
      expect.arrayContaining([
        'addr add 172.30.7.18/29 dev eth0',
        'route add default via 172.30.7.17',
        'route add default via fd30:0:7:2::1',
      ]),
    );
    expect(linesOf('co-bed-lan', routed)).toContain('addr add 172.30.7.17/29 dev port2');
  });

  test('leaves the machine its own default route', () => {
    expect(linesOf('', routed)).toContain('route add 172.30.7.0/24 via 172.30.7.1');
    expect(linesOf('', routed).join()).not.toContain('default');
  });
});

test('the machine’s device has a name that the kernel takes', () => {
  expect(hostDevice({ ...shape, name: 'a-rather-long-name' }).length).toBeLessThanOrEqual(15);
});
