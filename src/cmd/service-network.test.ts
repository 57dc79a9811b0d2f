import { expect, test } from '@jest/globals';
import { addressAt } from './service-network.ts';

test.each([
  ['10.43.0.0/16', 1, '10.43.0.1'],
  ['10.43.0.0/16', 10, '10.43.0.10'],
  ['10.0.0.250/24', 10, '10.0.0.10'],
  ['10.0.0.0/8', 300, '10.0.1.44'],
  ['fd43::/112', 1, 'fd43::1'],
  ['fd43::/112', 10, 'fd43::a'],
])('%s + %d is %s', (cidr, offset, expected) => {
  expect(addressAt(cidr, offset)).toBe(expected);
});
