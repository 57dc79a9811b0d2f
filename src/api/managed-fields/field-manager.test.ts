import { describe, expect, test } from '@jest/globals';
import type { ApiError } from '../errors.ts';
import { apiVersionOf, deepFreeze, type KubeObject } from '../object.ts';
import { complete } from '../schema/complete.ts';
import { schemaOfKind } from '../schema/facts.ts';
import { FieldManager } from './field-manager.ts';
import { type MaybeSet, recursiveDifference } from './field-set.ts';
import { lastAppliedAnnotation } from './last-applied.ts';
import type { ManagedFieldsEntry } from './managers.ts';
import { typeOfSchema } from './schema-types.ts';

type Json = Record<string, unknown>;

/** One object of a kind under its field manager. Times count up a second a write. */
class Story {
  readonly #manager: FieldManager;
  readonly #kind: { readonly group: string; readonly version: string; readonly kind: string };
  #seconds = 0;
  live: KubeObject | undefined;

  constructor(group: string, version: string, kind: string) {
    const schema = schemaOfKind(group, version, kind);
    if (schema === undefined) throw new Error(`no ${kind}`);
    this.#kind = { group, version, kind };
    const status = { 'f:status': {} };
    const filter = (set: MaybeSet): MaybeSet => recursiveDifference(set, status);
    this.#manager = new FieldManager({
      ...this.#kind,
      subresource: '',
      type: typeOfSchema(schema),
      empty: () => complete({}, schema),
      rules: {
        convert: (object, apiVersion) => (object.apiVersion === apiVersion ? object : undefined),
        filter,
        ignored: new Set(['status']),
      },
    });
  }

  get #time(): string {
    return `2026-01-01T00:00:${String(this.#seconds++).padStart(2, '0')}Z`;
  }

  #complete(object: Json): KubeObject {
    const schema = schemaOfKind(this.#kind.group, this.#kind.version, this.#kind.kind);
    return (schema === undefined ? object : complete(object, schema)) as unknown as KubeObject;
  }

  #store(object: Json, managedFields: readonly ManagedFieldsEntry[] | undefined): void {
    const metadata = { uid: 'u', ...(object['metadata'] as Json), ...(managedFields === undefined ? {} : { managedFields }) };
    if (managedFields === undefined) delete (metadata as { managedFields?: unknown }).managedFields;
    this.live = deepFreeze(this.#complete({ ...object, metadata }));
  }

  /** A write other than apply; `fields` replaces, metadata is added to. */
  write(manager: string, fields: Json, metadata: Json = {}): this {
    const next = this.#complete({ ...structuredClone(fields), metadata: { ...this.live?.metadata, ...metadata } });
    this.#store(next, this.#manager.update(this.live, next, { manager, time: this.#time }));
    return this;
  }

  apply(manager: string, fields: Json, options: { force?: boolean; metadata?: Json } = {}): this {
    const { force = false, metadata = {} } = options;
    const config = { apiVersion: apiVersionOf(this.#kind), kind: this.#kind.kind, metadata: { name: 'x', ...metadata }, ...fields };
    const { object, managedFields } = this.#manager.apply({ live: this.live, config, force, manager, time: this.#time });
    // As the engine does: read as its kind, nulls go.
    this.#store(JSON.parse(JSON.stringify(object, (_key, value: unknown) => value ?? undefined)) as Json, managedFields);
    return this;
  }

  refused(manager: string, fields: Json, metadata: Json = {}): ApiError {
    try {
      this.apply(manager, fields, { metadata });
    } catch (error) {
      return error as ApiError;
    }
    throw new Error('was not refused');
  }

  /** `MANAGER OPERATION`, each with its set as text. */
  get owners(): Record<string, string> {
    return Object.fromEntries(
      (this.live?.metadata.managedFields ?? []).map(({ manager, operation, fieldsV1 }) => [
        `${manager ?? ''} ${operation ?? ''}`,
        JSON.stringify(fieldsV1),
      ]),
    );
  }
  get times(): unknown[] {
    return (this.live?.metadata.managedFields ?? []).map(({ time }) => time);
  }
  get data(): unknown {
    return this.live?.['data'];
  }
}

const map = (): Story => new Story('', 'v1', 'ConfigMap');

// Expectations are what kube-apiserver 1.36.3 answered (test/compare/cases/apply.ts and field-owners.ts).
describe('writes', () => {
  test('the creator owns what it made, but nothing that the server sets and no status', () => {
    const pod = new Story('', 'v1', 'Pod').write(
      'm',
      { spec: { containers: [{ name: 'c', image: 'i' }] }, status: { phase: 'x' } },
      { name: 'p', labels: { a: 'b' } },
    );
    expect(pod.owners).toEqual({
      'm Update':
        '{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{}}}}}',
    });
  });

  test('an updater takes what it changes and adds, and nobody owns what is gone', () => {
    const story = map()
      .write('a', { data: { x: '1', y: '1', z: '1' } })
      .write('b', { data: { x: '2', z: '1', n: '1' } });
    expect(story.owners).toEqual({ 'a Update': '{"f:data":{".":{},"f:z":{}}}', 'b Update': '{"f:data":{"f:n":{},"f:x":{}}}' });
    expect(story.write('a', { data: { x: '3', z: '1', n: '1' } }).owners).toEqual({
      'a Update': '{"f:data":{".":{},"f:x":{},"f:z":{}}}',
      'b Update': '{"f:data":{"f:n":{}}}',
    });
    expect(story.write('c', {}).owners).toEqual({});
  });

  test('a write that changes nothing leaves the very same entries', () => {
    const story = map().write('a', { data: { x: '1' } });
    const before = story.live?.metadata.managedFields;
    expect(story.write('b', { data: { x: '1' } }).live?.metadata.managedFields).toBe(before);
  });

  test('time is of the last change', () => {
    const story = map()
      .write('a', { data: { x: '1' } })
      .write('b', { data: { x: '1', y: '1' } })
      .write('a', { data: { x: '1', y: '1' } })
      .write('a', { data: { x: '2', y: '1' } });
    expect(story.times).toEqual(['2026-01-01T00:00:01Z', '2026-01-01T00:00:03Z']);
  });

  test('an empty list starts anew: nobody is followed until the next apply', () => {
    const story = map()
      .write('a', { data: { x: '1' } })
      .write('b', { data: { x: '1' } }, { managedFields: [] });
    expect(story.live?.metadata).not.toHaveProperty('managedFields');
    expect(story.write('c', { data: { x: '2' } }).owners).toEqual({});
    expect(story.apply('d', { data: { y: '1' } }).owners).toEqual({
      'd Apply': '{"f:data":{"f:y":{}}}',
      'before-first-apply Update': '{"f:data":{".":{},"f:x":{}}}',
    });
  });

  test('owners that a client sends count when they can be read', () => {
    const entry = {
      manager: 'me',
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:x': {}, '.': {} } },
    };
    const story = map()
      .write('a', { data: { x: '1' } })
      .write('b', { data: { x: '1' } }, { managedFields: [entry] });
    expect(story.owners).toEqual({ 'me Update': '{"f:data":{".":{},"f:x":{}}}' });
    for (const bad of [{ operation: 'Bogus' }, { fieldsType: '' }, { fieldsType: 'X' }, { apiVersion: '' }, { fieldsV1: { x: {} } }])
      expect(story.write('b', { data: { x: '1' } }, { managedFields: [{ ...entry, manager: 'other', ...bad }] }).owners).toEqual({
        'me Update': '{"f:data":{".":{},"f:x":{}}}',
      });
  });

  test('of more than ten updaters the oldest are put together', () => {
    const story = map();
    const data: Record<string, string> = {};
    for (let at = 0; at < 12; at++) story.write(`m${String(at)}`, { data: { ...Object.assign(data, { [`k${String(at)}`]: 'v' }) } });
    expect(Object.keys(story.owners)).toHaveLength(10);
    expect(story.owners['ancient-changes Update']).toBe('{"f:data":{".":{},"f:k0":{},"f:k1":{},"f:k2":{}}}');
  });

  test('elements without a key cannot be followed: there are no owners', () => {
    const story = new Story('', 'v1', 'Service').write('a', { spec: { ports: [null] } });
    expect(story.owners).toEqual({});
  });
});

describe('apply', () => {
  test('creates, owns what it says, and takes away what it says no more', () => {
    const story = map().apply('a', { data: { x: '1', y: '1' } });
    expect(story.owners).toEqual({ 'a Apply': '{"f:data":{"f:x":{},"f:y":{}}}' });
    expect(story.apply('a', { data: { x: '1' } }).data).toEqual({ x: '1' });
    expect(story.apply('a', {}).live).not.toHaveProperty('data');
  });

  test('the same again changes not even the time', () => {
    const story = map().apply('a', { data: { x: '1' } });
    expect(story.apply('a', { data: { x: '1' } }).times).toEqual(['2026-01-01T00:00:00Z']);
  });

  test('is refused when it changes what others own, with one cause a field', () => {
    const story = map().apply('a', { data: { x: '1', y: '1' } });
    const one = story.refused('b', { data: { x: '2' } });
    expect([one.code, one.reason, one.message]).toEqual([409, 'Conflict', 'Apply failed with 1 conflict: conflict with "a": .data.x']);
    expect(one.details).toEqual({ causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.data.x' }] });
    story.write('u', { data: { x: '1', y: '9' } });
    expect(story.refused('b', { data: { x: '2', y: '2' } }).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "a":\n- .data.x\nconflicts with "u" using v1:\n- .data.y',
    );
  });

  test('takes over by force; the other loses only that', () => {
    const story = map()
      .apply('a', { data: { x: '1', y: '1' } })
      .apply('b', { data: { x: '2' } }, { force: true });
    expect(story.data).toEqual({ x: '2', y: '1' });
    expect(story.owners).toEqual({ 'a Apply': '{"f:data":{"f:y":{}}}', 'b Apply': '{"f:data":{"f:x":{}}}' });
  });

  test('the same value is shared; the field stays until the last owner drops it', () => {
    const story = map()
      .apply('a', { data: { x: '1' } })
      .apply('b', { data: { x: '1' } });
    expect(story.apply('a', {}).data).toEqual({ x: '1' });
    expect(story.apply('b', {}).live).not.toHaveProperty('data');
  });

  test('what an updater owns is kept, what nobody owns goes with the one that applied it', () => {
    const story = map()
      .apply('a', { data: { x: '1', y: '1' } })
      .write('u', { data: { x: '2', y: '1' } });
    expect(story.apply('a', {}).data).toEqual({ x: '2' });
  });

  test('lists by key: order of the configuration, others before what was moved behind them', () => {
    const story = new Story('apps', 'v1', 'Deployment');
    const template = (...containers: object[]): Json => ({ spec: { template: { spec: { containers } } } });
    story
      .apply('a', template({ name: 'one', image: '1' }, { name: 'two', image: '2' }))
      .apply('b', template({ name: 'three', image: '3' }));
    const names = (): string[] =>
      (story.live as unknown as { spec: { template: { spec: { containers: { name: string }[] } } } }).spec.template.spec.containers.map(
        ({ name }) => name,
      );
    expect(names()).toEqual(['one', 'two', 'three']);
    expect((story.apply('a', template({ name: 'two', image: '2' }, { name: 'one', image: '1' })), names())).toEqual([
      'two',
      'three',
      'one',
    ]);
    expect((story.apply('a', template({ name: 'one', image: '1' })), names())).toEqual(['three', 'one']);
  });

  test('atomic parts are replaced as a whole, sets grow', () => {
    const story = new Story('', 'v1', 'Service').apply('a', { spec: { selector: { a: 'b' } } }, { metadata: { finalizers: ['x.y/a'] } });
    expect(story.refused('b', { spec: { selector: { c: 'd' } } }).message).toContain('.spec.selector');
    story.apply('b', {}, { metadata: { finalizers: ['x.y/b'] } });
    expect(story.live?.metadata.finalizers).toEqual(['x.y/a', 'x.y/b']);
    expect(story.apply('a', {}).live?.metadata.finalizers).toEqual(['x.y/b']);
  });

  test('a configuration of another kind, with owners or with what no type allows is refused', () => {
    const story = map();
    expect(story.refused('a', { apiVersion: 'v2' })).toMatchObject({ code: 400, message: 'invalid object type: /v2, Kind=ConfigMap' });
    expect(story.refused('a', {}, { managedFields: [] })).toMatchObject({ code: 400, message: 'metadata.managedFields must be nil' });
    expect(story.refused('a', { bogus: 1 })).toMatchObject({
      code: 500,
      message: 'failed to create typed patch object (/x; /v1, Kind=ConfigMap): .bogus: field not declared in schema',
    });
  });
});

describe('the hand-over from client-side apply', () => {
  const last = (data: object): Json => ({
    annotations: { [lastAppliedAnnotation]: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data }) },
  });

  test('kubectl may change what its last configuration set, and the annotation follows', () => {
    const story = map().write('kubectl-client-side-apply', { data: { x: '1', y: '1' } }, { name: 'x', ...last({ x: '1', y: '1' }) });
    story.apply('kubectl', { data: { x: '2' } });
    expect(story.data).toEqual({ x: '2', y: '1' });
    expect(story.live?.metadata.annotations?.[lastAppliedAnnotation]).toBe(
      '{"apiVersion":"v1","data":{"x":"2"},"kind":"ConfigMap","metadata":{"name":"x"}}\n',
    );
  });

  test('not what somebody changed since, and not for other managers', () => {
    const story = map()
      .write('kubectl-client-side-apply', { data: { x: '1', y: '1' } }, { name: 'x', ...last({ x: '1', y: '1' }) })
      .write('edit', { data: { x: '5', y: '1' } });
    expect(story.refused('kubectl', { data: { x: '2', y: '2' } }).message).toBe(
      'Apply failed with 1 conflict: conflict with "edit" using v1: .data.x',
    );
    expect(story.refused('other', { data: { y: '2' } }).message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.y',
    );
  });
});
