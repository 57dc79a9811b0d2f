import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cloneJson } from '../json.ts';
import { complete } from '../schema/complete.ts';
import { schemaFor } from '../schema/facts.ts';
import type { Schema } from '../schema/schema.ts';
import { CreatedFields } from './created.ts';
import { FieldFault } from './elements.ts';
import type { MapType } from './field-type.ts';
import { typeOfSchema } from './schema-types.ts';
import { shapeOf } from './shape.ts';

function schemaOf(name: string): Schema {
  const found = schemaFor(name);
  if (found === undefined) throw new Error(`no schema of ${name}`);
  return found;
}

const schema = schemaOf('io.k8s.api.core.v1.Pod');
const eventSchema = schemaOf('io.k8s.api.core.v1.Event');

const ignored = { '': new Set(['status', 'kind']), metadata: new Set(['name', 'uid']) };
const managed = (of = schema): CreatedFields => new CreatedFields(typeOfSchema(of), complete({}, of), ignored);

const pod = {
  metadata: {
    name: 'p',
    labels: { app: 'a', tier: 'b' },
    finalizers: ['x/y', 'x/z'],
    ownerReferences: [{ uid: '1', name: 'o', kind: 'K' }],
  },
  spec: {
    nodeSelector: { a: 'b' },
    containers: [
      {
        name: 'a',
        image: 'i',
        args: ['1'],
        ports: [{ containerPort: 80 }, { containerPort: 81, protocol: 'UDP' }],
        env: [
          { name: 'A', value: '1' },
          { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ],
        resources: { requests: { cpu: '10m' } },
      },
      { name: 'b', image: '', volumeMounts: [{ mountPath: '/x', name: 'v' }] },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
    securityContext: {},
  },
  status: {},
};

/** involvedObject is owned as a whole. */
const event = {
  metadata: { name: 'e' },
  involvedObject: { kind: 'Pod', name: 'p', uid: '1' },
  reason: 'Failed',
  source: { component: 'c' },
  eventTime: '2026-01-01T00:00:00.000000Z',
  count: 1,
};

type Value = Record<string, unknown>;
type Place = { readonly holder: Value; readonly key: string };

function places(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Value;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...places(holder[key])]);
}

/** Changes of one place: other values of all sorts, another name, nothing any more, another order. */
const changes: readonly ((place: Place) => void)[] = [
  ...[null, '', 0, false, 'text', 7, [], {}, ['x'], { more: 'x' }, undefined].map(
    (value) =>
      ({ holder, key }: Place) =>
        void (holder[key] = structuredClone(value)),
  ),
  ({ holder, key }) => void (Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key]),
  ({ holder, key }) => void (Array.isArray(holder) ? holder.reverse() : (holder[`${key}x`] = holder[key])),
  ({ holder, key }) => {
    if (Array.isArray(holder)) return void holder.push(cloneJson(holder[Number(key)]));
    const { [key]: value, ...rest } = holder;
    for (const name of Object.keys(holder)) delete holder[name];
    Object.assign(holder, rest, { [key]: value });
  },
];

const outcome = (fields: CreatedFields, object: Value): unknown => {
  try {
    return fields.of(object);
  } catch (error) {
    if (error instanceof FieldFault) return error.message;
    throw error;
  }
};

test.each([
  ['pods', schema, pod],
  ['events', eventSchema, event],
])('what is known of other %s changes nothing', (_, of, model) => {
  const shared = managed(of);
  const step = fc.record({ place: fc.nat(), change: fc.nat(changes.length - 1) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4 }), (steps) => {
      const object = complete(cloneJson<object>(model), of) as Value;
      for (const { place, change } of steps) {
        const all = places(object);
        const at = all[place % all.length];
        if (at !== undefined) changes[change]?.(at);
      }
      expect(outcome(shared, object)).toEqual(outcome(managed(of), object));
      expect(outcome(shared, object)).toEqual(outcome(managed(of), object));
    }),
    { numRuns: 300 },
  );
});

test('objects with the same fields share their set', () => {
  const fields = managed();
  const other = { ...pod, metadata: { ...pod.metadata, name: 'q', labels: { app: 'x', tier: 'y' } } };
  const both = [pod, other].map((each) => complete(cloneJson(each), schema) as unknown as Value);
  const [first, second] = both.map((each) => fields.of(each));
  expect(second).toBe(first);
  expect(first).toMatchObject({ 'f:metadata': { 'f:labels': { 'f:app': {}, 'f:tier': {} } } });
});

test('events have a shape: the third of a kind is not written out', () => {
  const fields = managed(eventSchema);
  const made = ['a', 'b', 'c'].map((name) =>
    complete({ ...cloneJson(event), metadata: { name }, involvedObject: { kind: 'Pod', name } }, eventSchema),
  );
  const [first, second] = made.map((each) => fields.of(each as unknown as Value));
  expect(second).toBe(first);
  expect(
    shapeOf(typeOfSchema(eventSchema).map as MapType, made[0] as unknown as Value, { empty: complete({}, eventSchema), ignored })?.(
      made[2],
    ),
  ).toBe(true);
});
