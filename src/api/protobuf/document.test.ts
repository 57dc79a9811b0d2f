import { describe, expect, test } from '@jest/globals';
import { decodeProtobuf } from './decode.ts';
import { documentSchema, listMetaSchema } from './document-schemas.ts';
import { documentParts, elementMessage, listElement, listHead, watchFrame } from './document.ts';
import { encodeMessage, encodeProtobuf } from './encode.ts';

const map = { metadata: { name: 'a', namespace: 'b' }, data: { k: 'v'.repeat(300) } };
const type = { apiVersion: 'v1', kind: 'ConfigMap' };

function schemaOf({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }) {
  const schema = documentSchema(apiVersion, kind);
  if (schema === undefined) throw new Error(`no schema of ${kind}`);
  return schema;
}

describe('documents of pieces', () => {
  test('are the same as those written in one go', () => {
    const message = encodeMessage(map, schemaOf(type));
    expect(Buffer.concat(documentParts(type, [message]))).toEqual(encodeProtobuf(map, schemaOf(type), type));
    expect(Buffer.concat(documentParts(type, [message.subarray(0, 7), message.subarray(7)]))).toEqual(
      encodeProtobuf(map, schemaOf(type), type),
    );
  });

  test('lists of elements that were written before', () => {
    const list = { apiVersion: 'v1', kind: 'ConfigMapList' };
    const element = listElement(encodeMessage(map, schemaOf(type)));
    const head = listHead(encodeMessage({ resourceVersion: '7' }, listMetaSchema()));
    const document = Buffer.concat(documentParts(list, [head, element, element]));
    expect(document).toEqual(encodeProtobuf({ metadata: { resourceVersion: '7' }, items: [map, map] }, schemaOf(list), list));
    expect(elementMessage(element)).toEqual(encodeMessage(map, schemaOf(type)));
  });

  test('a frame is as long as it says', () => {
    const frame = watchFrame('MODIFIED', documentParts(type, [encodeMessage(map, schemaOf(type))]));
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  });
});

describe('kinds that OpenAPI does not know', () => {
  test.each(['v1', 'v1beta1'])('metadata alone, %s', (version) => {
    const list = { apiVersion: `meta.k8s.io/${version}`, kind: 'PartialObjectMetadataList' };
    const value = { metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'a' } }] };
    expect(decodeProtobuf(encodeProtobuf(value, schemaOf(list), list)).value).toEqual(value);
  });

  test('the versions number the fields of a list differently', () => {
    const bytes = (version: string): Buffer => {
      const list = { apiVersion: `meta.k8s.io/${version}`, kind: 'PartialObjectMetadataList' };
      return encodeMessage({ metadata: { resourceVersion: '7' }, items: [] }, schemaOf(list));
    };
    expect([bytes('v1')[0], bytes('v1beta1')[0]]).toEqual([0x0a, 0x12]);
  });

  test('aggregated discovery', () => {
    const list = { apiVersion: 'apidiscovery.k8s.io/v2', kind: 'APIGroupDiscoveryList' };
    const resource = { resource: 'pods', responseKind: { group: '', version: '', kind: 'Pod' }, scope: 'Namespaced', verbs: ['get'] };
    const value = {
      metadata: {},
      items: [{ metadata: { name: 'g' }, versions: [{ version: 'v1', resources: [resource], freshness: 'Current' }] }],
    };
    const read = decodeProtobuf(encodeProtobuf(value, schemaOf(list), list)).value as typeof value;
    expect(read.items[0]?.versions[0]?.resources[0]).toMatchObject({ resource: 'pods', responseKind: { kind: 'Pod' }, verbs: ['get'] });
  });

  test('tables have no protobuf form', () => {
    expect(documentSchema('meta.k8s.io/v1', 'Table')).toBeUndefined();
  });
});
