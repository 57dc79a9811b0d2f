import { describe, expect, test } from '@jest/globals';
import type { ResourceV1ResourceClaim as ResourceClaim } from '../../api/generated/types.ts';
import { path } from '../../api/field-errors.ts';
import { claimErrors, deviceClassErrors } from './devices.ts';

type Spec = ResourceClaim['spec'];

const exactly = { deviceClassName: 'class.example.com', allocationMode: 'ExactCount', count: 1 };
const request = { name: 'gpu', exactly };

const faults = (devices: unknown): string[] => claimErrors({ devices } as Spec, path('spec')).map(({ field, type }) => `${field} ${type}`);

describe('requests for devices', () => {
  test('that are right have no faults', () => {
    expect(
      faults({
        requests: [request, { name: 'either', firstAvailable: [{ ...exactly, name: 'a' }] }],
        constraints: [{ requests: ['gpu', 'either/a'], matchAttribute: 'example.com/model' }],
        config: [{ requests: ['gpu'], opaque: { driver: 'gpu.example.com', parameters: { x: 'y' } } }],
      }),
    ).toEqual([]);
  });

  const wrong: [string, unknown, string[]][] = [
    ['neither one nor alternatives', { requests: [{ name: 'gpu' }] }, ['spec.devices.requests[0] FieldValueRequired']],
    ['two of one name', { requests: [request, request] }, ['spec.devices.requests[1] FieldValueDuplicate']],
    [
      'an unknown mode',
      { requests: [{ name: 'gpu', exactly: { ...exactly, allocationMode: 'other', count: undefined } }] },
      ['spec.devices.requests[0].exactly.allocationMode FieldValueNotSupported'],
    ],
    [
      'a constraint on what is not requested',
      { requests: [request], constraints: [{ requests: ['other'], matchAttribute: 'example.com/model' }] },
      ['spec.devices.constraints[0].requests[0] FieldValueInvalid'],
    ],
    [
      'an attribute without a domain',
      { requests: [request], constraints: [{ matchAttribute: 'model' }] },
      ['spec.devices.constraints[0].matchAttribute FieldValueInvalid'],
    ],
    [
      'a configuration without a driver',
      { requests: [request], config: [{ opaque: { driver: '', parameters: { x: 'y' } } }] },
      ['spec.devices.config[0].opaque.driver FieldValueRequired'],
    ],
    [
      'tolerations that cannot be',
      {
        requests: [
          {
            name: 'gpu',
            exactly: {
              ...exactly,
              tolerations: [
                { operator: 'Exists', value: 'x' },
                { operator: 'Equal', key: 'a b', value: 'a b' },
                { operator: 'Bogus', effect: 'Bogus' },
                { operator: 'Equal', key: 'a', value: 'b', effect: 'NoExecute' },
              ],
            },
          },
        ],
      },
      [
        'spec.devices.requests[0].exactly.tolerations[0].value FieldValueInvalid',
        'spec.devices.requests[0].exactly.tolerations[1].key FieldValueInvalid',
        'spec.devices.requests[0].exactly.tolerations[1].value FieldValueInvalid',
        'spec.devices.requests[0].exactly.tolerations[2].operator FieldValueNotSupported',
        'spec.devices.requests[0].exactly.tolerations[2].effect FieldValueNotSupported',
      ],
    ],
  ];
  test.each(wrong)('%s', (_, devices, expected) => {
    expect(faults(devices)).toEqual(expected);
  });
});

test.each([
  ['example.com/gpu', 0],
  ['gpu', 1],
  ['', 1],
  ['requests.example.com/gpu', 1],
  ['kubernetes.io/gpu', 1],
])('a class may stand for the resource %j: %i faults', (extendedResourceName, count) => {
  expect(deviceClassErrors({ extendedResourceName }, path('spec'))).toHaveLength(count);
});
