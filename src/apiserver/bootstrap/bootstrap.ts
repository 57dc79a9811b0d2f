/** Makes the objects of objects.ts exist, and keeps those that say where the API server is up to date. */
import { isReason } from '../../api/errors.ts';
import { jsonEqual } from '../../api/json.ts';
import type { KubeObject, New } from '../../api/object.ts';
import type { Client, ResourceRef } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';
import type { DefaultServiceCIDR } from './default-service-cidr.ts';
import * as objects from './objects.ts';

export interface BootstrapOptions {
  readonly client: Client;
  /** The first address of each service CIDR. */
  readonly kubernetesServiceIPs: readonly string[];
  readonly serviceCIDR: Pick<DefaultServiceCIDR, 'sync'>;
  readonly endpoint: objects.ApiServerEndpoint;
}

/** Idempotent; run at every start before the server says it is ready. */
export async function bootstrap(options: BootstrapOptions): Promise<void> {
  const { client, endpoint } = options;
  for (const name of objects.systemNamespaces) await ensure(client, refs.namespaces, objects.namespace(name));
  for (const priorityClass of objects.systemPriorityClasses) await ensure(client, refs.priorityClasses, priorityClass);
  await ensure(client, refs.storageClasses, objects.localPathClass);
  // No Service gets an address before.
  await options.serviceCIDR.sync();
  const family = familyOf(options);
  await ensure(client, refs.services, objects.kubernetesService(options.kubernetesServiceIPs[0] ?? '', endpoint.port));
  await publishEndpoint(client, endpoint, family);
}

/** The family of the Service `kubernetes`: that of the first service CIDR. */
export function familyOf({ kubernetesServiceIPs: [first = ''] }: Pick<BootstrapOptions, 'kubernetesServiceIPs'>): 4 | 6 {
  return first.includes(':') ? 6 : 4;
}

/** Brings Endpoints and slice of the Service `kubernetes` to these addresses. */
export async function publishEndpoint(client: Client, endpoint: objects.ApiServerEndpoint, family: 4 | 6): Promise<void> {
  await ensure(client, refs.endpoints, objects.kubernetesEndpoints(endpoint, family), ['subsets']);
  await ensure(client, refs.endpointSlices, objects.kubernetesEndpointSlice(endpoint, family), ['endpoints', 'ports']);
}

/** Creates the object, or brings the named fields of the one that is there up to date. Answers what is stored. */
async function ensure<T extends Stored>(client: Client, ref: ResourceRef<T>, wanted: New<T>, fields: readonly string[] = []): Promise<T> {
  const resource = client.resource(ref);
  const { name = '', namespace = '' } = wanted.metadata;
  let current: T & Record<string, unknown>;
  try {
    current = await resource.get(namespace, name);
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
    return orAgain(resource.create(namespace, wanted), () => ensure(client, ref, wanted, fields));
  }
  const values: Record<string, unknown> = wanted;
  if (fields.every((field) => jsonEqual(current[field], values[field]))) return current;
  const updated = { ...structuredClone(current), ...Object.fromEntries(fields.map((field) => [field, values[field]])) };
  return orAgain(resource.update(updated), () => ensure(client, ref, wanted, fields));
}

/** Another server that starts at the same moment may be faster. */
async function orAgain<T>(write: Promise<T>, again: () => Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (isReason(error, 'AlreadyExists') || isReason(error, 'Conflict')) return again();
    throw error;
  }
}

type Stored = { metadata: KubeObject['metadata'] };
