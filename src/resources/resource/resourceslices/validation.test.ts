import { describe, expect, test } from '@jest/globals';
import type { Device, ResourceSlice } from '../../../api/generated/types.ts';
import { sliceErrors } from './validation.ts';

const slice = (spec: object): ResourceSlice =>
  ({
    metadata: { name: 's' },
    spec: { driver: 'd.example.com', pool: { name: 'p', generation: 0, resourceSliceCount: 1 }, ...spec },
  }) as never;
const faults = (spec: object, old?: object): string[] =>
  sliceErrors(slice(spec), old === undefined ? undefined : slice(old)).map(({ field, body }) => `${field}: ${body}`);
const device = (rest: object = {}): Device => ({ name: 'a', ...rest });

test('one way to say for which nodes, exactly', () => {
  expect(faults({ allNodes: true })).toEqual([]);
  expect(faults({})[0]).toContain('Required value: exactly one of');
  expect(faults({ nodeName: 'n', allNodes: true })[0]).toContain('{`nodeName`, `allNodes`}');
  expect(faults({ allNodes: false })[0]).toBe('spec.allNodes: Invalid value: false: must be either unset or set to true');
});

test('driver, pool and node stay', () => {
  expect(faults({ driver: 'e.example.com', nodeName: 'n' }, { nodeName: 'm' })).toEqual([
    'spec.driver: Invalid value: "e.example.com": field is immutable',
    'spec.nodeName: Invalid value: "n": field is immutable',
  ]);
});

test('devices or counters, not both', () => {
  const counters = [{ name: 'c', counters: { x: { value: '1' } } }];
  expect(faults({ allNodes: true, sharedCounters: counters })).toEqual([]);
  expect(faults({ allNodes: true, sharedCounters: counters, devices: [] })[0]).toContain('only one of `sharedCounters` or `devices`');
});

describe('devices', () => {
  const of = (...devices: Device[]): string[] => faults({ allNodes: true, devices });
  test.each([
    [device(), []],
    [device({ attributes: { v: { version: '1.2.3-rc.1+x' } } }), []],
    [
      device({ attributes: { v: { version: '1.2' } } }),
      ['spec.devices[0].attributes[v].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0'],
    ],
    [device({ attributes: { v: {} } }), ['spec.devices[0].attributes[v]: Invalid value: "": exactly one value must be specified']],
    [device({ taints: [{ key: 'k', effect: 'None', value: 'v' }] }), []],
    [
      device({ taints: [{ key: 'k', effect: 'X' }] }),
      ['spec.devices[0].taints[0].effect: Unsupported value: "X": supported values: "NoExecute", "NoSchedule", "None"'],
    ],
    [
      device({ nodeName: 'n' }),
      [
        'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
      ],
    ],
    [
      device({ bindingConditions: ['a'] }),
      ['spec.devices[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions'],
    ],
  ])('%j', (one, expected) => {
    expect(of(one)).toEqual(expected);
  });

  test('names are there once', () => {
    expect(of(device(), device())).toEqual(['spec.devices[1]: Duplicate value: "a"']);
  });

  test('a slice takes 128 of them, 64 with taints', () => {
    const many = (count: number, rest: object = {}): Device[] =>
      Array.from({ length: count }, (_, at) => ({ ...device(rest), name: `d${String(at)}` }));
    expect(of(...many(128))).toEqual([]);
    expect(of(...many(129))).toEqual(['spec.devices: Too many: 129: must have at most 128 items']);
    expect(of(...many(65, { taints: [{ key: 'k', effect: 'NoSchedule' }] }))).toEqual([
      'spec.devices: Too many: 65: must have at most 64 items',
    ]);
  });
});

describe('capacities', () => {
  const of = (requestPolicy: object, shared = true): string[] =>
    faults({
      allNodes: true,
      devices: [device({ ...(shared ? { allowMultipleAllocations: true } : {}), capacity: { m: { value: '10', requestPolicy } } })],
    }).map((text) => text.replace('spec.devices[0].capacity[m].requestPolicy', ''));
  test.each([
    [{}, []],
    [{ validValues: ['1', '2'], default: '2' }, []],
    [{ validValues: ['1'] }, ['.default: Required value: required when validValues is defined']],
    [{ validValues: ['2', '1'], default: '1' }, ['.validValues[1]: Invalid value: "1": values must be sorted in ascending order']],
    [{ validValues: ['1', '11'], default: '1' }, ['.validValues[1]: Invalid value: "11": option is larger than capacity value: 10']],
    [{ validRange: { min: '1', max: '5', step: '2' }, default: '3' }, []],
    [
      { validRange: { min: '1', max: '5', step: '2' }, default: '2' },
      ['.validRange.step: Invalid value: "2": value is not a multiple of a given step (2) from (1)'],
    ],
    [
      { validRange: { min: '4', max: '11' }, default: '3' },
      [
        '.validRange.min: Invalid value: "3": default is less than min: 4',
        '.validRange.max: Invalid value: "11": max is larger than capacity value: 10',
      ],
    ],
  ])('%j', (policy, expected) => {
    expect(of(policy)).toEqual(expected);
  });

  test('of a device for one only', () => {
    expect(of({}, false)).toEqual([': Forbidden: allowMultipleAllocations must be true']);
  });
});
