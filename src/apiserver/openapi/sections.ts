/** Which v3 documents there are and what stands in each: one for every group and version served, and the small ones around them. */
import { definitionOf } from '../../api/schema/facts.ts';
import { resourceFacts, type ResourceFacts } from '../../api/schema/resources.ts';
import type { ResourceDefinition } from '../../registry/definition.ts';
import type { Section } from './documents.ts';
import { documentOperation, groupTag, operationsOf, type GroupVersionKind } from './operations.ts';

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** A definition's resource as the facts have it; of resources that are no part of Kubernetes what the definition itself tells. */
function factsOf(definition: ResourceDefinition): ResourceFacts {
  const facts = resourceFacts(definition.group, definition.version, definition.resource);
  if (facts !== undefined) return facts;
  const verbs = ['get', 'patch', 'update'];
  return {
    name: definition.resource,
    singular: definition.singular,
    kind: definition.kind,
    namespaced: definition.namespaced,
    verbs: definition.verbs,
    subresources: [
      ...(definition.status ? [{ name: 'status', verbs, kind: definition.kind }] : []),
      ...(definition.scale === undefined ? [] : [{ name: 'scale', verbs, kind: 'Scale', group: 'autoscaling', version: 'v1' }]),
    ],
  };
}

function versionSection(group: string, version: string, resources: readonly ResourceDefinition[]): Section {
  const place = group === '' ? `api/${version}` : `apis/${group}/${version}`;
  const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
  const own = new Map(resources.map((resource) => [resource.kind, resource.schema]));
  const find = (kind: GroupVersionKind): string | undefined =>
    (kind.group === group && kind.version === version ? own.get(kind.kind) : undefined) ?? definitionOf(kind.group, kind.version, kind.kind);
  return {
    place,
    tag: `${groupTag(group)}_${version}`,
    group,
    version,
    definitions: [],
    paths: [
      documentOperation(`/${place}/`, {
        id: `get${capital(groupTag(group))}${capital(version)}APIResources`,
        description: 'get available resources',
        answer: `${meta}APIResourceList`,
        produces: 'document',
      }),
      ...resources.flatMap((resource) => operationsOf({ group, version, resource: factsOf(resource), definitionOf: find })),
    ],
  };
}

interface Small {
  readonly place: string;
  readonly tag: string;
  readonly id: string;
  readonly description: string;
  readonly answer: string | undefined;
  readonly produces: 'document' | 'json' | 'keys';
}

const small = ({ place, tag, ...operation }: Small): Section => ({
  place,
  tag,
  group: undefined,
  version: undefined,
  definitions: [],
  paths: [documentOperation(`/${place}/`, operation)],
});

function groupSection(group: string): Section {
  const name = groupTag(group);
  return small({
    place: `apis/${group}`,
    tag: name,
    id: `get${name.charAt(0).toUpperCase()}${name.slice(1)}APIGroup`,
    description: 'get information of a group',
    answer: `${meta}APIGroup`,
    produces: 'document',
  });
}

const around: readonly Small[] = [
  { place: 'api', tag: 'core', id: 'getCoreAPIVersions', description: 'get available API versions', answer: `${meta}APIVersions`, produces: 'document' },
  { place: 'apis', tag: 'apis', id: 'getAPIVersions', description: 'get available API versions', answer: `${meta}APIGroupList`, produces: 'document' },
  {
    place: 'version',
    tag: 'version',
    id: 'getCodeVersion',
    description: 'get the version information for this server',
    answer: 'io.k8s.apimachinery.pkg.version.Info',
    produces: 'json',
  },
  {
    place: '.well-known/openid-configuration',
    tag: 'WellKnown',
    id: 'getServiceAccountIssuerOpenIDConfiguration',
    description: "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
    answer: undefined,
    produces: 'json',
  },
  {
    place: 'openid/v1/jwks',
    tag: 'openid',
    id: 'getServiceAccountIssuerOpenIDKeyset',
    description: 'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)',
    answer: undefined,
    produces: 'keys',
  },
];

/** By place. Each section is worked out when it is asked for. */
export function sectionsOf(definitions: readonly ResourceDefinition[]): ReadonlyMap<string, () => Section> {
  const sections = new Map<string, () => Section>(around.map((one) => [one.place, () => small(one)]));
  for (const [group, ofGroup] of Map.groupBy(definitions, (definition) => definition.group)) {
    if (group !== '') sections.set(`apis/${group}`, () => groupSection(group));
    for (const [version, resources] of Map.groupBy(ofGroup, (definition) => definition.version)) {
      sections.set(group === '' ? `api/${version}` : `apis/${group}/${version}`, () => versionSection(group, version, resources));
    }
  }
  return new Map([...sections].sort(([a], [b]) => (a < b ? -1 : 1)));
}
