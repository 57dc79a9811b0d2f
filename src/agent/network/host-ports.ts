/**
 * The pod network's own nftables tables, one a family: host ports of pods and the masquerading of what pods send out of the cluster.
 * The tables stay when Coracle stops; element comments say which pod a host port belongs to.
 */
import { isIPv6 } from './address-pool.ts';
import type { HostPort } from './pod-network.ts';

export interface NatPlan {
  readonly instance: string;
  readonly podCIDRs: readonly string[];
  /** Where pods are reached with their own address; includes podCIDRs. */
  readonly clusterCIDRs: readonly string[];
  readonly nodeIPs: readonly string[];
  /** The node's own addresses in its pod CIDRs. */
  readonly gateways: readonly string[];
}

export type Family = 'ip' | 'ip6';

export function natTable(instance: string): string {
  return `coracle_${instance}_pods`;
}

export function families(podCIDRs: readonly string[]): Family[] {
  return [...new Set(podCIDRs.map((cidr): Family => (isIPv6(cidr) ? 'ip6' : 'ip')))];
}

export interface PodPorts {
  readonly uid: string;
  readonly ips: readonly string[];
  readonly ports: readonly HostPort[];
}

/** An nft script that replaces the tables in one step, with these pods' ports. */
export function natScript(plan: NatPlan, pods: readonly PodPorts[]): string {
  return families(plan.podCIDRs)
    .map((family) => tableScript(family, plan))
    .concat(pods.map((pod) => portsScript(plan.instance, pod, 'add')))
    .join('\n');
}

function tableScript(family: Family, plan: NatPlan): string {
  const own = (text: string): boolean => isIPv6(text) === (family === 'ip6');
  const type = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  const table = natTable(plan.instance);
  const list = (values: readonly string[]): string => {
    const mine = values.filter(own);
    return mine.length === 0 ? '' : ` elements = { ${mine.join(', ')} };`;
  };
  return `add table ${family} ${table}
delete table ${family} ${table}
table ${family} ${table} {
  set pods { type ${type}; flags interval;${list(plan.podCIDRs)} }
  set cluster { type ${type}; flags interval; auto-merge;${list([...plan.clusterCIDRs, ...plan.nodeIPs])} }
  set hairpin { type ${type} . ${type}; }
  map ports { type inet_proto . inet_service : ${type} . inet_service; }
  map addressed { type ${type} . inet_proto . inet_service : ${type} . inet_service; }
  chain forward_ports {
    meta l4proto != { tcp, udp, sctp } return
    dnat ${family} to ${family} daddr . meta l4proto . th dport map @addressed
    fib daddr type local dnat ${family} to meta l4proto . th dport map @ports
  }
  chain prerouting { type nat hook prerouting priority dstnat - 3; jump forward_ports; }
  chain output { type nat hook output priority -103; jump forward_ports; }
${family === 'ip' ? localhostGuard : ''}${quietGateway(family, plan.gateways.filter(own))}  chain postrouting {
    type nat hook postrouting priority srcnat - 3
    ct status dnat ${family} saddr . ${family} daddr @hairpin masquerade fully-random
${family === 'ip' ? '    ct status dnat ip saddr 127.0.0.0/8 masquerade fully-random\n' : ''}    ${family} saddr @pods ${family} daddr != @cluster ${multicast(family)} masquerade fully-random
  }
}
`;
}

/** Host ports on 127.0.0.1 need route_localnet; what listens there must still not be reached from outside (kubelet's KUBE-FIREWALL). */
const localhostGuard = `  chain input {
    type filter hook input priority filter - 3
    iifname != "lo" ip daddr 127.0.0.0/8 ct status dnat accept
    iifname != "lo" ip daddr 127.0.0.0/8 ct state new drop
  }
`;

/**
 * The cluster's DNS listens on the gateway addresses. While Coracle is away (a restart) its questions go unanswered instead of
 * being refused, so that resolvers ask again, as they do when a packet is lost, and names go on working.
 */
function quietGateway(family: Family, gateways: readonly string[]): string {
  if (gateways.length === 0) return '';
  const icmp = family === 'ip' ? 'icmp' : 'icmpv6';
  return `  chain quiet_gateway {
    type filter hook output priority filter - 3
    ${family} saddr { ${gateways.join(', ')} } ${icmp} type destination-unreachable ${icmp} code port-unreachable drop
  }
`;
}

function multicast(family: Family): string {
  return family === 'ip' ? 'ip daddr != 224.0.0.0/4' : 'ip6 daddr != { fe80::/10, ff00::/8 }';
}

/** Adds or deletes the elements of one pod's host ports. */
export function portsScript(instance: string, pod: PodPorts, verb: 'add' | 'delete'): string {
  const table = natTable(instance);
  const lines: string[] = [];
  for (const ip of pod.ips) {
    const family: Family = isIPv6(ip) ? 'ip6' : 'ip';
    const ports = pod.ports.filter((port) => reaches(port, ip));
    const comment = verb === 'add' ? ` comment "${pod.uid}"` : '';
    for (const port of ports) {
      const any = isAny(port.hostIP);
      const key = `${any ? '' : `${port.hostIP} . `}${port.protocol.toLowerCase()} . ${port.hostPort}`;
      lines.push(`${verb} element ${family} ${table} ${any ? 'ports' : 'addressed'} { ${key}${comment} : ${ip} . ${port.containerPort} }`);
    }
    if (ports.length > 0) lines.push(`${verb} element ${family} ${table} hairpin { ${ip} . ${ip} }`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function isAny(hostIP: string): boolean {
  return hostIP === '' || hostIP === '0.0.0.0' || hostIP === '::';
}

/** A host port without a host address serves both families, one with an address its own. */
function reaches(port: HostPort, podIP: string): boolean {
  return port.hostIP === '' || isIPv6(port.hostIP) === isIPv6(podIP);
}
