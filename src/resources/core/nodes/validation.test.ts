import { expect, test } from '@jest/globals';
import type { Node } from '../../../api/generated/types.ts';
import type { FieldError } from '../../../api/field-errors.ts';
import { validateNode, validateNodeStatus, validateNodeUpdate } from './validation.ts';

const node = (spec: object, status: object = {}): Node => ({ metadata: { name: 'n' }, spec, status }) as unknown as Node;
const texts = (faults: readonly FieldError[]): string[] => faults.map(({ field, body }) => `${field}: ${body}`);

test('amounts of a node are not negative, devices come whole', () => {
  const status = { capacity: { cpu: '-1', memory: '1Gi' }, allocatable: { 'a.b/c': '500m' } };
  const expected = [
    'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
    'status.allocatable.a.b/c: Invalid value: "500m": must be an integer',
  ];
  expect(texts(validateNode(node({}, status)))).toEqual(expected);
  expect(texts(validateNodeStatus(node({}, status), node({})))).toEqual(expected);
});

test('features are told in order, each once', () => {
  const faults = texts(validateNode(node({}, { declaredFeatures: ['B', 'A', 'A', 'a'] })));
  expect(faults.slice(0, 2)).toEqual([
    'status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically',
    'status.declaredFeatures[2]: Duplicate value: "A"',
  ]);
  expect(faults[2]).toMatch(/^status\.declaredFeatures\[3\]: Invalid value: "a": invalid feature name "a": must start with/);
  expect(texts(validateNode(node({}, { declaredFeatures: ['A', 'A/b', 'B2'] })))).toEqual([]);
});

test('an address is told once', () => {
  const address = { type: 'Hostname', address: 'a' };
  expect(texts(validateNodeStatus(node({}, { addresses: [address, address] }), node({})))).toEqual([
    'status.addresses[1]: Duplicate value: {"Type":"Hostname","Address":"a"}',
  ]);
});

test('networks and provider once given stay', () => {
  const old = node({ podCIDRs: ['10.0.0.0/24', 'fd00::/64'], providerID: 'p' });
  expect(texts(validateNodeUpdate(old, node({})))).toEqual([]);
  const networks = 'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid';
  expect(texts(validateNodeUpdate(node({ podCIDRs: ['10.0.1.0/24', 'fd01::/64'], providerID: 'p' }), old))).toEqual([networks, networks]);
  expect(texts(validateNodeUpdate(node({ podCIDRs: ['10.0.0.0/24'], providerID: 'q' }), old))).toEqual([
    networks,
    'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
  ]);
});
