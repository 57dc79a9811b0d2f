/** What a controller is and what it is given. */
import type { Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Queues } from '../../base/queue-metrics.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import type { Informers } from '../../client/informer-factory.ts';
import type { CertificateSigner } from '../certificates/index.ts';

export interface ControllerSettings {
  /** Pod CIDRs of the cluster, one a family; nodes get /24 and /64 of them. Empty: nodes keep what they have. */
  readonly clusterCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  /** PEM text that goes into every namespace's kube-root-ca.crt; undefined: none is published. */
  readonly rootCA: string | undefined;
  /** Grants nodes their certificates; missing: nobody does. */
  readonly signer?: CertificateSigner;
  /** Terminated pods kept before the oldest are collected. Default 12500, as kube-controller-manager. */
  readonly terminatedPodThreshold?: number;
  /** Silence of a node's Lease before it counts as unreachable, in ms. Default 50000, as kube-controller-manager 1.36. */
  readonly nodeMonitorGraceMs?: number;
  /** Services of type LoadBalancer get no addresses of nodes. */
  readonly disableServiceLB?: boolean;
  /** A GET of any path at the cluster's API as parsed JSON, for the metrics APIs; missing: there are none. */
  readonly rawGet?: (path: string) => Promise<unknown>;
}

export interface ControllerContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly informers: Informers;
  /** Counts what the loops' queues do; missing: nobody does. */
  readonly queues?: Queues | undefined;
  readonly settings: ControllerSettings;
  /** A recorder of events under this component's name; stopped with the controllers. */
  recorder(component: string): EventRecorder;
}

/** One controller: `start` asks for its informers and returns its loop. */
export interface Controller {
  /** As kube-controller-manager's `--controllers` names it. */
  readonly name: string;
  /** Plural resources it watches, for the reader and later for roles. */
  readonly watches: readonly string[];
  start(context: ControllerContext): Running;
}
