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
    ['status.devices[0]: Invalid value: "d.example.com/p/y": must be an allocated device in the claim'],
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
