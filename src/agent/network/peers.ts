/**
 * How a node reaches the pods of the others, as values: by a route where they share a segment, through a VXLAN where a router lies
 * between them. All nodes work it out for themselves from the Node objects; nothing is agreed upon.
 */
import { createHash } from 'node:crypto';
import type { Node } from '../../api/generated/types.ts';
import { isIPv6 } from './address-pool.ts';
import type { NodePlan } from './plumbing.ts';
import { gatewayDevice } from './plumbing.ts';

/** k3s's names; `auto` decides for each pair of nodes. */
export type Backend = 'auto' | 'host-gw' | 'vxlan' | 'none';

export function asBackend(text: string | undefined): Backend {
  return text === 'host-gw' || text === 'vxlan' || text === 'none' ? text : 'auto';
}

/** What a node tells about itself: status.addresses of type InternalIP, spec.podCIDRs and flannel's annotations. */
export interface NodeAddresses {
  readonly name: string;
  readonly podCIDRs: readonly string[];
  readonly internalIPs: readonly string[];
  /** Annotation flannel.alpha.coreos.com/backend-type, which speaks for this node alone. */
  readonly backend?: Backend;
}

/** The node's own addresses or, with flannel's annotations public-ip-overwrite and public-ipv6-overwrite, what others reach it by. */
export function addressesOf({ metadata, spec, status }: Node): NodeAddresses {
  const annotation = (name: string): string | undefined => metadata.annotations?.[`flannel.alpha.coreos.com/${name}`];
  const overwritten = [annotation('public-ip-overwrite'), annotation('public-ipv6-overwrite')].filter((ip) => ip !== undefined);
  const own = (status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address);
  return {
    name: metadata.name,
    podCIDRs: spec.podCIDRs ?? [],
    internalIPs: [...overwritten, ...own.filter((ip) => !overwritten.some((other) => isIPv6(other) === isIPv6(ip)))],
    ...(annotation('backend-type') === undefined ? {} : { backend: asBackend(annotation('backend-type')) }),
  };
}

/** A way to the pods of one node. */
export type PeerRoute =
  | { readonly kind: 'host-gw'; readonly cidr: string; readonly via: string }
  | { readonly kind: 'vxlan'; readonly cidr: string; readonly peer: string; readonly mac: string };

export interface PeerOptions {
  readonly self: NodeAddresses;
  readonly peers: readonly NodeAddresses[];
  readonly backend: Backend;
  /** Addresses of peers that lie behind a router. */
  readonly behindRouter: ReadonlySet<string>;
}

/** One way for each pod CIDR of a family that both nodes have an address for; a VXLAN carries both families over the first address. */
export function peerRoutes({ self, peers, backend, behindRouter }: PeerOptions): PeerRoute[] {
  if (backend === 'none') return [];
  const underlay = self.internalIPs[0] ?? '';
  return peers.flatMap((node) =>
    node.podCIDRs.flatMap((cidr): PeerRoute[] => {
      const via = node.internalIPs.find((ip) => isIPv6(ip) === isIPv6(cidr));
      const peer = node.internalIPs.find((ip) => isIPv6(ip) === isIPv6(underlay));
      if (
        wants(self, node, backend) === 'vxlan' ||
        (via === undefined ? peer !== undefined : isBehind(self, node, { backend, behindRouter, via }))
      )
        return peer === undefined ? [] : [{ kind: 'vxlan', cidr, peer, mac: macOf(node.name) }];
      return via === undefined ? [] : [{ kind: 'host-gw', cidr, via }];
    }),
  );
}

/** What the two nodes want for each other: a VXLAN works everywhere, so it wins. */
function wants(a: NodeAddresses, b: NodeAddresses, backend: Backend): Backend {
  const both = [a.backend ?? backend, b.backend ?? backend];
  return both.find((one) => one === 'vxlan') ?? both.find((one) => one === 'host-gw') ?? 'auto';
}

function isBehind(
  self: NodeAddresses,
  node: NodeAddresses,
  { backend, behindRouter, via }: { backend: Backend; behindRouter: ReadonlySet<string>; via: string },
): boolean {
  return wants(self, node, backend) === 'auto' && behindRouter.has(via);
}

/** The address of a node's end of the VXLAN, known to all from its name. */
export function macOf(nodeName: string): string {
  const bytes = createHash('sha256').update(nodeName).digest().subarray(0, 5);
  return ['02', ...[...bytes].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** The same on all nodes of a cluster, another one for another cluster on the same machines. */
export function vniOf(clusterCIDRs: readonly string[]): number {
  return (createHash('sha256').update(clusterCIDRs.join()).digest().readUInt32BE(0) >>> 8) | 1;
}

/** flannel's and the kernel's usual one. */
const vxlanPort = 8472;

export function vxlanDevice(instance: string): string {
  return `${gatewayDevice(instance)}vx`;
}

/** What a VXLAN over this address takes away from each packet. */
export function vxlanOverhead(underlay: string): number {
  return isIPv6(underlay) ? 70 : 50;
}

/** Marks the routes to other nodes as this instance's, so that a later process and reset know them. */
export function routeMetric(instance: string): number {
  return 0x1000000 + Number.parseInt(instance, 16);
}

export interface Vxlan {
  readonly device: string;
  readonly vni: number;
  readonly local: string;
  readonly mac: string;
  readonly mtu: number;
}

export function vxlanLines({ device, vni, local, mac, mtu }: Vxlan): string[] {
  return [
    `link add ${device} address ${mac} mtu ${String(mtu)} type vxlan id ${String(vni)} dstport ${String(vxlanPort)} local ${local} nolearning`,
    `link set ${device} addrgenmode none`,
    `link set ${device} up`,
  ];
}

/** `ip -batch` lines; they may be run again. */
export function routeLines(routes: readonly PeerRoute[], plan: NodePlan): string[] {
  const device = vxlanDevice(plan.instance);
  return routes.flatMap((route) => {
    const metric = `metric ${String(routeMetric(plan.instance))}`;
    if (route.kind === 'host-gw') return [`route replace ${route.cidr} via ${route.via} ${metric}`];
    const network = route.cidr.replace(/\/.*/, '');
    const source = plan.gateways.find((gateway) => isIPv6(gateway) === isIPv6(route.cidr));
    if (source === undefined) return [];
    return [
      `neigh replace ${network} lladdr ${route.mac} dev ${device} nud permanent`,
      // The node's own packets come from its pod range, so that answers take the same way back.
      `route replace ${route.cidr} via ${network} dev ${device} onlink src ${source} ${metric}`,
    ];
  });
}

/** `bridge -batch` lines: which node is behind which address; each once. */
export function fdbLines(routes: readonly PeerRoute[], instance: string): string[] {
  const device = vxlanDevice(instance);
  return [
    ...new Set(
      routes.flatMap((route) =>
        route.kind === 'vxlan' ? [`fdb replace ${route.mac} dev ${device} dst ${route.peer} self permanent`] : [],
      ),
    ),
  ];
}
