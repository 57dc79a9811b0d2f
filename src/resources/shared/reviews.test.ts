import { expect, test } from '@jest/globals';
import { accessErrors, metadataErrors } from './reviews.ts';

const told = (spec: object): string[] => accessErrors({ user: 'u', ...spec }).map(({ field, body }) => `${field}: ${body}`);

test('either a resource or a path, and somebody who asks', () => {
  expect(told({ resourceAttributes: {} })).toEqual([]);
  expect(told({})).toEqual([
    'spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
  ]);
  expect(told({ user: '', resourceAttributes: {}, nonResourceAttributes: { path: '/a' } })).toEqual([
    'spec.nonResourceAttributes: Invalid value: {"Path":"/a","Verb":""}: cannot be specified in combination with resourceAttributes',
    'spec.user: Invalid value: "": at least one of user or group must be specified',
  ]);
});

test('selectors are written or listed, not both', () => {
  const labelSelector = { rawSelector: 'a=b', requirements: [{ key: 'a', operator: 'In', values: ['b'] }] };
  expect(told({ resourceAttributes: { fieldSelector: {}, labelSelector } })).toEqual([
    'spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required',
    'spec.resourceAttributes.labelSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements',
  ]);
});

test('of requirements the number of values counts; operators may be newer than this server', () => {
  const requirements = [{ key: '', operator: 'In' }, { key: 'a', operator: 'Exists', values: ['x'] }, { key: 'a', operator: 'Newer' }]; // prettier-ignore
  expect(told({ resourceAttributes: { fieldSelector: { requirements } } })).toEqual([
    'spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified',
    "spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    "spec.resourceAttributes.fieldSelector.requirements[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
  ]);
});

test('a review has no metadata', () => {
  expect(metadataErrors({ managedFields: [] })).toEqual([]);
  expect(metadataErrors({ namespace: 'a' }, 'namespace')).toEqual([]);
  expect(metadataErrors({ name: 'a' }).map(({ field, body }) => `${field}: ${body}`)).toEqual([
    'metadata: Invalid value: {"name":"a"}: must be empty',
  ]);
});
