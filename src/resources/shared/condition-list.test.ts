import { expect, test } from '@jest/globals';
import { path } from '../../api/field-errors.ts';
import type { Condition } from '../../api/generated/types.ts';
import { conditionListErrors } from './condition-list.ts';

const good: Condition = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'Fine', message: '' };
const messages = (...changes: readonly Partial<Condition>[]): string[] =>
  conditionListErrors(
    changes.map((change) => ({ ...good, ...change })),
    path('c'),
  ).map(({ body, field }) => `${field}: ${body}`);

test('a condition as it should be has no faults', () => expect(messages({}, { type: 'example.com/Other' })).toEqual([]));

test.each<[Partial<Condition>, string]>([
  [{ status: 'Maybe' }, 'c[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"'],
  [{ observedGeneration: -1 }, 'c[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero'],
  [{ lastTransitionTime: null as never }, 'c[0].lastTransitionTime: Required value'],
  [{ reason: '' }, 'c[0].reason: Required value'],
  [{ message: 'x'.repeat(32_769) }, 'c[0].message: Too long: may not be more than 32768 bytes'],
])('%j', (change, fault) => expect(messages(change)).toEqual([fault]));

test('types come once, and every fault is told', () => {
  expect(messages({}, { reason: 'a b' })).toEqual([
    'c[1].type: Duplicate value: "Ready"',
    expect.stringMatching(/^c\[1\]\.reason: Invalid value: "a b": a condition reason must start with/),
  ]);
});
