import { expect, test } from '@jest/globals';
import { inGoOrderOfPatch } from './go-order.ts';
import { jsonPatchType, mergePatchType } from './patch.ts';
import { schemaOfKind } from './schema/facts.ts';

const schema = schemaOfKind('', 'v1', 'ConfigMap');
const document = {
  data: { b: '1', a: '2' },
  metadata: { labels: { z: '', y: '' }, uid: 'u', name: 'n' },
  apiVersion: 'v1',
  kind: 'ConfigMap',
};

test.each([
  [
    'a merge patch',
    mergePatchType,
    { metadata: { labels: null } },
    '{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"ConfigMap","metadata":{"labels":{"y":"","z":""},"name":"n","uid":"u"}}',
  ],
  [
    'one of the head alone',
    mergePatchType,
    { kind: 'X' },
    '{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"ConfigMap","metadata":{"name":"n","uid":"u","labels":{"y":"","z":""}}}',
  ],
  [
    'operations',
    jsonPatchType,
    [{ op: 'add', path: '/metadata/x', value: 1 }],
    '{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"ConfigMap","metadata":{"labels":{"y":"","z":""},"name":"n","uid":"u"}}',
  ],
])('%s leaves sorted what it went through, and the rest as the struct has it', (_title, type, body, expected) => {
  expect(JSON.stringify(inGoOrderOfPatch(document, { type, body }, schema))).toBe(expected);
});
