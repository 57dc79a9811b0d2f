/** What network policies need to know of a pod; most changes of a pod's status change none of it. */
import type { Pod } from '../../api/generated/types.ts';
import type { Labels } from '../../api/label-selector.ts';
import type { Protocol } from './policy-rules.ts';

export interface PodPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

export interface PodFacts {
  readonly namespace: string;
  readonly labels: Labels;
  readonly ips: readonly string[];
  /** Its named ports. */
  readonly ports: readonly PodPort[];
  /** Runs on this node: its policies are enforced here. */
  readonly isLocal: boolean;
}

const noLabels: Labels = {};

/**
 * Undefined for pods that no policy concerns: those in the host's network, which share the node's address, those that have ended
 * (their address may be another pod's) and those without an address. `admitted` stands in until the status has the addresses.
 */
export function podFacts(pod: Pod, nodeName: string, admitted: readonly string[] = []): PodFacts | undefined {
  const { spec, status } = pod;
  if (spec.hostNetwork === true || status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
  const assigned = status?.podIPs?.flatMap(({ ip }) => (ip === undefined || ip === '' ? [] : [ip])) ?? [];
  const ips = assigned.length > 0 ? assigned : admitted;
  if (ips.length === 0) return undefined;
  return {
    namespace: pod.metadata.namespace ?? '',
    labels: pod.metadata.labels ?? noLabels,
    ips,
    ports: namedPorts(pod),
    isLocal: spec.nodeName === nodeName,
  };
}

/** Those of sidecars (init containers that go on) too. */
function namedPorts({ spec }: Pod): PodPort[] {
  const sidecars = spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? [];
  return [...sidecars, ...spec.containers].flatMap(({ ports = [] }) =>
    ports.flatMap(({ name, protocol = 'TCP', containerPort }) =>
      name === undefined || name === '' ? [] : [{ name, protocol: protocol.toLowerCase() as Protocol, port: containerPort }],
    ),
  );
}

export function sameFacts(a: PodFacts, b: PodFacts): boolean {
  return (
    a.isLocal === b.isLocal &&
    a.ips.length === b.ips.length &&
    a.ips.every((ip, at) => ip === b.ips[at]) &&
    sameLabels(a.labels, b.labels) &&
    a.ports.length === b.ports.length &&
    a.ports.every((port, at) => {
      const other = b.ports[at];
      return port.name === other?.name && port.protocol === other.protocol && port.port === other.port;
    })
  );
}

function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
