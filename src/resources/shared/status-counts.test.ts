import { expect, test } from '@jest/globals';
import { collisionErrors, statusCountErrors } from './status-counts.ts';

const rules = { parts: ['readyReplicas', 'availableReplicas'], others: ['terminatingReplicas', 'collisionCount'] };
const faults = (status: object, old: object = {}): string[] =>
  statusCountErrors(status, old, rules).map(({ field, body }) => `${field}: ${body}`);

test('counts as they should be', () =>
  expect(faults({ replicas: 2, readyReplicas: 2, availableReplicas: 1, terminatingReplicas: 5 })).toEqual([]));

test('none is below zero, none above replicas; one that is missing is zero', () => {
  expect(faults({ replicas: -1, terminatingReplicas: -2 })).toEqual([
    'status.replicas: Invalid value: -1: must be greater than or equal to 0',
    'status.terminatingReplicas: Invalid value: -2: must be greater than or equal to 0',
    'status.readyReplicas: Invalid value: 0: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 0: cannot be greater than status.replicas',
  ]);
});

test('collisions are not forgotten', () => {
  expect(faults({}, { collisionCount: 1 })).toEqual(['status.collisionCount: Invalid value: 0: cannot be decremented']);
  expect(collisionErrors({ collisionCount: 2 }, { collisionCount: 1 })).toEqual([]);
});
