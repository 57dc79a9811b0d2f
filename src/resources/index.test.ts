import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { FakeClock } from '../base/clock.ts';
import { builtinResources } from './index.ts';
import { everyKind } from './shared/facts.ts';
import { testDeps } from './testing/deps.ts';

const here = new URL('.', import.meta.url).pathname;
const definitions = builtinResources(testDeps(new FakeClock()));

describe('the list of built-in kinds', () => {
  test('has every GA kind of the facts, each once', () => {
    const listed = definitions.map(({ group, version, resource }) => `${group}/${version}/${resource}`).sort();
    expect(listed).toEqual(
      everyKind()
        .map(({ group, version, resource }) => `${group}/${version}/${resource}`)
        .sort(),
    );
  });

  test('imports every folder that holds a definition', () => {
    const index = readFileSync(`${here}index.ts`, 'utf8');
    const folders = readdirSync(here, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'shared' && entry.name !== 'testing')
      .flatMap((group) => readdirSync(`${here}${group.name}`).map((plural) => `./${group.name}/${plural}/definition.ts`))
      .filter((file) => existsSync(`${here}${file}`));
    expect(folders.filter((file) => !index.includes(`'${file}'`))).toEqual([]);
  });

  test('serves behaviour for the subresources that have one', () => {
    const names = (resource: string): string[] =>
      (definitions.find((one) => one.resource === resource && one.group === '')?.subresources ?? []).map(({ name }) => name).sort();
    expect(names('pods')).toEqual(['binding', 'ephemeralcontainers', 'eviction', 'resize']);
    expect(names('serviceaccounts')).toEqual(['token']);
    expect(names('namespaces')).toEqual(['finalize']);
  });

  test('scale is there for the four kinds that have replicas', () => {
    const scaled = definitions.filter(({ scale }) => scale !== undefined).map(({ resource }) => resource);
    expect(scaled.sort()).toEqual(['deployments', 'replicasets', 'replicationcontrollers', 'statefulsets']);
  });

  test('every stored kind has columns but one that upstream prints by default, and a default that stands an object without anything', () => {
    const stored = definitions.filter((one) => one.virtual === undefined);
    expect(stored.filter(({ columns }) => columns.length === 0).map(({ resource }) => resource)).toEqual(['csistoragecapacities']);
    for (const definition of stored) {
      const object = { metadata: { name: 'x' } };
      expect(() => definition.strategy.default?.(object as never)).not.toThrow();
    }
  });
});
