/** What the agent needs of a pod network; node.ts implements it with routed veth pairs. */
import type { Running } from '../../base/lifecycle.ts';

export interface PodAttachment {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Process id (on the host) whose network namespace is the pod's. */
  readonly pid: number;
}

export interface HostPort {
  readonly hostIP: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface PodNetwork extends Running {
  /** Connects the pod's namespace and gives it its addresses, IPv4 first; calling it again for the same uid answers the same ones. */
  attach(pod: PodAttachment, hostPorts: readonly HostPort[]): Promise<readonly string[]>;
  /** Frees addresses and host ports; fine to call for an unknown uid. The veth goes with the namespace. */
  detach(uid: string): Promise<void>;
  /** Forgets every pod that is not in the set (after a restart of the agent). */
  retain(uids: ReadonlySet<string>): Promise<void>;
}
