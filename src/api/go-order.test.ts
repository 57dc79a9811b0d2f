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
  [
    'a merge patch with a list in it',
    mergePatchType,
    { metadata: { uid: [] } },
    '{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"ConfigMap","metadata":{"labels":{"y":"","z":""},"name":"n","uid":"u"}}',
  ],
])('%s leaves sorted what it went through, and the rest as the struct has it', (_title, type, body, expected) => {
  expect(JSON.stringify(inGoOrderOfPatch(document, { type, body }, schema))).toBe(expected);
});

test('lists of a merge patch are sorted all through, values of operations stay as they were sent', () => {
  const made = { metadata: { ownerReferences: [{ uid: '1', name: { d: 1, c: 2 } }] }, data: { z: '1', a: '2' }, kind: 'ConfigMap' };
  const shown = (type: string, body: unknown) => JSON.stringify(inGoOrderOfPatch(made, { type, body }, schema));
  expect(shown(mergePatchType, { metadata: { ownerReferences: [{}] } })).toBe(
    '{"data":{"a":"2","z":"1"},"kind":"ConfigMap","metadata":{"ownerReferences":[{"name":{"c":2,"d":1},"uid":"1"}]}}',
  );
  expect(shown(jsonPatchType, [{ op: 'add', path: '/data', value: {} }])).toBe(
    '{"data":{"z":"1","a":"2"},"kind":"ConfigMap","metadata":{"ownerReferences":[{"name":{"d":1,"c":2},"uid":"1"}]}}',
  );
  const below = [
    { op: 'replace', path: '/metadata', value: {} },
    { op: 'remove', path: '/metadata/ownerReferences/0/x' },
  ];
  expect(shown(jsonPatchType, below)).toContain('"metadata":{"ownerReferences":[{"name":{"d":1,"c":2},"uid":"1"}]}');
});
