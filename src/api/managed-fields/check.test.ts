import { expect, test } from '@jest/globals';
import { schemaOfKind } from '../schema/facts.ts';
import { checkFields } from './check.ts';
import { typeOfSchema } from './schema-types.ts';

const schema = schemaOfKind('apps', 'v1', 'Deployment');
if (schema === undefined) throw new Error('no facts');
const type = typeOfSchema(schema);
const containers = (...list: unknown[]): object => ({ spec: { template: { spec: { containers: list } } } });

// Texts are what kube-apiserver 1.36.3 answered.
test.each<[object, string]>([
  [{ spec: { bogus: 1 } }, '.spec.bogus: field not declared in schema'],
  [{ spec: { replicas: 'x' } }, '.spec.replicas: expected numeric (int or float), got string'],
  [{ metadata: { labels: { a: 1 } } }, '.metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}'],
  [{ metadata: { labels: ['a'] } }, '.metadata.labels: expected map, got &{[a]}'],
  [{ spec: { paused: 'yes' } }, '.spec.paused: expected boolean, got &{yes}'],
  [
    containers({ name: 'a', env: [{ name: 'E' }, { name: 'E' }] }),
    '.spec.template.spec.containers[name="a"].env: duplicate entries for key [name="E"]',
  ],
  [containers('x'), '.spec.template.spec.containers: element 0: associative list with keys may not have non-map elements'],
  [
    { metadata: { labels: 5, finalizers: [{ a: 1 }] } },
    "errors:\n  .metadata.labels: expected map, got &{5}\n  .metadata.finalizers: element 0: associative list without keys has an element that's a map type",
  ],
])('%j is refused', (value, message) => {
  expect(() => checkFields(type, value)).toThrow(new Error(message));
});

test('a missing key that Go always writes counts as empty', () => {
  expect(() =>
    checkFields(type, containers({ image: 'x' }, { name: 'a', ports: [{ containerPort: 1 }, { containerPort: 1, protocol: 'UDP' }] })),
  ).not.toThrow();
});

test('nothing is said of nulls and of values that may be anything', () => {
  expect(() => checkFields(type, { spec: null, metadata: { labels: null } })).not.toThrow();
});
