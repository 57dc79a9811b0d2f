/** Which endpoints take a service port's traffic. Rules: k8s.io/kubernetes/pkg/proxy/topology.go and endpointslicecache.go. */
import type { EndpointSlice } from '../api/generated/types.ts';
import { isPlainAddress } from './addresses.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface Backend {
  readonly ip: string;
  readonly port: number;
}

export interface Backends {
  /** For traffic that may go to any node. */
  readonly cluster: readonly Backend[];
  /** For traffic that must stay on this node. */
  readonly local: readonly Backend[];
}

export const noBackends: Backends = { cluster: [], local: [] };

interface Candidate extends Backend {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly local: boolean;
}

export interface BackendQuery {
  readonly nodeName: string;
  /** Of the service port; '' for the only, unnamed one. */
  readonly portName: string;
  readonly protocol: Protocol;
}

/** The slices are those of one service and one family. Endpoints that end but still serve are used only when no ready one is left. */
export function selectBackends(slices: readonly EndpointSlice[], query: BackendQuery): Backends {
  const candidates = [...collect(slices, query).values()];
  return { cluster: usable(candidates), local: usable(candidates.filter((candidate) => candidate.local)) };
}

function usable(candidates: readonly Candidate[]): Backend[] {
  const ready = candidates.filter((candidate) => candidate.ready);
  const chosen = ready.length > 0 ? ready : candidates.filter((candidate) => candidate.serving && candidate.terminating);
  return chosen.map(({ ip, port }) => ({ ip, port }));
}

function collect(slices: readonly EndpointSlice[], query: BackendQuery): Map<string, Candidate> {
  const candidates = new Map<string, Candidate>();
  for (const slice of slices) {
    const match = slice.ports?.find((port) => (port.name ?? '') === query.portName && (port.protocol ?? 'TCP') === query.protocol);
    const port = match?.port;
    if (port === undefined || port === null) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ip = endpoint.addresses[0];
      if (ip === undefined || !isPlainAddress(ip)) continue;
      const ready = endpoint.conditions?.ready ?? true;
      const candidate = {
        ip,
        port,
        ready,
        serving: endpoint.conditions?.serving ?? ready,
        terminating: endpoint.conditions?.terminating ?? false,
        local: endpoint.nodeName === query.nodeName,
      };
      // The same endpoint may stand in two slices while it moves between them: the ready one counts.
      const key = `${ip} ${port}`;
      if (candidates.get(key)?.ready !== true) candidates.set(key, candidate);
    }
  }
  return candidates;
}

/**
 * Puts the wanted backends in an order as near to the former one as can be: who stays keeps the place, the last one fills a gap.
 * Places are map keys in the rules, so this keeps the change of one backend to one or two elements.
 */
export function keepPlaces(former: readonly Backend[], wanted: readonly Backend[]): readonly Backend[] {
  const fresh = new Map(wanted.map((backend) => [`${backend.ip} ${backend.port}`, backend]));
  const places: (Backend | undefined)[] = former.slice(0, wanted.length).map((backend) => take(fresh, backend));
  for (const backend of former.slice(wanted.length)) {
    // Beyond the new end: these move into gaps below.
    const kept = take(fresh, backend);
    if (kept !== undefined) fresh.set(`${kept.ip} ${kept.port}`, kept);
  }
  const rest = [...fresh.values()];
  const filled = places.map((backend) => backend ?? rest.shift()).filter((backend) => backend !== undefined);
  return [...filled, ...rest];
}

function take(from: Map<string, Backend>, backend: Backend): Backend | undefined {
  const key = `${backend.ip} ${backend.port}`;
  const found = from.get(key);
  from.delete(key);
  return found;
}
