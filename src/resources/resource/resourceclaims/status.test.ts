import { expect, test } from '@jest/globals';
import type { ResourceV1ResourceClaim as Claim } from '../../../api/generated/types.ts';
import { claimStatusErrors } from './status.ts';

const claim = (status: object, metadata: object = {}): Claim =>
  ({
    metadata: { name: 'c', ...metadata },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'k' } }] } },
    status,
  }) as never;
const result = { request: 'r', driver: 'd.example.com', pool: 'p', device: 'x' };
const device = { driver: 'd.example.com', pool: 'p', device: 'x' };
const allocation = { devices: { results: [result] } };
const user = { resource: 'pods', name: 'a', uid: 'u' };
const faults = (now: object, old: object = {}, metadata: object = {}): string[] =>
  claimStatusErrors(claim(now, metadata), claim(old)).map(({ field, body }) => `${field}: ${body}`);

test.each<[object, object, string[]]>([
  [{ allocation, reservedFor: [user] }, {}, []],
  [{ reservedFor: [user] }, {}, ['status.reservedFor: Forbidden: may not be specified when `allocated` is not set']],
  [{ allocation, reservedFor: [user, user] }, {}, ['status.reservedFor[1]: Duplicate value: "u"']],
  [
    { allocation: { devices: { results: [{ ...result, request: 'other' }] } } },
    {},
    [
      'status.allocation.devices.results[0].request: Invalid value: "other": must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\'',
    ],
  ],
  [
    { allocation, devices: [{ driver: 'd.example.com', pool: 'p', device: 'y', conditions: [] }] },
    {},
    [
      'status.devices[0]: Invalid value: {"Driver":"d.example.com","Pool":"p","Device":"y","ShareID":""}: must be an allocated device in the claim',
    ],
  ],
  [
    {
      allocation,
      devices: [{ ...device, data: [1], networkData: { interfaceName: 'x'.repeat(257), ips: ['10.0.0.1/8', '10.0.0.01/8', 'x'] } }],
    },
    {},
    [
      'status.devices[0].data: Invalid value: "<value omitted>": must be a valid JSON object',
      'status.devices[0].networkData.interfaceName: Too long: may not be more than 256 bytes',
      'status.devices[0].networkData.ips[1]: Invalid value: "10.0.0.01/8": must be in canonical form ("10.0.0.1/8")',
      'status.devices[0].networkData.ips[2]: Invalid value: "x": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
    ],
  ],
  [{ allocation, devices: [{ ...device, conditions: null }] }, {}, []],
  [
    { allocation: { devices: { results: [{ ...result, shareID: 'x' }] } } },
    {},
    ['status.allocation.devices.results[0].shareID: Invalid value: "x": error validating uid: invalid UUID length: 1'],
  ],
])('%j after %j', (now, old, expected) => {
  expect(faults(now, old)).toEqual(expected);
});

test('an allocation stays as it is', () => {
  const other = { devices: { results: [{ ...result, device: 'y' }] } };
  expect(faults({ allocation: other }, { allocation })[0]).toContain('status.allocation: Invalid value: ');
  expect(faults({}, { allocation })).toEqual([]);
});

test('nobody new gets a claim that is leaving', () => {
  const leaving = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  expect(faults({ allocation, reservedFor: [user] }, { allocation }, leaving)[0]).toContain('new entries may not be added');
});
