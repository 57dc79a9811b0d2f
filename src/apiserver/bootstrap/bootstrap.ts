/** Makes the objects of objects.ts exist, and keeps those that say where the API server is up to date. */
import type { Client } from '../../client/client.ts';
import { refs } from '../../client/refs.ts';
import type { DefaultServiceCIDR } from './default-service-cidr.ts';
import { ensure } from './ensure.ts';
import type { KubernetesService } from './kubernetes-service.ts';
import * as objects from './objects.ts';

export interface BootstrapOptions {
  readonly client: Client;
  readonly serviceCIDR: Pick<DefaultServiceCIDR, 'sync'>;
  readonly kubernetesService: Pick<KubernetesService, 'publish'>;
  readonly endpoint: objects.ApiServerEndpoint;
}

/** Idempotent; run at every start before the server says it is ready. */
export async function bootstrap({ client, serviceCIDR, kubernetesService, endpoint }: BootstrapOptions): Promise<void> {
  for (const name of objects.systemNamespaces) await ensure(client, refs.namespaces, objects.namespace(name));
  for (const priorityClass of objects.systemPriorityClasses) await ensure(client, refs.priorityClasses, priorityClass);
  await ensure(client, refs.storageClasses, objects.localPathClass);
  // No Service gets an address before.
  await serviceCIDR.sync();
  await kubernetesService.publish(endpoint);
}
