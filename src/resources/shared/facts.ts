/** The facts of discovery that definitions take over: names, scope, verbs (openapi/resources.json). */
import { definitionOf } from '../../api/schema/facts.ts';
import { groupFacts, resourceFacts } from '../../api/schema/resources.ts';
import type { ResourceDefinition } from '../../registry/definition.ts';

/** What {@link fromFacts} fills in. */
export type Facts = Pick<
  ResourceDefinition,
  | 'group'
  | 'version'
  | 'kind'
  | 'listKind'
  | 'resource'
  | 'singular'
  | 'shortNames'
  | 'categories'
  | 'namespaced'
  | 'verbs'
  | 'schema'
  | 'status'
>;

/** The served facts of a GA kind; throws for one that 1.36 does not have. */
export function fromFacts(group: string, version: string, resource: string): Facts {
  const fact = resourceFacts(group, version, resource);
  const schema = fact === undefined ? undefined : definitionOf(group, version, fact.kind);
  if (fact === undefined || schema === undefined) throw new Error(`no facts about ${resource} in ${group}/${version}`);
  return {
    group,
    version,
    kind: fact.kind,
    listKind: `${fact.kind}List`,
    resource,
    singular: fact.singular,
    shortNames: fact.shortNames ?? [],
    categories: fact.categories ?? [],
    namespaced: fact.namespaced,
    verbs: fact.verbs,
    schema,
    status: fact.subresources?.some((subresource) => subresource.name === 'status') ?? false,
  };
}

/** Group, version and plural of every GA kind, in the order of discovery. */
export function everyKind(): { group: string; version: string; resource: string }[] {
  return groupFacts().flatMap(({ group, versions }) =>
    versions.flatMap(({ version, resources }) => resources.map(({ name }) => ({ group, version, resource: name }))),
  );
}
