import { expect, test } from '@jest/globals';
import { featureGatesOf } from './feature-gates.ts';

test('gates that are on', () => {
  expect([...featureGatesOf([])]).toEqual([]);
  expect([...featureGatesOf(['MaxUnavailableStatefulSet=true'])]).toEqual(['MaxUnavailableStatefulSet']);
  expect([...featureGatesOf(['MaxUnavailableStatefulSet=true', 'MaxUnavailableStatefulSet=false'])]).toEqual([]);
});

test.each([
  ['Other=true', 'unrecognized feature gate: Other (there are: MaxUnavailableStatefulSet)'],
  ['MaxUnavailableStatefulSet', 'missing bool value for MaxUnavailableStatefulSet'],
  ['MaxUnavailableStatefulSet=yes', 'invalid value of MaxUnavailableStatefulSet=yes, must be true or false'],
])('%s is refused', (text, why) => {
  expect(() => featureGatesOf([text])).toThrow(why);
});
