/**
 * The commands that make a node's pod network, as values. The form is a routed veth pair for each pod and no bridge between pods:
 * every packet crosses the host's routing and its netfilter hooks, so a pod that reaches itself through a Service needs no hairpin
 * flag and the bridge-nf settings do not matter. The only bridge has no ports; it holds the gateway addresses.
 */
import type { PodAddress } from './address-pool.ts';
import { isIPv6 } from './address-pool.ts';

/** The address of the host's end of every pod veth; a pod's only neighbour. */
const hostMac = 'ee:ee:ee:ee:ee:ee';
const linkLocal = 'fe80::1';

export interface NodePlan {
  readonly instance: string;
  readonly podCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  readonly gateways: readonly string[];
  readonly mtu: number;
}

/** The device that holds the gateway addresses; all interface names of an instance start with it. */
export function gatewayDevice(instance: string): string {
  return `co${instance}`;
}

export function vethName(instance: string, ordinal: number): string {
  return `co${instance}v${ordinal.toString(16)}`;
}

/** The inverse of {@link vethName}. */
export function vethOrdinal(instance: string, name: string): number | undefined {
  const prefix = `co${instance}v`;
  if (!name.startsWith(prefix) || !/^[0-9a-f]+$/.test(name.slice(prefix.length))) return undefined;
  return Number.parseInt(name.slice(prefix.length), 16);
}

/** `ip -batch` lines for the node; they may be run again. */
export function nodeCommands(plan: NodePlan, exists: boolean): string[] {
  const device = gatewayDevice(plan.instance);
  const gatewayOf = (cidr: string): string | undefined => plan.gateways.find((gateway) => isIPv6(gateway) === isIPv6(cidr));
  const lines = exists ? [] : [`link add ${device} type bridge`];
  for (const gateway of plan.gateways) lines.push(`addr replace ${host(gateway)} dev ${device}${isIPv6(gateway) ? ' nodad' : ''}`);
  lines.push(`link set ${device} up`);
  // An address without a pod is refused at once instead of being sent out to the default gateway.
  for (const cidr of plan.podCIDRs) lines.push(`route replace unreachable ${cidr}${isIPv6(cidr) ? ' dev lo' : ''}`);
  // Lets the host send to service addresses without a default route, with a source that pods can answer.
  for (const cidr of plan.serviceCIDRs) {
    const gateway = gatewayOf(cidr);
    if (gateway !== undefined) lines.push(`route replace ${cidr} dev ${device} src ${gateway}`);
  }
  return lines;
}

/** `ip -batch` lines on the host for one pod. The alias makes the kernel remember whose veth it is. */
export function hostCommands(plan: NodePlan, address: PodAddress, pod: { readonly uid: string; readonly pid: number }): string[] {
  const veth = vethName(plan.instance, address.ordinal);
  const lines = [
    `link add ${veth} address ${hostMac} mtu ${plan.mtu} type veth peer name eth0 mtu ${plan.mtu} netns ${pod.pid}`,
    `link set ${veth} alias ${pod.uid}`,
  ];
  return [...lines, ...vethCommands(plan, address)];
}

/** What a pod's veth needs on the host once it is there; may be run again. */
export function vethCommands(plan: NodePlan, address: PodAddress): string[] {
  const veth = vethName(plan.instance, address.ordinal);
  const lines = address.ips.some(isIPv6) ? [`addr replace ${linkLocal}/64 dev ${veth} nodad`] : [];
  lines.push(`link set ${veth} up`);
  address.ips.forEach((ip, i) => lines.push(`route replace ${host(ip)} dev ${veth} src ${plan.gateways[i]}`));
  return lines;
}

/** Runs `ip -batch` inside the pod's namespace; Docker switches IPv6 off in namespaces it gives no network, so it is switched on first. */
export const podScript =
  'for part in all default lo; do { echo 0 > /proc/sys/net/ipv6/conf/$part/disable_ipv6; } 2>/dev/null; done; exec ip -batch -';

/** `ip -batch` lines inside the pod's namespace. */
export function podCommands(plan: NodePlan, address: PodAddress): string[] {
  const lines = ['link set lo up'];
  for (const ip of address.ips) lines.push(`addr add ${host(ip)} dev eth0${isIPv6(ip) ? ' nodad' : ''}`);
  lines.push('link set eth0 up');
  address.ips.forEach((ip, i) => {
    const gateway = isIPv6(ip) ? linkLocal : plan.gateways[i];
    lines.push(`neigh replace ${gateway} lladdr ${hostMac} dev eth0 nud permanent`);
    if (!isIPv6(ip)) lines.push(`route add ${host(String(gateway))} dev eth0 scope link`);
    lines.push(`route add default via ${gateway} dev eth0`);
  });
  return lines;
}

function host(ip: string): string {
  return `${ip}/${isIPv6(ip) ? 128 : 32}`;
}
