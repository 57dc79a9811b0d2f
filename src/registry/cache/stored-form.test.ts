import { expect, test, describe } from '@jest/globals';
import type { KubeObject } from '../../api/object.ts';
import { CachedEntry } from './entry.ts';
import { decodeStored, encodeStored, metadataAt, storedTypeOf, StoredConversions } from './stored-form.ts';

const pod = { metadata: { name: 'a', namespace: 'b' }, spec: { containers: [] } } as unknown as KubeObject;
/** runtime.Unknown of TypeMeta{v1, Pod} and Pod{ObjectMeta{name (1): a, namespace (3): b}, PodSpec{}}. */
const protobuf = Buffer.from('6b38730' + '00a090a027631' + '1203506f64' + '120a' + '0a060a01611a0162' + '1200', 'hex');
const none = new StoredConversions();
const place = { namespace: 'b', name: 'a' };

test('a value is what upstream stores as JSON', () => {
  expect(encodeStored({ apiVersion: 'v1', kind: 'Pod' }, pod).toString()).toBe(
    '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"b"},"spec":{"containers":[]}}',
  );
});

test.each([
  ['a definition of its own', { group: 'apps', version: 'v1', kind: 'Deployment' }, 'apps/v1'],
  ['one that is stored as another', { group: 'x', version: 'v1', kind: 'Event', storedAs: { apiVersion: 'v1', kind: 'Event' } }, 'v1'],
])('the stored type of %s', (_, definition, apiVersion) => {
  expect(storedTypeOf(definition)).toEqual({ apiVersion, kind: definition.kind });
});

describe('what entries make of', () => {
  const served = '{"metadata":{"resourceVersion":"7","name":"a","namespace":"b"},"spec":{"containers":[]}}';
  const upstreamOrder =
    '{"apiVersion":"v1","kind":"Pod","spec":{"containers":[]},"metadata":{"namespace":"b","name":"a","resourceVersion":"3"}}';
  const cases: [string, Buffer, boolean][] = [
    ['values without kind, as older files have them', Buffer.from(JSON.stringify(pod)), true],
    ['values of ours', encodeStored({ apiVersion: 'v1', kind: 'Pod' }, pod), true],
    ['JSON in another order', Buffer.from(upstreamOrder), false],
    ['protobuf', protobuf, false],
  ];
  test.each(cases)('%s', (_, value, copied) => {
    expect(metadataAt(value, none) > 0).toBe(copied);
    const entry = (): CachedEntry => new CachedEntry('/registry/pods/b/a', place, { value, revision: 7, conversions: none });
    const json = JSON.parse(entry().json.toString()) as KubeObject;
    const { object } = entry();
    expect(object.metadata.resourceVersion).toBe('7');
    expect(JSON.parse(JSON.stringify(object))).toEqual(json);
    expect(json.metadata).toEqual((JSON.parse(served) as KubeObject).metadata);
    if (value !== protobuf) expect(json).toEqual(JSON.parse(served));
    expect(entry().json.toString()).toMatch(/^\{"metadata":\{"resourceVersion":"7",/);
    expect(json['kind'] ?? json['apiVersion']).toBeUndefined();
  });
});

describe('what is parsed for who looks at metadata alone', () => {
  const partialOf = (value: Buffer, touch: (entry: CachedEntry) => unknown = () => undefined): object => {
    const entry = new CachedEntry('/registry/pods/b/a', place, { value, revision: 7, conversions: none });
    touch(entry);
    expect(Object.isFrozen(entry.partial.metadata)).toBe(true);
    expect(entry.partial).toBe(entry.partial);
    return entry.partial;
  };
  const annotations = { braces: '}{"', backslash: '\\', ümlaut: '}' };
  const full = { metadata: { name: 'a', annotations, managedFields: [{ manager: 'm' }] }, data: { big: '}' } } as unknown as KubeObject;
  const value = (): Buffer => encodeStored({ apiVersion: 'v1', kind: 'Pod' }, full);

  test('its own fields, without owners of fields, from stored and from served bytes', () => {
    const wanted = { metadata: { resourceVersion: '7', name: 'a', annotations } };
    expect(partialOf(value())).toEqual(wanted);
    expect(partialOf(value(), ({ json }) => json)).toEqual(wanted);
  });

  test('the whole object where that is there already, or must be decoded in any case', () => {
    expect(partialOf(value(), ({ object }) => object)).toMatchObject({ data: { big: '}' } });
    expect(partialOf(Buffer.from('{"spec":{},"metadata":{"name":"a"}}'))).toEqual({
      metadata: { resourceVersion: '7', name: 'a' },
      spec: {},
    });
  });
});

test('an object stored in another version is converted', () => {
  const conversions = new StoredConversions();
  const toV2 = ({ metadata, old }: KubeObject): KubeObject => ({ metadata, new: old });
  conversions.add({ group: 'x', version: 'v2', kind: 'Thing', storedVersions: { 'x/v1': toV2 } });
  const value = Buffer.from('{"kind":"Thing","apiVersion":"x/v1","metadata":{"name":"a"},"old":1}');
  expect(decodeStored(value, conversions)).toEqual({ metadata: { name: 'a' }, new: 1 });
  const entry = new CachedEntry('/registry/x/things/a', { namespace: '', name: 'a' }, { value, revision: 7, conversions });
  expect(entry.json.toString()).toBe('{"metadata":{"resourceVersion":"7","name":"a"},"new":1}');
  expect(decodeStored(value, none)).toMatchObject({ old: 1 });
});

test('defaults that upstream does not store are filled in where a value is converted', () => {
  const conversions = new StoredConversions();
  const strategy = { default: (object: KubeObject) => void Object.assign(object, { phase: 'Pending' }) };
  conversions.add({ group: '', version: 'v1', kind: 'Pod', strategy });
  expect(decodeStored(protobuf, conversions)).toMatchObject({ phase: 'Pending' });
});

test('protobuf of a version that is only stored is read by the fields of the version served', () => {
  const conversions = new StoredConversions();
  conversions.add({ group: '', version: 'v1', kind: 'Pod' });
  const older = Buffer.from(protobuf.toString('latin1').replace('\x02v1', '\x02v0'), 'latin1');
  expect(() => decodeStored(older, none)).toThrow('no kind "Pod" is registered for version "v0"');
  expect(decodeStored(older, conversions).metadata).toEqual({ name: 'a', namespace: 'b' });
});
