import { expect, test } from '@jest/globals';
import { saysSo, withDisruptionAllowed, withSyncFailure } from './disruption.ts';

const numbers = { currentHealthy: 2, desiredHealthy: 1, expectedPods: 2, observedGeneration: 3 };

test('the condition follows the numbers; its time moves with its status alone', () => {
  const allowed = withDisruptionAllowed({ ...numbers, disruptionsAllowed: 1 }, 'T1');
  expect(allowed.conditions).toEqual([
    { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '', observedGeneration: 3, lastTransitionTime: 'T1' },
  ]);
  const still = withDisruptionAllowed({ ...allowed, observedGeneration: 4 }, 'T2');
  expect(still.conditions).toMatchObject([{ observedGeneration: 4, lastTransitionTime: 'T1' }]);
  const spent = withDisruptionAllowed({ ...still, disruptionsAllowed: 0 }, 'T3');
  expect(spent.conditions).toMatchObject([{ status: 'False', reason: 'InsufficientPods', lastTransitionTime: 'T3' }]);
  expect([allowed, still, spent].map(saysSo)).toEqual([true, true, true]);
  expect(saysSo({ ...spent, disruptionsAllowed: 1 })).toBe(false);
  const failed = withSyncFailure(allowed, 'boo', 'T4');
  expect(failed).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ status: 'False', reason: 'SyncFailed', message: 'boo', lastTransitionTime: 'T4' }],
  });
  expect(saysSo(failed)).toBe(false);
});
