import { expect, test } from '@jest/globals';
import type { EndpointSubset } from '../../api/generated/types.ts';
import { truncated } from './subsets.ts';

const list = (count: number): { ip: string }[] =>
  Array.from({ length: count }, (_, at) => ({ ip: `10.0.${String(at >> 8)}.${String(at & 255)}` }));
const sizes = (subsets: EndpointSubset[] | undefined): unknown =>
  subsets?.map(({ addresses, notReadyAddresses }) => [addresses?.length, notReadyAddresses?.length]);

test('a thousand addresses fit', () => {
  expect(truncated([{ addresses: list(999), notReadyAddresses: list(1) }])).toBeUndefined();
});

test('addresses that are not ready make room first', () => {
  const subsets = [{ addresses: list(900), notReadyAddresses: list(300) }, { notReadyAddresses: list(100) }];
  expect(sizes(truncated(subsets))).toEqual([
    [900, 75],
    [undefined, 25],
  ]);
});

test('then ready ones, each subset in proportion', () => {
  const subsets = [{ addresses: list(1500), notReadyAddresses: list(5) }, { addresses: list(500) }];
  expect(sizes(truncated(subsets))).toEqual([
    [750, undefined],
    [250, undefined],
  ]);
});
