import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseApiVersion } from '../object.ts';
import { decodeValue } from '../schema/decode.ts';
import { schemaFor, schemaOfKind } from '../schema/facts.ts';
import type { Schema } from '../schema/schema.ts';
import { decodeProtobuf } from './decode.ts';
import { watchFrame } from './document.ts';
import { encodeProtobuf } from './encode.ts';
import { readEnvelope } from './envelope.ts';

interface Sample {
  readonly document: Buffer;
  readonly json: unknown;
}

/** Upstream's objects with every field set, as Go wrote them: some are kept here, all are where Go's module cache has them. */
const kept = new URL('./testing/upstream.json', import.meta.url);
const data = '/root/go/pkg/mod/k8s.io/api@v0.36.3/testdata/HEAD';

function keptSamples(): readonly [string, Sample][] {
  const text = JSON.parse(readFileSync(kept, 'utf8')) as Record<string, { readonly protobuf: string; readonly json: unknown }>;
  return Object.entries(text).map(([name, { protobuf, json }]) => [name, { document: Buffer.from(protobuf, 'base64'), json }]);
}

function cachedSamples(): readonly [string, Sample][] {
  const names = existsSync(data) ? readdirSync(data).filter((file) => file.endsWith('.pb')) : [];
  return names.map((file) => {
    const json = JSON.parse(readFileSync(join(data, file.replace(/pb$/, 'json')), 'utf8')) as unknown;
    return [file, { document: readFileSync(join(data, file)), json }];
  });
}

function schemaOf(document: Buffer): Schema | undefined {
  const { apiVersion, kind } = readEnvelope(document);
  const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
  return schemaOfKind(group, version, kind);
}

/** How many of the samples are of kinds that are built in. */
function check(samples: readonly [string, Sample][]): number {
  let seen = 0;
  for (const [name, { document, json }] of samples) {
    const schema = schemaOf(document);
    if (schema?.type !== 'struct') continue;
    seen += 1;
    const { kind, apiVersion, ...expected } = decodeValue(json, schema, { mode: 'Ignore' }).value ?? {};
    const read = decodeProtobuf(document);
    expect({ name, ...read }).toEqual({ name, kind, apiVersion, value: expected });
    expect(encodeProtobuf(read.value, schema, read).equals(document)).toBe(true);
  }
  return seen;
}

describe('upstream documents read as the same JSON, and are written as the same bytes', () => {
  test('of some kinds', () => {
    expect(check(keptSamples())).toBe(15);
  });

  (existsSync(data) ? test : test.skip)('of every kind', () => {
    expect(check(cachedSamples())).toBeGreaterThan(60);
  });
});

const roundTrip = (kind: string, apiVersion: string, value: object): unknown => {
  const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
  const schema = schemaOfKind(group, version, kind);
  if (schema === undefined) throw new Error(`no schema of ${kind}`);
  return decodeProtobuf(encodeProtobuf(value, schema, { kind, apiVersion })).value;
};

describe('round trips', () => {
  test('schemas of custom resources: unions and JSON values', () => {
    const openAPIV3Schema = {
      type: 'object',
      maximum: 1.5,
      default: { a: [1, 'x'] },
      enum: ['a', 1, null],
      items: { type: 'string' },
      additionalProperties: false,
      additionalItems: { type: 'integer' },
      dependencies: { a: ['b'], c: { type: 'string' } },
      properties: { p: { additionalProperties: true, items: [{ type: 'string' }, { type: 'integer' }] } },
    };
    const versions = [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema } }];
    const value = { spec: { group: 'g', names: { plural: 'ps', kind: 'P' }, scope: 'Cluster', versions } };
    expect(roundTrip('CustomResourceDefinition', 'apiextensions.k8s.io/v1', value)).toMatchObject(value);
  });

  test('options of deletions of any group', () => {
    const value = { gracePeriodSeconds: 0, preconditions: { uid: 'u' }, orphanDependents: false };
    expect(roundTrip('DeleteOptions', 'v1', value)).toEqual(value);
    expect(roundTrip('DeleteOptions', 'apps/v1', value)).toEqual(value);
  });

  test('any text, number and bytes', () => {
    const data = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { minKeys: 1 });
    const bytes = fc.dictionary(
      fc.string(),
      fc.uint8Array().map((array) => Buffer.from(array).toString('base64')),
      { minKeys: 1 },
    );
    const seconds = fc.maxSafeInteger();
    fc.assert(
      fc.property(data, bytes, seconds, (texts, binaryData, deletionGracePeriodSeconds) => {
        const value = { metadata: { name: 'n', deletionGracePeriodSeconds }, data: { ...texts }, binaryData: { ...binaryData } };
        expect(roundTrip('ConfigMap', 'v1', value)).toEqual(value);
      }),
    );
  });
});

describe('hostile bytes', () => {
  test('never anything but an Error of our own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const schema = schemaFor('io.k8s.api.core.v1.Pod');
        if (schema === undefined) throw new Error('no schema');
        try {
          decodeProtobuf(Buffer.concat([Buffer.from('k8s\0'), noise]), schema);
        } catch (error) {
          expect(error).toHaveProperty('name', 'ProtobufError');
        }
      }),
    );
  });
});

test('a watch frame: length, type, document', () => {
  const frame = watchFrame('ADDED', [Buffer.from('d'), Buffer.from('oc')]);
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  expect(frame.subarray(4).toString('latin1')).toBe('\n\u0005ADDED\u0012\u0005\n\u0003doc');
});
