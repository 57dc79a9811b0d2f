/** Ports of the node's own addresses that a pod takes: pkg/scheduler/util, GetHostPorts; scheduler framework HostPortInfo. */
import type { PodSpec } from './generated/types.ts';

export interface HostPort {
  /** '0.0.0.0' stands for every address. */
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

/** Of containers and sidecars. */
export function hostPorts({ containers, initContainers = [] }: PodSpec): HostPort[] {
  const sidecars = initContainers.filter((container) => container.restartPolicy === 'Always');
  return [...containers, ...sidecars].flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map(({ hostIP = '', protocol = 'TCP', hostPort = 0 }) => ({ ip: hostIP === '' ? '0.0.0.0' : hostIP, protocol, port: hostPort })),
  );
}

/** Whether both cannot be on one node. */
export function hostPortsClash(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');
}
