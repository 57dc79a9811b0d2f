/** Reads of the plugins: from the caches, without waiting for anything, as upstream's plugins read from informers. */
import { isReason } from '../../api/errors.ts';
import { goQuoted } from '../../api/go-text.ts';
import { pathSegmentFaults } from '../../api/names.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Entry, Registry, ResourceStore } from '../../registry/store.ts';

export interface ResourceName {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Undefined: not served (small set-ups of tests). */
export function storeOf(registry: Registry, { group, version, resource }: ResourceName): ResourceStore | undefined {
  return registry.lookup(group, version, resource);
}

/** A frozen object, undefined when there is none. */
export async function find<T>(
  registry: Registry,
  resource: ResourceName,
  place: { readonly namespace?: string; readonly name: string },
): Promise<T | undefined> {
  const store = storeOf(registry, resource);
  if (store?.known !== undefined) return store.known(place.namespace ?? '', place.name)?.object as T | undefined;
  try {
    const entry = await store?.get(place.namespace ?? '', place.name, '0');
    return entry?.object as T | undefined;
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** All entries of a namespace; the very same list as long as nothing has changed. */
export async function entriesOf(registry: Registry, resource: ResourceName, namespace = ''): Promise<readonly Entry[]> {
  const store = storeOf(registry, resource);
  if (store?.knownIn !== undefined) return store.knownIn(namespace);
  return (await store?.list({ namespace, resourceVersion: '0' }))?.entries ?? none;
}

const none: readonly Entry[] = [];

export async function objectsOf<T>(registry: Registry, resource: ResourceName, namespace = ''): Promise<readonly T[]> {
  return (await entriesOf(registry, resource, namespace)).map((entry) => entry.object as T);
}

/** The class that is marked as the default one: the newest, of those the first by name. */
export function defaultClass(classes: readonly KubeObject[], annotations: readonly string[]): KubeObject | undefined {
  const marked = classes.filter(({ metadata }) => annotations.some((annotation) => metadata.annotations?.[annotation] === 'true'));
  return marked.sort(newestFirst)[0];
}

function newestFirst({ metadata: a }: KubeObject, { metadata: b }: KubeObject): number {
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp ? 1 : -1;
  return a.name < b.name ? -1 : 1;
}

/** What upstream's client says of a name that no path can hold, before it asks (client-go rest/request.go). */
export function pathNameFault(name: string): string | undefined {
  const faults = pathSegmentFaults(name);
  return faults.length === 0 ? undefined : `invalid resource name ${goQuoted(name)}: [${faults.join(' ')}]`;
}
