/**
 * The Service `kubernetes`, by which the cluster reaches its API servers, with its endpoints: there from the start, and again when
 * somebody deletes them. pkg/controlplane/controller/kubernetesservice and pkg/controlplane/reconcilers, which look every ten seconds.
 */
import type { KubeObject } from '../../api/object.ts';
import type { Clock } from '../../base/clock.ts';
import { Lifecycle, type Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import type { Informers } from '../../client/informer-factory.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import { ensure } from './ensure.ts';
import * as objects from './objects.ts';

export interface KubernetesServiceOptions {
  readonly client: Client;
  /** The first address of the first service CIDR, whose family is the Service's. */
  readonly clusterIP: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const key = 'default/kubernetes';

export class KubernetesService {
  readonly #options: KubernetesServiceOptions;
  #endpoint: objects.ApiServerEndpoint | undefined;

  constructor(options: KubernetesServiceOptions) {
    this.#options = options;
  }

  /** Makes the Service, and brings Endpoints and slice to these addresses. */
  async publish(endpoint: objects.ApiServerEndpoint): Promise<void> {
    this.#endpoint = endpoint;
    const { client, clusterIP } = this.#options;
    const family = clusterIP.includes(':') ? 6 : 4;
    await ensure(client, refs.services, objects.kubernetesService(clusterIP, endpoint.port));
    await ensure(client, refs.endpoints, objects.kubernetesEndpoints(endpoint, family), ['subsets']);
    await ensure(client, refs.endpointSlices, objects.kubernetesEndpointSlice(endpoint, family), ['endpoints', 'ports']);
  }

  /** What others change stays: servers that do not know of each other yet would not agree. */
  follow(informers: Informers): Running {
    const { clock, logger } = this.#options;
    const lifecycle = new Lifecycle();
    const [services, endpoints, slices] = [informers.of(refs.services), informers.of(refs.endpoints), informers.of(refs.endpointSlices)];
    const ready = Promise.all([services.synced, endpoints.synced, slices.synced]);
    const reconcile = async (): Promise<undefined> => {
      if (this.#endpoint !== undefined) await this.publish(this.#endpoint);
    };
    const loop = lifecycle.add(startReconciler({ name: 'kubernetes-service', clock, logger, concurrency: 1, ready, reconcile }));
    const gone = ({ metadata: { namespace, name } }: Deletable): void => {
      if (`${namespace ?? ''}/${name}` === key) loop.enqueue(key);
    };
    lifecycle.add(services.handle({ delete: gone }));
    lifecycle.add(endpoints.handle({ delete: gone }));
    lifecycle.add(slices.handle({ delete: gone }));
    return lifecycle;
  }
}

type Deletable = { readonly metadata: KubeObject['metadata'] };
