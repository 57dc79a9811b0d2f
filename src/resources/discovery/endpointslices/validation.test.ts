import { expect, test } from '@jest/globals';
import type { EndpointSlice } from '../../../api/generated/types.ts';
import { validateEndpointSlice } from './validation.ts';

function told(endpoint: object): string[] {
  const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], ...endpoint }] } as unknown as EndpointSlice;
  return validateEndpointSlice(slice).map(({ field, body }) => `${field}: ${body.slice(0, 24)}`);
}

const hints = (count: number): object[] => Array.from({ length: count }, (_, index) => ({ name: `n${String(index)}` }));

test('hints are names, each once, and few', () => {
  expect(told({ hints: { forZones: hints(8), forNodes: hints(8) } })).toEqual([]);
  expect(told({ hints: { forZones: [{ name: 'a' }, { name: 'a' }, { name: '-' }], forNodes: [{ name: 'A' }] } })).toEqual([
    'endpoints[0].hints.forZones[1].name: Duplicate value: "a"',
    'endpoints[0].hints.forZones[2].name: Invalid value: "-": a va',
    'endpoints[0].hints.forNodes[0].name: Invalid value: "A": a lo',
  ]);
  expect(told({ hints: { forZones: hints(9), forNodes: hints(9) } })).toEqual(['endpoints[0].hints.forZones: Too many: 9: must have a']);
  expect(told({ hints: { forNodes: hints(9) } })).toEqual(['endpoints[0].hints.forNodes: Too many: 9: must have a']);
});

test('few labels of topology', () => {
  const labels = Object.fromEntries(hints(17).map((_, index) => [`l${String(index)}`, 'v']));
  expect(told({ deprecatedTopology: labels })).toEqual(['endpoints[0].deprecatedTopology: Too many: 17: must have ']);
});
