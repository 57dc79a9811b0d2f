/**
 * Which addresses a Service of type LoadBalancer gets from the balancer that is built in: those of the nodes, on which the proxy answers
 * on the Service's own ports (as k3s's ServiceLB). Pure.
 */
import type { EndpointSlice, LoadBalancerIngress, Node, Service } from '../../api/generated/types.ts';

const excludedLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** Whether this balancer is asked for: a class leaves the Service to others. */
export function isOurs({ spec, metadata }: Service): boolean {
  return spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined && metadata.deletionTimestamp === undefined;
}

export interface BalancerQuery {
  readonly nodes: Iterable<Node>;
  /** Of the Service; they count under `externalTrafficPolicy: Local`. */
  readonly slices: Iterable<EndpointSlice>;
}

/** The ingress points, in order; the server adds their ipMode. */
export function ingressOf(service: Service, { nodes, slices }: BalancerQuery): LoadBalancerIngress[] {
  const isLocal = service.spec.externalTrafficPolicy === 'Local';
  const local = isLocal ? nodesOf(slices) : new Set<string>();
  // As long as there is no endpoint the balancer is there all the same: who waits for an address before there are pods gets one.
  const serving = local.size > 0 ? local : undefined;
  const families = service.spec.ipFamilies ?? ['IPv4'];
  const addresses: string[] = [];
  for (const node of nodes) {
    if (!isUsable(node) || serving?.has(node.metadata.name) === false) continue;
    addresses.push(...addressesOf(node).filter((ip) => families.includes(ip.includes(':') ? 'IPv6' : 'IPv4')));
  }
  const order = (ip: string): number => families.indexOf(ip.includes(':') ? 'IPv6' : 'IPv4');
  return [...new Set(addresses)].sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1)).map((ip) => ({ ip }));
}

function isUsable({ metadata, status }: Node): boolean {
  if (metadata.deletionTimestamp !== undefined || metadata.labels?.[excludedLabel] !== undefined) return false;
  return status.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
}

/** External addresses where the node has some, else internal ones. */
function addressesOf({ status }: Node): string[] {
  const of = (type: string): string[] => (status.addresses ?? []).filter((each) => each.type === type).map(({ address }) => address);
  const external = of('ExternalIP');
  return external.length > 0 ? external : of('InternalIP');
}

/** Endpoints that end count while they serve: the nodes' proxies lead there when nothing else is left, and an address that goes takes that away. */
function nodesOf(slices: Iterable<EndpointSlice>): Set<string> {
  const names = new Set<string>();
  for (const { endpoints } of slices)
    for (const { conditions, nodeName } of endpoints ?? [])
      if ((conditions?.serving ?? conditions?.ready ?? true) && nodeName !== undefined) names.add(nodeName);
  return names;
}

/** What of a node the answers depend on, as text. */
export function nodeFacts(node: Node): string {
  return JSON.stringify([isUsable(node), addressesOf(node), kubeletPort(node)]);
}

const kubeletPort = ({ status }: Node): number => status.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;

/**
 * `port/protocol` that no Service may take from the nodes, and whose it is: without them nobody gets at the cluster, or at the node, any
 * more. All other ports go to the Service that asks, whatever listens there on the nodes (as with k3s's ServiceLB).
 */
export function reservedPorts(nodes: Iterable<Node>, apiServer: Iterable<EndpointSlice>): ReadonlyMap<string, string> {
  const reserved = new Map([['22/TCP', 'SSH']]);
  for (const node of nodes) reserved.set(`${String(kubeletPort(node))}/TCP`, 'the kubelet');
  for (const { ports } of apiServer)
    for (const { port, protocol = 'TCP' } of ports ?? []) reserved.set(`${String(port)}/${protocol}`, 'the API server');
  return reserved;
}

/** `port/protocol` of a Service: no two can have the same on a node. */
export function portsOf(service: Service): string[] {
  return (service.spec.ports ?? []).map(({ port, protocol = 'TCP' }) => `${String(port)}/${protocol}`);
}

/** The Service that one of the same ports belongs to, and which: whoever holds it keeps it, among those that do not the elder gets it. */
export function rivalOf(
  service: Service,
  others: Iterable<Service>,
  holds: (service: Service) => boolean,
): { readonly port: string; readonly service: Service } | undefined {
  const ports = new Set(portsOf(service));
  for (const other of others) {
    if (other.metadata.uid === service.metadata.uid || !isOurs(other)) continue;
    if (holds(other) === holds(service) ? !isElder(other, service) : holds(service)) continue;
    const port = portsOf(other).find((each) => ports.has(each));
    if (port !== undefined) return { port, service: other };
  }
  return undefined;
}

function isElder(a: Service, b: Service): boolean {
  const [one, two] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? ''];
  if (one !== two) return one < two;
  return a.metadata.uid < b.metadata.uid;
}
