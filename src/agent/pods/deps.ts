import type { Service } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { CommandRunner } from '../../base/command.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/events.ts';
import type { ProbeMetrics } from '../probes/metrics.ts';
import type { PodMetrics } from '../stats/pod-metrics.ts';
import type { PodNetwork } from '../network/pod-network.ts';
import type { References } from '../references.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { ClaimReader } from '../volumes/claims.ts';
import type { TokenSource } from '../volumes/tokens.ts';
import type { ImagePuller } from './images.ts';
import type { Leftovers } from './leftovers.ts';
import type { PodLogs } from './pod-logs.ts';
import type { StatusWriter } from './status-writer.ts';

/** What all pod workers of a node share. */
export interface PodDeps {
  readonly runtime: Runtime;
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly statuses: StatusWriter;
  readonly leftovers: Leftovers;
  readonly references: References;
  readonly images: ImagePuller;
  readonly probeMetrics: ProbeMetrics;
  readonly metrics: PodMetrics;
  readonly tokens: TokenSource;
  readonly claims: ClaimReader;
  /** Undefined: pods that are not on the host's network have none. */
  readonly network: Promise<PodNetwork> | undefined;
  services(): Iterable<Service>;
  /** Resolves when `services` is complete. */
  readonly servicesSynced: Promise<void>;
  readonly run: CommandRunner;
  /** Undefined: nobody else is shown where logs are. */
  readonly podLogs: PodLogs | undefined;
  readonly podsDir: string;
  /** Below it nothing reaches a disk. */
  readonly memoryDir: string;
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  readonly machineMemory: number;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Sysctls beyond the safe ones that pods may set. */
  readonly unsafeSysctls: readonly string[];
  /** Folder of localhost seccomp profiles. */
  readonly seccompDir: string;
}
