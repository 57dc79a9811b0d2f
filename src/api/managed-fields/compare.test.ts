import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { complete } from '../schema/complete.ts';
import { schemaOfKind } from '../schema/facts.ts';
import type { Schema } from '../schema/schema.ts';
import { compare } from './compare.ts';
import { CreatedFields } from './created.ts';
import { union } from './field-set.ts';
import { deduced } from './field-type.ts';
import { typeOfSchema } from './schema-types.ts';

function schemaOf(group: string, version: string, kind: string): Schema {
  const schema = schemaOfKind(group, version, kind);
  if (schema === undefined) throw new Error(`no ${kind}`);
  return schema;
}

const pod = schemaOf('', 'v1', 'Pod');
const type = typeOfSchema(pod);
const spec = (containers: readonly object[], rest: object = {}): object => ({ spec: { containers, ...rest } });
const changes = (old: object, next: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(compare(type, old, next))) as Record<string, unknown>;
const text = (value: unknown): string => JSON.stringify(value);

describe('compare', () => {
  test('what is new is owned with all that is in it, elements by their keys', () => {
    const { added } = changes(spec([{ name: 'a' }]), spec([{ name: 'b', ports: [{ containerPort: 80 }] }, { name: 'a' }]));
    expect(text(added)).toBe(
      text({
        'f:spec': {
          'f:containers': {
            'k:{"name":"b"}': {
              '.': {},
              'f:name': {},
              'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
            },
          },
        },
      }),
    );
  });

  test('order of elements is no change; a changed leaf is, and only it', () => {
    const a = { name: 'a', image: 'x' };
    const b = { name: 'b', image: 'x' };
    expect(changes(spec([a, b]), spec([b, a]))).toEqual({});
    expect(changes(spec([a, b]), spec([a, { ...b, image: 'y' }]))).toEqual({
      modified: { 'f:spec': { 'f:containers': { 'k:{"name":"b"}': { 'f:image': {} } } } },
    });
  });

  test('atomic lists and maps are leaves', () => {
    expect(changes(spec([], { tolerations: [{ key: 'a' }] }), spec([], { tolerations: [{ key: 'b' }] }))).toEqual({
      modified: { 'f:spec': { 'f:tolerations': {} } },
    });
    expect(changes(spec([], { nodeSelector: { a: 'b' } }), spec([], { nodeSelector: { a: 'c' } }))).toEqual({
      modified: { 'f:spec': { 'f:nodeSelector': {} } },
    });
    expect(changes({ metadata: {} }, { metadata: { ownerReferences: [{ uid: 'u', name: 'n' }], finalizers: ['b', 'a'] } })).toEqual({
      added: {
        'f:metadata': { 'f:finalizers': { '.': {}, 'v:"a"': {}, 'v:"b"': {} }, 'f:ownerReferences': { '.': {}, 'k:{"uid":"u"}': {} } },
      },
    });
  });

  test('what Go leaves out when it is empty is not there; what it always writes is', () => {
    expect(changes({ metadata: {} }, { metadata: { labels: {}, generateName: '' } })).toEqual({});
    expect(changes(spec([{ name: 'a' }]), spec([{ name: 'a', resources: {} }]))).toEqual({
      added: { 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { 'f:resources': {} } } } },
    });
  });

  test('elements that share a key are owned as one', () => {
    const env = (...values: string[]): object => spec([{ name: 'a', env: values.map((value) => ({ name: 'E', value })) }]);
    const at = (node: object): object => ({ 'f:spec': { 'f:containers': { 'k:{"name":"a"}': { 'f:env': { 'k:{"name":"E"}': node } } } } });
    expect(changes(env('1', '2'), env('1', '2'))).toEqual({});
    expect(changes(env('1', '2'), env('1', '3'))).toEqual({ modified: at({}) });
    expect(changes(env('1'), env('1', '2'))).toEqual({ added: at({}), removed: at({ '.': {}, 'f:name': {}, 'f:value': {} }) });
    expect(changes(env('1', '2'), env('1'))).toEqual({ added: at({ '.': {}, 'f:name': {}, 'f:value': {} }), removed: at({}) });
  });

  test('values without a type: maps by key, lists as a whole, changes of kind as leaves', () => {
    const of = (old: unknown, next: unknown): unknown => JSON.parse(JSON.stringify(compare(deduced, old, next)));
    expect(of({ a: { b: 1 }, l: [1] }, { a: { c: 1 }, l: [2] })).toEqual({
      added: { 'f:a': { 'f:c': {} } },
      removed: { 'f:a': { 'f:b': {} } },
      modified: { 'f:l': {} },
    });
    expect(of({ a: { b: 1 } }, { a: 5 })).toEqual({ modified: { 'f:a': {} }, removed: { 'f:a': { 'f:b': {} } } });
  });

  test('ignored fields of the object are not looked at', () => {
    expect(compare(type, { status: { phase: 'a' } }, { status: { phase: 'b' } }, new Set(['status']))).toEqual({});
  });
});

describe('fields of created objects', () => {
  const empty = complete({}, pod);
  const created = new CreatedFields(type, empty, { '': new Set(['status']), metadata: new Set(['name']) });
  const word = fc.constantFrom('a', 'b', 'c"<', 'Z.z/y');
  const container = fc.record(
    { name: word, image: word, args: fc.array(word), env: fc.array(fc.record({ name: word, value: word })) },
    { requiredKeys: ['name'] },
  );
  const object = fc.record(
    {
      metadata: fc.record({ name: word, labels: fc.dictionary(word, word), finalizers: fc.uniqueArray(word) }, { requiredKeys: [] }),
      spec: fc.record(
        { containers: fc.array(container), nodeName: word, hostNetwork: fc.boolean(), tolerations: fc.array(fc.record({ key: word })) },
        { requiredKeys: [] },
      ),
      status: fc.record({ phase: word }),
    },
    { requiredKeys: [] },
  );

  test('are what comparing with the empty object says', () => {
    fc.assert(
      fc.property(object, (generated) => {
        const made = complete(structuredClone(generated) as Record<string, unknown>, pod);
        const { added, modified } = compare(type, empty, made);
        const { 'f:status': _status, ...expected } = union(added, modified) ?? {};
        const { 'f:name': _name, ...metadata } = expected['f:metadata'] ?? {};
        const { 'f:metadata': _metadata, ...rest } = expected;
        const whole = Object.keys(metadata).length === 0 ? rest : { ...rest, 'f:metadata': metadata };
        expect(created.of(made) ?? {}).toEqual(whole);
      }),
    );
  });

  test('atomic structs that Go always writes are no news', () => {
    const schema = schemaOf('networking.k8s.io', 'v1', 'NetworkPolicy');
    const fields = new CreatedFields(typeOfSchema(schema), complete({}, schema), {});
    const policy = (podSelector: object): Record<string, unknown> => complete({ spec: { podSelector } }, schema);
    expect(fields.of(policy({}))).toBeUndefined();
    expect(fields.of(policy({ matchLabels: { a: 'b' } }))).toEqual({ 'f:spec': { 'f:podSelector': {} } });
  });

  test('objects of one shape share one set', () => {
    const make = (image: string): Record<string, unknown> => complete({ spec: { containers: [{ image, name: 'c' }] } }, pod);
    expect(created.of(make('x'))).toBe(created.of(make('y')));
    expect(Object.isFrozen(created.of(make('x')))).toBe(true);
  });
});
