import type { Duplex } from 'node:stream';
import type { Pod } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Commands } from '../base/command.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import type { Informer } from '../client/informer.ts';
import type { EvictionTuning } from './eviction/thresholds.ts';
import type { PodNetwork } from './network/pod-network.ts';
import type { Logind } from './node/logind.ts';
import type { PriorityGrace } from './node/shutdown.ts';
import type { LogDirs } from './pods/pod-logs.ts';
import type { Verification } from './pods/pull-records.ts';
import type { References } from './references.ts';
import type { Runtime } from './runtimes/runtime.ts';

export interface AgentOptions {
  readonly client: Client;
  /** Shared caches for what all agents of a process look at (services); default: the agent's own. */
  readonly informers?: Informers;
  /** What nodes of one process can have together; default: the agent's own. */
  readonly shared?: { readonly pods: Informer<Pod>; readonly references: References };
  readonly nodeName: string;
  /** One address a family, the preferred one first. */
  readonly nodeIPs: readonly string[];
  readonly runtime: 'docker' | 'sim' | Runtime;
  readonly dockerSocket?: string;
  /** Six hex digits that mark everything made on the host. */
  readonly instance: string;
  /** Pods' files go to `pods/` below it. */
  readonly dataDir: string;
  /** Where the volumes of the class local-path are made, an absolute path; missing: this node makes none. */
  readonly storageDir?: string;
  /** May come later: pods that are not on the host's network wait for it, and the node is not Ready before. Missing: pods have no network. */
  readonly podNetwork?: PodNetwork | Promise<PodNetwork>;
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  /** The kubelet API; missing: not served (simulated nodes by the thousand). Port 0 takes any free one. */
  readonly kubelet?: KubeletServerOptions;
  /** Labels for the Node when it registers. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly maxPods?: number;
  /** No more pods than so many for each processor; 0: as many as `maxPods` says. */
  readonly podsPerCore?: number;
  /** A folder (or file) of pods that this node runs by itself, and how to read them. */
  readonly manifests?: { readonly path: string; readonly parse: (text: string) => Pod | Promise<Pod> };
  /** When pods are evicted, as for the kubelet's flag of that name; default {@link defaultThresholds}. */
  readonly evictionHard?: string;
  /** Soft thresholds and what goes with them; default: none. */
  readonly eviction?: EvictionTuning;
  /** Percent of the images' file system in use from which on, and down to which, unused images are removed; default 85 and 80. */
  readonly imageGcHighPercent?: number;
  readonly imageGcLowPercent?: number;
  /** Unused images are kept for so long after their pull, in ms (default two minutes), and so long after their last use (0: for ever). */
  readonly imageGcMinimumAgeMs?: number;
  readonly imageGcMaximumAgeMs?: number;
  /** Pulls at a time; default: as many as are wanted. */
  readonly maxParallelImagePulls?: number | undefined;
  /** Which pods must show credentials for an image that is here already; default: for those that this agent pulled. */
  readonly imageVerification?: Verification | undefined;
  /** What pods do not get, by resource. */
  readonly kubeReserved?: Readonly<Record<string, string>>;
  readonly systemReserved?: Readonly<Record<string, string>>;
  /** When a container's log is cut off, and how many pieces are kept; default 10 MiB and 5. */
  readonly containerLogs?: { readonly maxBytes: number; readonly maxFiles: number };
  /** Where the logs of containers are shown to others; missing: nowhere. */
  readonly logDirs?: LogDirs | undefined;
  /** How long pods have to end when the machine goes down, and how much of it is for critical ones, in ms; default 0: they are left alone. */
  readonly shutdownGraceMs?: number;
  readonly shutdownGraceCriticalMs?: number;
  /** In place of both: how long pods have by their priority. */
  readonly shutdownGraceByPriority?: readonly PriorityGrace[];
  /** Sysctls beyond the safe ones that pods may set, `net.core.*` for all that begin so; default none. */
  readonly unsafeSysctls?: readonly string[];
  /** Who tells that the machine goes down, and waits; missing: only who calls the agent's `shutDown`. */
  readonly logind?: Logind | undefined;
  /** Capacity of a simulated node, e.g. `{ cpu: '32', memory: '256Gi' }`; default: this machine's. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** Default: started by this process itself. */
  readonly commands?: Commands;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface KubeletServerOptions {
  /** Default: all addresses. */
  readonly host?: string;
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string };
  /** PEM of the authority whose client certificates are let in. */
  readonly clientCA: string;
  /** Tells how the server is given a new certificate once it listens. */
  readonly onRenewable?: (use: (tls: KubeletServerOptions['tls']) => void) => void;
  /** Tells how an API server in the same process connects once the server listens; it is believed to be one. */
  readonly onReachable?: (connect: () => Duplex) => void;
}
