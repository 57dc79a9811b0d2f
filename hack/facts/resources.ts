/** What is served: groups in discovery order, their GA versions and resources, out of the API server's recorded discovery documents. */
import type { GroupFacts, ResourceFacts } from '../../src/api/schema/resources.ts';
import { readFileSync } from 'node:fs';

interface LegacyResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

function fold(resources: readonly LegacyResource[]): ResourceFacts[] {
  const subresources = Map.groupBy(
    resources.filter((resource) => resource.name.includes('/')),
    (resource) => resource.name.split('/')[0] ?? '',
  );
  // A subresource may stand alone (namespaces/finalize does not, but be safe): only those with a parent are kept.
  return resources
    .filter((resource) => !resource.name.includes('/'))
    .map(({ singularName, group: _group, version: _version, name, ...rest }) => {
      const own = (subresources.get(name) ?? []).map((sub) => ({
        name: sub.name.slice(name.length + 1),
        verbs: sub.verbs,
        kind: sub.kind,
        ...(sub.version === undefined ? {} : { group: sub.group ?? '', version: sub.version }),
      }));
      return { name, singular: singularName, ...rest, ...(own.length === 0 ? {} : { subresources: own }) };
    });
}

/** `dir` is api/discovery of k8s.io/kubernetes. */
export function readResources(dir: string): GroupFacts[] {
  const read = (file: string): unknown => JSON.parse(readFileSync(`${dir}/${file}.json`, 'utf8'));
  const resourcesOf = (file: string): ResourceFacts[] => fold((read(file) as { resources: LegacyResource[] }).resources);
  const groups = (read('apis') as { groups: { name: string; versions: { version: string }[] }[] }).groups;
  return [
    { group: '', versions: [{ version: 'v1', resources: resourcesOf('api__v1') }] },
    ...groups
      .map(({ name, versions }) => ({
        group: name,
        versions: versions
          .filter(({ version }) => /^v\d+$/.test(version))
          .map(({ version }) => ({ version, resources: resourcesOf(`apis__${name}__${version}`) })),
      }))
      .filter(({ versions }) => versions.length > 0),
  ];
}
