import { describe, expect, test } from '@jest/globals';
import { hostAddresses, hostNodeName } from './host.ts';

function address(family: 'IPv4' | 'IPv6', text: string, internal = false): never {
  return { address: text, family, internal, netmask: '', mac: '', cidr: null, scopeid: 0 } as never;
}

describe('host', () => {
  test.each([
    ['Web_01.Example', 'web-01.example'],
    ['-x-', 'x'],
    ['___', 'node'],
  ])('%s becomes a node name', (name, expected) => {
    expect(hostNodeName(name)).toBe(expected);
  });

  test('one address a family, none of containers, loopback or link', () => {
    expect(
      hostAddresses({
        lo: [address('IPv4', '127.0.0.1', true)],
        docker0: [address('IPv4', '172.17.0.1')],
        co12ab34: [address('IPv4', '10.42.0.1')],
        eth0: [address('IPv6', 'fe80::1'), address('IPv6', 'fd00::2'), address('IPv4', '192.0.2.2')],
        eth1: [address('IPv4', '192.0.2.3')],
      }),
    ).toEqual(['192.0.2.2', 'fd00::2']);
    expect(hostAddresses({ lo: [address('IPv4', '127.0.0.1', true)] })).toEqual(['127.0.0.1']);
  });
});
