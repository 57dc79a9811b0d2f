import { expect, test } from '@jest/globals';
import type { LimitRange } from '../../../api/generated/types.ts';
import { validateLimitRange } from './validation.ts';

const faults = (...limits: object[]): string[] =>
  validateLimitRange({ metadata: { name: 'l' }, spec: { limits } } as unknown as LimitRange).map(({ field, body }) => `${field}: ${body}`);

test.each([
  [[{ type: 'Container', min: { cpu: '1' }, max: { cpu: '2' }, default: { cpu: '2' }, defaultRequest: { cpu: '1' } }], []],
  [[{ type: 'example.com/x', max: { cpu: '1' } }], []],
  [
    [{ type: 'Container', max: { cpu: '1' }, min: { cpu: '2' }, default: { cpu: '3' }, defaultRequest: { cpu: '3' } }],
    [
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than max value 1',
      'spec.limits[0].default[cpu]: Invalid value: "1": default value 3 is greater than max value 1',
    ],
  ],
  [
    [{ type: 'Pod', default: { cpu: '1' }, max: { x: '1' } }],
    [
      'spec.limits[0].max[x]: Invalid value: "x": must be a standard resource type or fully qualified',
      'spec.limits[0].max[x]: Invalid value: "x": must be a standard resource for containers',
      "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
    ],
  ],
  [
    [{ type: 'PersistentVolumeClaim' }],
    ['spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided'],
  ],
  [[{ type: 'Pod' }, { type: 'Pod' }], ['spec.limits[1].type: Duplicate value: "Pod"']],
  [[{ type: 'Node' }], ['spec.limits[0].type: Invalid value: "Node": must be a standard limit type or fully qualified']],
  [
    [{ type: 'Container', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } }],
    ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000'],
  ],
])('%j', (limits, expected) => expect(faults(...limits)).toEqual(expected));
