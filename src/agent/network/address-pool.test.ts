import { describe, expect, test } from '@jest/globals';
import { AddressesExhausted, AddressPool, gatewayOf } from './address-pool.ts';

describe('AddressPool', () => {
  test('pairs both families under one ordinal and keeps the first address for the gateway', () => {
    const pool = new AddressPool(['10.42.3.0/24', 'fd42:0:0:3::/64']);
    expect(pool.gateways).toEqual(['10.42.3.1', 'fd42:0:0:3::1']);
    expect(pool.allocate()).toEqual({ ordinal: 2, ips: ['10.42.3.2', 'fd42:0:0:3::2'] });
    expect(pool.allocate().ips).toEqual(['10.42.3.3', 'fd42:0:0:3::3']);
  });

  test('a freed address comes up again only after all others', () => {
    const pool = new AddressPool(['10.0.0.0/29']);
    const first = pool.allocate();
    pool.free(first.ordinal);
    expect(Array.from({ length: 5 }, () => pool.allocate().ordinal)).toEqual([3, 4, 5, 6, 2]);
    expect(() => pool.allocate()).toThrow(AddressesExhausted);
  });

  test('adopted addresses are not handed out, and the next one comes after them', () => {
    const pool = new AddressPool(['10.0.0.0/24']);
    expect(pool.adopt(40)?.ips).toEqual(['10.0.0.40']);
    expect(pool.allocate().ordinal).toBe(41);
    expect(pool.adopt(255)).toBeUndefined();
    expect(pool.adopt(1)).toBeUndefined();
  });

  test('ordinals beyond one byte carry over', () => {
    const pool = new AddressPool(['10.42.0.0/16', 'fd42::/56']);
    expect(pool.adopt(0x1ff)?.ips).toEqual(['10.42.1.255', 'fd42::1ff']);
  });

  test('a range without room for a pod is refused', () => {
    expect(() => new AddressPool(['10.0.0.0/31'])).toThrow(RangeError);
  });

  test('gatewayOf answers the first address even of a CIDR with host bits', () => {
    expect(gatewayOf('10.42.7.9/24')).toBe('10.42.7.1');
  });
});
