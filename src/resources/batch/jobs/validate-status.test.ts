import { expect, test } from '@jest/globals';
import type { Job } from '../../../api/generated/types.ts';
import { overlapOf } from './indexes.ts';
import { jobStatusErrors } from './validate-status.ts';

const at = '2026-01-01T00:00:00Z';
const later = '2026-01-01T00:01:00Z';
const condition = (...types: readonly string[]): object => ({ conditions: types.map((type) => ({ type, status: 'True' })) });
const job = (status: object, spec: object = {}): Job => ({ metadata: { name: 'j' }, spec, status }) as never;
const faults = (now: object, old: object = {}, spec: object = {}): string[] =>
  jobStatusErrors(job(now, spec), job(old, spec)).map(({ field, body }) => `${field.slice('status.'.length)}: ${body}`);

test.each<[string, object, object, object]>([
  ['runs', { startTime: at, active: 2, ready: 1, uncountedTerminatedPods: { succeeded: ['a'], failed: ['b'] } }, {}, {}],
  [
    'is complete',
    { startTime: at, completionTime: later, succeeded: 1, ...condition('SuccessCriteriaMet', 'Complete') },
    { startTime: at },
    {},
  ],
  [
    'has failed',
    { startTime: at, failed: 1, ...condition('FailureTarget', 'Failed') },
    { startTime: at, ...condition('FailureTarget') },
    {},
  ],
  ['was wrong before', { active: 1, ready: 2, completionTime: at, failed: 1 }, { active: 1, ready: 2, completionTime: at }, {}],
  [
    'has indexes',
    { completedIndexes: '0-2,5', failedIndexes: '3' },
    {},
    { completionMode: 'Indexed', completions: 6, backoffLimitPerIndex: 1 },
  ],
  ['never ran', { completionTime: at, ...condition('SuccessCriteriaMet', 'Complete') }, {}, { suspend: true, completions: 0 }],
])('a Job that %s', (_title, now, old, spec) => expect(faults(now, old, spec)).toEqual([]));

test.each<[object, object, object, string[]]>([
  [{ active: -1 }, {}, {}, ['active: Invalid value: -1: must be greater than or equal to 0']],
  [{ ready: 1 }, {}, {}, ['ready: Invalid value: 1: cannot set more ready pods than active']],
  [
    { uncountedTerminatedPods: { succeeded: ['a', ''], failed: ['a'] } },
    {},
    {},
    [
      'uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
      'uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
    ],
  ],
  [
    { completionTime: at },
    {},
    {},
    [`completionTime: Invalid value: "${at}": cannot set completionTime when there is no Complete=True condition`],
  ],
  [
    { ...condition('Complete'), active: 1 },
    {},
    {},
    [
      'completionTime: Required value: completionTime is required for Complete jobs',
      'conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      'active: Invalid value: 1: active>0 is invalid for finished job',
      'startTime: Required value: startTime is required for finished job',
    ],
  ],
  [
    { startTime: at, ...condition('Failed'), uncountedTerminatedPods: { failed: ['a'] }, terminating: 1 },
    {},
    {},
    [
      'conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
      'uncountedTerminatedPods: Invalid value: {"Succeeded":null,"Failed":["a"]}: must be empty for finished job',
      'terminating: Invalid value: 1: terminating>0 is invalid for finished job',
    ],
  ],
  [
    { startTime: later, completionTime: at, ...condition('SuccessCriteriaMet', 'Complete') },
    {},
    {},
    [`completionTime: Invalid value: "${at}": must be equal to or after \`startTime\``],
  ],
  [
    { completedIndexes: '0,9', failedIndexes: '0' },
    {},
    { completions: 3 },
    [
      'completedIndexes: Invalid value: "0,9": error parsing completedIndexes: too large index: "9"',
      'completedIndexes: Invalid value: "0,9": cannot set non-empty completedIndexes when non-indexed completion mode',
      'failedIndexes: Invalid value: "0": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      'failedIndexes: Invalid value: "0": failedIndexes and completedIndexes overlap at index: 0',
    ],
  ],
  [
    { startTime: later, failed: 1, succeeded: 1 },
    { startTime: at, failed: 2, succeeded: 2, ...condition('FailureTarget') },
    {},
    [
      'conditions: Invalid value: cannot disable the terminal FailureTarget=True condition',
      'failed: Invalid value: 1: cannot decrease the failed counter',
      'succeeded: Invalid value: 1: cannot decrease the succeeded counter',
      `startTime: Invalid value: "${later}": field is immutable for unsuspended job once set`,
    ],
  ],
])('%j after %j of a Job with %j', (now, old, spec, expected) => expect(faults(now, old, spec)).toEqual(expected));

test('a Job that is resumed, or scaled down, may go back', () => {
  const resumed = { startTime: later, conditions: [{ type: 'Suspended', status: 'False' }] };
  expect(faults(resumed, { startTime: at, ...condition('Suspended') })).toEqual([]);
  expect(faults({ succeeded: 1 }, { succeeded: 2 }, { completionMode: 'Indexed', completions: 1, parallelism: 1 })).toEqual([]);
});

test.each([
  ['0-3', '2-5', 2],
  ['4', '0-1,3-5', 4],
  ['0,2', '1,3', undefined],
  ['x', '0', undefined],
])('%s and %s overlap at %s', (first, second, both) => expect(overlapOf(first, second, 10)).toBe(both));
