import { describe, expect, test } from '@jest/globals';
import { parseAddress } from './ip.ts';
import { addressName, candidates, holdsServiceIP, rangeContains, rangesOverlap, serviceRange, type ServiceRange } from './service-range.ts';

const range = (text: string): ServiceRange => {
  const found = serviceRange(text);
  if (found === undefined) throw new Error(text);
  return found;
};
const all = (text: string, random = 0): string[] => [...candidates(range(text), () => random)];

describe('the addresses of a range', () => {
  test.each([
    ['10.0.0.0/30', '10.0.0.0', false],
    ['10.0.0.0/30', '10.0.0.1', true],
    ['10.0.0.0/30', '10.0.0.3', false],
    ['10.0.0.0/30', '10.0.0.4', false],
    ['fd00::/126', 'fd00::', false],
    ['fd00::/126', 'fd00::3', true],
    ['10.0.0.0/30', 'fd00::1', false],
    ['10.0.0.0/30', 'nonsense', false],
  ])('%s %s', (cidr, address, held) => {
    expect(holdsServiceIP(range(cidr), parseAddress(address))).toBe(held);
  });

  test('each comes once; neither the network nor the broadcast address', () => {
    expect(all('10.0.0.0/29')).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
    expect(all('fd00::/126', 0.5).sort()).toEqual(['fd00::1', 'fd00::2', 'fd00::3']);
    expect(new Set(all('10.0.0.0/24', 0.7)).size).toBe(254);
    expect(all('10.0.0.1/32')).toEqual([]);
  });

  test('the lower ones come last, for those who pick by hand', () => {
    const addresses = all('10.0.0.0/24', 0.99);
    expect(addresses.slice(-16).sort()).toEqual(Array.from({ length: 16 }, (_, at) => `10.0.0.${String(at + 1)}`).sort());
    expect(addresses.slice(0, 238).every((address) => Number(address.split('.')[3]) > 16)).toBe(true);
  });

  test('of a huge one too, from anywhere', () => {
    const [first] = candidates(range('fd00::/64'), () => 0.999_999);
    expect(holdsServiceIP(range('fd00::/64'), parseAddress(first ?? ''))).toBe(true);
    expect(first).not.toBe('fd00::101');
  });
});

test('overlap and containment', () => {
  expect(rangesOverlap(range('10.0.0.0/8'), range('10.1.0.0/16'))).toBe(true);
  expect(rangesOverlap(range('10.0.0.0/16'), range('10.1.0.0/16'))).toBe(false);
  expect(rangesOverlap(range('10.0.0.0/8'), range('fd00::/64'))).toBe(false);
  expect(rangeContains(range('10.0.0.0/8'), range('10.1.0.0/16'))).toBe(true);
  expect(rangeContains(range('10.1.0.0/16'), range('10.0.0.0/8'))).toBe(false);
  expect(rangeContains(range('10.1.0.0/16'), range('10.1.0.0/16'))).toBe(true);
});

test('an IPAddress is named by the canonical text', () => {
  expect(addressName('FD00:0:0::1')).toBe('fd00::1');
  expect(addressName('10.0.0.01')).toBe('10.0.0.1');
  expect(addressName('None')).toBeUndefined();
});
