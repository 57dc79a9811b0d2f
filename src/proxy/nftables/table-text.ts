/** nft text of the shared part of a family's table: maps, hooks and the chains that choose one of N. */
import type { Family } from '../addresses.ts';

export interface TablePlan {
  readonly instance: string;
  readonly clusterCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  /** Of the pods of this node; none: not known (yet). */
  readonly nodePodCIDRs?: readonly string[];
  /** Where NodePorts are served: CIDRs; undefined: every address of this host, 127.0.0.1 included. */
  readonly nodePortAddresses?: readonly string[];
}

/** The masquerade mark, kube-proxy's own. */
const mark = '0x4000';

export function tableName(instance: string): string {
  return `coracle_${instance}`;
}

/**
 * Replaces the table in the same transaction; everything that follows it fills the new one. `largest`: up to how many backends it can
 * choose among. The choosing chains are all made here, because nft 1.0.6 accepts rules over these maps only in the script that declares
 * the maps ("conflicting protocols: ip vs. th" when it has read them back from the kernel).
 */
export function baseText(family: Family, plan: TablePlan, largest: number): string {
  const name = tableName(plan.instance);
  const type = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  const triple = `type ${type} . inet_proto . inet_service : verdict;`;
  const pair = 'type inet_proto . inet_service : verdict;';
  const to = `${family} daddr . th dport`;
  const at = `${family} daddr . meta l4proto . th dport`;
  const ranges = (cidrs: readonly string[]): string => {
    const own = cidrs.filter((cidr) => cidr.includes(':') === (family === 'ip6'));
    return `type ${type}; flags interval; auto-merge;${own.length === 0 ? '' : ` elements = { ${own.join(', ')} };`}`;
  };
  return `add table ${family} ${name}
delete table ${family} ${name}
table ${family} ${name} {
  set cluster_pods { ${ranges(plan.clusterCIDRs)} }
  set node_pods { ${ranges(plan.nodePodCIDRs ?? [])} }
  set service_cidrs { ${ranges(plan.serviceCIDRs)} }
  set node_port_addresses { ${ranges(plan.nodePortAddresses ?? [])} }
  set cluster_ips { type ${type}; }
  set hairpin { type ${type} . ${type}; }
  map endpoints { typeof numgen random mod 2 . ${at} : ${to}; }
  map local_endpoints { typeof numgen random mod 2 . ${at} : ${to}; }
  map np_endpoints { typeof numgen random mod 2 . meta l4proto . th dport : ${to}; }
  map np_local_endpoints { typeof numgen random mod 2 . meta l4proto . th dport : ${to}; }
  map services { ${triple} }
  map no_endpoints { ${triple} }
  map firewall { ${triple} }
  map node_ports { ${pair} }
  map no_np_endpoints { ${pair} }
  chain masquerade_later { meta mark set meta mark or ${mark}; }
  chain refuse { meta l4proto tcp reject with tcp reset; reject; }
  chain find_service {
    ${at} vmap @services
    fib daddr type local${plan.nodePortAddresses === undefined ? '' : ` ${family} daddr @node_port_addresses`} meta l4proto . th dport vmap @node_ports
  }
  chain find_refusal {
    ${at} vmap @no_endpoints
    ${family} daddr @cluster_ips goto refuse
    ${family} daddr @service_cidrs drop
  }
  chain nat_prerouting { type nat hook prerouting priority dstnat - 5; jump find_service; }
  chain nat_output { type nat hook output priority -105; jump find_service; }
  chain filter_prerouting { type filter hook prerouting priority dstnat - 10; ct state new ${at} vmap @firewall; }
  chain filter_output_first { type filter hook output priority -110; ct state new ${at} vmap @firewall; }
  chain filter_forward { type filter hook forward priority filter - 5; ct state new jump find_refusal; }
  chain filter_output { type filter hook output priority filter - 5; ct state new jump find_refusal; }
  chain filter_input {
    type filter hook input priority filter - 5
    ct state new fib daddr type local meta l4proto . th dport vmap @no_np_endpoints
    ct state new ${at} vmap @no_endpoints
${family === 'ip' ? localhostGuard : ''}  }
  chain nat_postrouting {
    type nat hook postrouting priority srcnat - 5
    ct status dnat ${family} saddr . ${family} daddr @hairpin masquerade fully-random
    meta mark and ${mark} == ${mark} meta mark set meta mark xor ${mark} masquerade fully-random
    ct status dnat ct original ${family} daddr @service_cidrs ${family} saddr != @cluster_pods masquerade fully-random
${family === 'ip' ? '    ct status dnat ip saddr 127.0.0.0/8 masquerade fully-random\n' : ''}  }
${choosers(family, largest)}}
`;
}

/** With route_localnet on, what listens on 127.0.0.1 must still not be reached from outside (kubelet's KUBE-FIREWALL). */
const localhostGuard = `    iifname != "lo" ip daddr 127.0.0.0/8 ct status dnat accept
    iifname != "lo" ip daddr 127.0.0.0/8 ct state new drop
`;

/** For each count up to `largest` one chain a map, that sends on to one of so many backends. */
function choosers(family: Family, largest: number): string {
  const at = `${family} daddr . meta l4proto . th dport`;
  const np = 'meta l4proto . th dport';
  const lines: string[] = [];
  for (let count = 1; count <= largest; count++) {
    const choose = (chain: string, map: string, key: string): string =>
      `  chain ${chain}_${count} { dnat ${family} to numgen random mod ${count} . ${key} map @${map}; }\n`;
    lines.push(choose('any', 'endpoints', at), choose('any_local', 'local_endpoints', at));
    lines.push(choose('np_any', 'np_endpoints', np), choose('np_any_local', 'np_local_endpoints', np));
  }
  return lines.join('');
}

export interface SharedChain {
  readonly name: string;
  readonly rules: readonly string[];
}

/** The largest number in a shared chain's name: how many backends it chooses among. */
export function choiceOf(verdict: string): number {
  const match = /^goto (?:any|marked|local|np|nplocal)_(\d+)(?:_\d+)?$/.exec(verdict);
  return match === null ? 0 : Number(match[1]);
}

/** The shared chain a verdict names and those it leads to, innermost first, without those of {@link baseText}; empty when the name is no shared one. */
export function sharedChains(family: Family, name: string): SharedChain[] {
  const match = /^(marked|local|np|nplocal)_(\d+)(?:_(\d+))?$/.exec(name);
  if (match === null) return [];
  const [, kind, count = '0', localCount = '0'] = match;
  const marked = { name: `marked_${count}`, rules: ['jump masquerade_later', `goto any_${count}`] };
  const nodePort = { name: `np_${count}`, rules: ['jump masquerade_later', `goto np_any_${count}`] };
  const localOrInside = (any: string, markedName: string): SharedChain => ({
    name,
    rules: [
      `${family} saddr @node_pods goto ${any}_${count}`,
      // Another node's pod: the answer has to come back this way, or the pod would get it from an address that it never called.
      `${family} saddr @cluster_pods goto ${markedName}`,
      `fib saddr type local goto ${markedName}`,
      ...(localCount === '0' ? [] : [`goto ${any}_local_${localCount}`]),
    ],
  });
  switch (kind) {
    case 'marked':
      return [marked];
    case 'local':
      return [marked, localOrInside('any', marked.name)];
    case 'np':
      return [nodePort];
    default:
      return [nodePort, localOrInside('np_any', nodePort.name)];
  }
}
