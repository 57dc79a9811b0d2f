/**
 * Keeps the ServiceCIDR `kubernetes`: made of --service-cidr, made again when somebody deletes it, given its second family when the
 * flag gets one, and otherwise left as it is. pkg/controlplane/controller/defaultservicecidr.
 */
import { isReason } from '../../api/errors.ts';
import type { Condition, ServiceCIDR } from '../../api/generated/types.ts';
import { jsonEqual } from '../../api/json.ts';
import { defaultServiceCIDR as name } from '../../api/service-range.ts';
import { type Clock, rfc3339 } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { found } from '../../client/found.ts';
import { type EventRecorder, referenceTo } from '../../client/events.ts';
import type { Informer } from '../../client/informer.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';

export const serviceCIDRComponent = 'kubernetes-service-cidr-controller';

export interface DefaultServiceCIDROptions {
  readonly client: Client;
  /** As the flag has them, the primary family first. */
  readonly cidrs: readonly string[];
  readonly recorder: Pick<EventRecorder, 'event'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class DefaultServiceCIDR {
  readonly #options: DefaultServiceCIDROptions;
  /** What has been complained about already. */
  readonly #told = new Set<string>();

  constructor(options: DefaultServiceCIDROptions) {
    this.#options = options;
  }

  /** Brings the object in order once; resolves when there is one. */
  async sync(): Promise<void> {
    await this.#settle(await this.#get());
  }

  /** Does so whenever it changes. */
  follow(informer: Informer<ServiceCIDR>): Running {
    const { clock, logger } = this.#options;
    const loop = startReconciler({
      ...{ name: serviceCIDRComponent, clock, logger, concurrency: 1, ready: informer.synced },
      reconcile: async () => void (await this.#settle(informer.store.get(name))),
    });
    loop.watch(informer, (object) => (object.metadata.name === name ? [name] : []));
    return loop;
  }

  #get(): Promise<ServiceCIDR | undefined> {
    return found(this.#options.client.resource(refs.serviceCIDRs).get('', name));
  }

  async #settle(found: ServiceCIDR | undefined): Promise<void> {
    const { cidrs } = this.#options;
    if (found === undefined) return this.#create();
    const old = found.spec.cidrs ?? [];
    if (cidrs.length === 2 && old.length === 1 && cidrs[0] === old[0]) await this.#addFamily(found);
    else await this.#settleStatus(found);
  }

  async #create(): Promise<void> {
    const { client, cidrs } = this.#options;
    try {
      await this.#settleStatus(await client.resource(refs.serviceCIDRs).create('', { metadata: { name }, spec: { cidrs: [...cidrs] } }));
    } catch (error) {
      // Another server that starts at the same moment was faster.
      if (!isReason(error, 'AlreadyExists')) throw error;
      const made = await this.#get();
      if (made !== undefined) await this.#settleStatus(made);
    }
  }

  async #addFamily(found: ServiceCIDR): Promise<void> {
    const { client, cidrs } = this.#options;
    try {
      const updated = await client.resource(refs.serviceCIDRs).update({ ...structuredClone(found), spec: { cidrs: [...cidrs] } });
      await this.#settleStatus(updated);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `The default ServiceCIDR can not be upgraded from ${cidrs[0] ?? ''} to dual stack ${shown(cidrs)} : ${why}`;
      this.#warn(found, 'KubernetesDefaultServiceCIDRError', message);
    }
  }

  async #settleStatus(found: ServiceCIDR): Promise<void> {
    const { cidrs } = this.#options;
    // Whether it can go is for the ServiceCIDR controller to say.
    if (found.metadata.deletionTimestamp !== undefined) return;
    const own = found.spec.cidrs ?? [];
    if (!jsonEqual(own, cidrs)) {
      const message = `The default ServiceCIDR ${shown(own)} does not match the controller flag configurations ${shown(cidrs)}`;
      return this.#warn(found, 'KubernetesDefaultServiceCIDRInconsistent', message);
    }
    const ready = found.status.conditions?.find(({ type }) => type === 'Ready');
    if (ready === undefined || ready.status === 'Unknown') await this.#setReady(found);
    else if (ready.status === 'False') this.#warn(found, ready.reason, `Configuration matches, but ${ready.message}`);
  }

  async #setReady(found: ServiceCIDR): Promise<void> {
    const { client, clock, logger } = this.#options;
    const message = 'Kubernetes default Service CIDR is ready';
    const condition: Omit<Condition, 'reason'> = { type: 'Ready', status: 'True', message, lastTransitionTime: rfc3339(clock.now()) };
    const body = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name }, status: { conditions: [condition] } };
    try {
      await client.resource(refs.serviceCIDRs).patch('', name, {
        type: 'application/apply-patch+yaml',
        body,
        subresource: 'status',
        fieldManager: serviceCIDRComponent,
        force: true,
      });
    } catch (error) {
      logger.warn({ err: error }, 'the default ServiceCIDR is not said to be ready');
      this.#warn(found, 'KubernetesDefaultServiceCIDRError', 'The default ServiceCIDR Status can not be set to Ready=True');
    }
  }

  /** Once for each reason. */
  #warn(about: ServiceCIDR, reason: string, message: string): void {
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#options.recorder.event(referenceTo(refs.serviceCIDRs, about), 'Warning', reason, message);
  }
}

/** As Go prints a list of strings. */
const shown = (values: readonly string[]): string => `[${values.join(' ')}]`;
