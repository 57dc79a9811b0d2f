import { expect, test } from '@jest/globals';
import { deepFreeze, type KubeObject } from '../api/object.ts';
import { applyPatch, mergePatchType, strategicMergePatchType } from '../api/patch.ts';
import { decodeValue } from '../api/schema/decode.ts';
import { schemaFor } from '../api/schema/facts.ts';
import type { Schema } from '../api/schema/schema.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import { patched } from './patching.ts';

const definition = { group: '', version: 'v1', kind: 'Pod', resource: 'pods', schema: 'io.k8s.api.core.v1.Pod' } as ResourceDefinition;
const managedFields = [{ manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }];
const pod = deepFreeze({
  metadata: { name: 'p', namespace: 'default', labels: { a: '1' }, managedFields },
  spec: { containers: [{ name: 'c', image: 'i:1', env: [{ name: 'A', value: '1' }] }], nodeSelector: { x: 'y' } },
  status: { phase: 'Pending', conditions: [{ type: 'Ready', status: 'False' }] },
}) as unknown as KubeObject;

/** The whole object patched and read again. */
function whole(type: string, body: unknown): unknown {
  const schema = schemaFor(definition.schema) as Schema;
  const document = applyPatch<Record<string, unknown>>({ kind: 'Pod', apiVersion: 'v1', ...pod }, { type, body }, schema);
  const { kind: _kind, apiVersion: _apiVersion, ...fields } = decodeValue(document, schema, { mode: 'Ignore' }).value ?? {};
  return { metadata: {}, ...fields };
}

const bodies = [
  {},
  { metadata: { labels: { b: '2', a: null } } },
  { metadata: { annotations: { x: 'y' } }, status: null },
  { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
  { spec: null },
  { spec: { containers: [{ name: 'c', image: 'i:2' }], unknown: 1 } },
  { unknown: { a: 1 } },
  { status: { $patch: 'replace', phase: 'Running' } },
];

test.each([mergePatchType, strategicMergePatchType].flatMap((type) => bodies.map((body) => [type, body] as const)))(
  '%s %j: what it does not mention is as if it had been patched and read with the rest',
  async (type, body) => {
    const patch = { type, body, name: 'p', subresource: '', force: false, validation: 'Ignore' as const, warn: () => undefined };
    const object = await patched(definition, patch).update(pod);
    expect(object).toEqual(whole(type, body));
    expect(Object.isFrozen(object['spec'] ?? {})).toBe(false);
    expect(Object.keys(object)[0]).toBe('metadata');
  },
);

test('the answer to a patch that goes wrong shows the whole object', () => {
  const body = { metadata: { labels: 7 } };
  const patch = {
    type: mergePatchType,
    body,
    name: 'p',
    subresource: '',
    force: false,
    validation: 'Strict' as const,
    warn: () => undefined,
  };
  expect(() => patched(definition, patch).update(pod)).toThrow(/nodeSelector/);
});
