import { describe, expect, test } from '@jest/globals';
import { definitionOf, definitions, schemaFor, schemaOfKind } from './facts.ts';
import { groupFacts, resourceFacts } from './resources.ts';
import { child, items } from './schema.ts';

describe('schemas of built-in kinds', () => {
  test('a kind has its definition', () => {
    expect(definitionOf('apps', 'v1', 'Deployment')).toBe('io.k8s.api.apps.v1.Deployment');
    expect(schemaOfKind('apps', 'v1', 'Nothing')).toBeUndefined();
    expect(schemaFor('io.k8s.api.core.v1.Nothing')).toBeUndefined();
  });

  test('fields know their Go types, lists their keys', () => {
    const spec = child(schemaOfKind('', 'v1', 'Pod') ?? neverSchema(), 'spec');
    const containers = child(spec?.schema ?? neverSchema(), 'containers');
    expect(containers).toMatchObject({
      required: true,
      omitEmpty: false,
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: ['merge'],
    });
    expect(containers?.schema).toMatchObject({ type: 'list', goType: '[]v1.Container' });
    expect(items(containers?.schema ?? neverSchema())?.goType).toBe('v1.Container');
    expect(child(spec?.schema ?? neverSchema(), 'priority')).toMatchObject({ pointer: true, schema: { type: 'integer', bits: 32 } });
  });

  test('types that read their own JSON are told apart', () => {
    const probe = schemaFor('io.k8s.api.core.v1.HTTPGetAction') ?? neverSchema();
    expect(child(probe, 'port')?.schema.type).toBe('int-or-string');
    expect(child(schemaFor('io.k8s.api.core.v1.Probe') ?? neverSchema(), 'httpGet')?.embedded).toBe('ProbeHandler');
    expect(child(schemaFor('io.k8s.api.apps.v1.DeploymentSpec') ?? neverSchema(), 'strategy')?.patchStrategy).toEqual(['retainKeys']);
  });

  test('every field of every definition has a schema and, in structs of the API, a Go type', () => {
    const untyped = Object.keys(definitions()).flatMap((name) =>
      [...(schemaFor(name)?.fields.values() ?? [])]
        .filter((field) => field.schema.type === 'struct' && field.number === 0)
        .map((field) => `${name}.${field.name}`),
    );
    expect(untyped).toEqual([]);
  });
});

test('every resource served has a kind with a definition', () => {
  const missing = groupFacts().flatMap(({ group, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.filter(({ kind }) => definitionOf(group, version, kind) === undefined).map(({ name }) => name),
    ),
  );
  expect(missing).toEqual([]);
  expect(resourceFacts('apps', 'v1', 'deployments')).toMatchObject({ kind: 'Deployment', shortNames: ['deploy'], categories: ['all'] });
});

function neverSchema(): never {
  throw new Error('no schema');
}
