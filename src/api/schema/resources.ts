/** Which resources Kubernetes 1.36 serves, as its discovery documents say: names, verbs, subresources, order of the groups. */
import { resourcesText } from '../generated/resources.ts';
import { lazy } from './lazy.ts';

export interface SubresourceFacts {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly kind: string;
  /** Only when the kind is of another group or version than the resource. */
  readonly group?: string;
  readonly version?: string;
}

export interface ResourceFacts {
  readonly name: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
  readonly subresources?: readonly SubresourceFacts[];
}

export interface GroupFacts {
  readonly group: string;
  readonly versions: readonly { readonly version: string; readonly resources: readonly ResourceFacts[] }[];
}

/** Every group with its GA versions, in discovery order; the core group ('') is first. */
export const groupFacts = lazy(() => JSON.parse(resourcesText) as readonly GroupFacts[]);

const byResource = lazy(() => {
  const all = new Map<string, ResourceFacts>();
  for (const { group, versions } of groupFacts()) {
    for (const { version, resources } of versions)
      for (const resource of resources) all.set(`${group}/${version}/${resource.name}`, resource);
  }
  return all;
});

/** The facts of one built-in resource (plural name); undefined for others. */
export function resourceFacts(group: string, version: string, resource: string): ResourceFacts | undefined {
  return byResource().get(`${group}/${version}/${resource}`);
}
