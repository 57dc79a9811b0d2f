/** Which endpoints take a service port's traffic. Rules: k8s.io/kubernetes/pkg/proxy/topology.go and endpointslicecache.go. */
import type { EndpointSlice } from '../api/generated/types.ts';
import { canonicalAddress } from './addresses.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface Backend {
  readonly ip: string;
  readonly port: number;
}

export interface Backends {
  /** For traffic that may go to any node: those that hints put near this one, where there are such. */
  readonly cluster: readonly Backend[];
  /** For traffic that must stay on this node. */
  readonly local: readonly Backend[];
  /** All that still serve, ready or not, on any node: flows that are under way to these go on. */
  readonly serving: readonly Backend[];
  /** Addresses among cluster and local that may be pods of this node, so that what they send can come back to themselves. */
  readonly here: readonly string[];
  /** How many addresses of this node are ready. */
  readonly localReady: number;
}

export const noBackends: Backends = { cluster: [], local: [], serving: [], here: [], localReady: 0 };

interface Candidate extends Backend {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName: string | undefined;
  readonly forZones: readonly string[];
  readonly forNodes: readonly string[];
}

export interface BackendQuery {
  readonly nodeName: string;
  /** Of this node; '' when it has none. */
  readonly zone?: string;
  /** Of the service port; '' for the only, unnamed one. */
  readonly portName: string;
  readonly protocol: Protocol;
}

/**
 * The slices are those of one service and one family. Ready endpoints near by come first, as their hints say; hints count only when
 * every ready endpoint has some. Endpoints that end but still serve are used only when no ready one is left.
 */
export function selectBackends(slices: readonly EndpointSlice[], query: BackendQuery): Backends {
  const candidates = [...collect(slices, query).values()];
  const ready = candidates.filter((candidate) => candidate.ready);
  const own = candidates.filter((candidate) => candidate.nodeName === query.nodeName);
  const ownReady = own.filter((candidate) => candidate.ready);
  const cluster = ready.length > 0 ? near(ready, query) : candidates.filter(isEnding);
  const local = ownReady.length > 0 ? ownReady : own.filter(isEnding);
  const here = [...cluster, ...local].filter(({ nodeName = query.nodeName }) => nodeName === query.nodeName).map(({ ip }) => ip);
  return {
    cluster: cluster.map(toBackend),
    local: local.map(toBackend),
    serving: candidates.filter((candidate) => candidate.serving).map(toBackend),
    here: [...new Set(here)],
    localReady: new Set(ownReady.map(({ ip }) => ip)).size,
  };
}

function toBackend({ ip, port }: Backend): Backend {
  return { ip, port };
}

function isEnding(candidate: Candidate): boolean {
  return candidate.serving && candidate.terminating;
}

function near(ready: readonly Candidate[], { nodeName, zone = '' }: BackendQuery): readonly Candidate[] {
  if (ready.every(({ forNodes }) => forNodes.length > 0)) {
    const hinted = ready.filter(({ forNodes }) => forNodes.includes(nodeName));
    if (hinted.length > 0) return hinted;
  }
  if (!ready.every(({ forZones }) => forZones.length > 0)) return ready;
  const hinted = ready.filter(({ forZones }) => forZones.includes(zone));
  return hinted.length > 0 ? hinted : ready;
}

function collect(slices: readonly EndpointSlice[], query: BackendQuery): Map<string, Candidate> {
  const candidates = new Map<string, Candidate>();
  for (const slice of slices) {
    const match = slice.ports?.find((port) => (port.name ?? '') === query.portName && (port.protocol ?? 'TCP') === query.protocol);
    const port = match?.port;
    if (port === undefined || port === null) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ip = canonicalAddress(endpoint.addresses[0] ?? '');
      if (ip === undefined) continue;
      const { ready = true, serving = true, terminating = false } = endpoint.conditions ?? {};
      const { forZones = [], forNodes = [] } = endpoint.hints ?? {};
      const candidate = {
        ...{ ip, port, ready, serving, terminating },
        nodeName: endpoint.nodeName,
        forZones: forZones.length === 0 ? nothing : forZones.map(({ name }) => name),
        forNodes: forNodes.length === 0 ? nothing : forNodes.map(({ name }) => name),
      };
      // The same endpoint may stand in two slices while it moves between them: the ready one counts.
      const key = `${ip} ${port}`;
      if (candidates.get(key)?.ready !== true) candidates.set(key, candidate);
    }
  }
  return candidates;
}

const nothing: readonly string[] = [];

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
