import { expect, test } from '@jest/globals';
import { admin } from '../../testing/deps.ts';
import { storageclasses } from './definition.ts';

type Requirement = { readonly key: string; readonly values: readonly string[] };
const zone = (...values: readonly string[]): Requirement => ({ key: 'zone', values });

function faultsOf(...terms: readonly (readonly Requirement[])[]): string[] {
  const allowedTopologies = terms.map((matchLabelExpressions) => ({ matchLabelExpressions }));
  const object = { metadata: { name: 's' }, provisioner: 'a.b/c', volumeBindingMode: 'Immediate', allowedTopologies };
  const faults = storageclasses.strategy.validate?.(object as never, admin) ?? [];
  return faults.map(({ field, body }) => `${field}: ${body}`);
}
const again = (index: number): string => `allowedTopologies[${String(index)}].matchLabelExpressions: Duplicate value: ""`;

test('terms of a topology differ from each other, whatever the order of their values', () => {
  expect(faultsOf([zone('a')], [zone('b')])).toEqual([]);
  expect(faultsOf([zone('a', 'b')], [zone('b', 'a')])).toEqual([again(1)]);
  expect(faultsOf([zone('a')], [zone('a')], [zone('a')])).toEqual([again(1), again(2), again(2)]);
});

test('an empty term counts as one that was there before, as often as there are terms', () => {
  expect(faultsOf([])).toEqual([again(0)]);
  expect(faultsOf([zone('a')], [])).toEqual([again(1), again(1)]);
});
