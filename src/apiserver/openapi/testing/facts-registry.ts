/** A registry that serves every resource of the facts, without behaviour: enough for documents. */
import { definitionOf } from '../../../api/schema/facts.ts';
import { groupFacts } from '../../../api/schema/resources.ts';
import { running } from '../../../base/lifecycle.ts';
import { define, type ResourceDefinition } from '../../../registry/definition.ts';
import type { Registry, ResourceStore } from '../../../registry/store.ts';

export function factDefinitions(): ResourceDefinition[] {
  return groupFacts().flatMap(({ group, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.map((resource) =>
        define({
          group,
          version,
          kind: resource.kind,
          listKind: `${resource.kind}List`,
          resource: resource.name,
          singular: resource.singular,
          shortNames: resource.shortNames ?? [],
          categories: resource.categories ?? [],
          namespaced: resource.namespaced,
          verbs: resource.verbs,
          schema: definitionOf(group, version, resource.kind) ?? '',
          strategy: {},
          columns: [],
          status: false,
        }),
      ),
    ),
  );
}

/** `changed()` is what its listeners wait for. */
export function factsRegistry(definitions = factDefinitions()): Pick<Registry, 'all' | 'onChange'> & { changed(): void } {
  const listeners = new Set<() => void>();
  return {
    all: () => definitions.map((definition) => ({ definition }) as ResourceStore),
    onChange(call) {
      listeners.add(call);
      return running(() => void listeners.delete(call));
    },
    changed() {
      for (const call of listeners) call();
    },
  };
}
