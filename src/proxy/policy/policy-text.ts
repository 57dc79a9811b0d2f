/**
 * The nft text of network policies: one table for both families. Chains by packet's way: a base chain a direction looks the pod up
 * (`goto` its class), a class is one combination of policies (`jump` to each, then drop), a policy's chain accepts what its rules let
 * through. Accepting ends only the base chain, so what a pod may send is still asked for at the pod that gets it.
 */
import type { Family } from '../addresses.ts';
import type { Direction, PeerMatch, PortMatch, Rule } from './policy-rules.ts';

export const families: readonly Family[] = ['ip', 'ip6'];

export function policyTable(instance: string): string {
  return `coracle_${instance}_policy`;
}

/** 4 or 6: at the end of the name of whatever is there once a family. */
function digit(family: Family): string {
  return family === 'ip' ? '4' : '6';
}

export const names = {
  /** The map from a local pod's address to its class. */
  classes: (direction: Direction, family: Family): string => `${direction}${digit(family)}`,
  self: (family: Family): string => `self${digit(family)}`,
  dns: (family: Family): string => `dns${digit(family)}`,
  selection: (key: string, family: Family): string => `s${key}_${digit(family)}`,
  namedPort: (key: string, family: Family): string => `n${key}_${digit(family)}`,
  policy: (key: string, direction: Direction): string => `${direction}_p${key}`,
  class: (key: string): string => `c${key}`,
} as const;

export function addressType(family: Family): string {
  return family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
}

export function endpointType(family: Family): string {
  return `${addressType(family)} . inet_proto . inet_service`;
}

/**
 * Replaces the table in the same transaction; what follows fills the new one. Forwarded packets are seen after the Services' DNAT
 * (prerouting), so both ends are pods. What the node itself sends to its pods passes no hook here, nor what pods send to the node,
 * except questions to the cluster's DNS, which would be a pod elsewhere.
 */
export function baseText(instance: string): string {
  const lookup = (direction: Direction, side: 'saddr' | 'daddr'): string => `
    ct state established,related accept
    ip saddr . ip daddr @${names.self('ip')} accept
    ip6 saddr . ip6 daddr @${names.self('ip6')} accept
    ip ${side} vmap @${names.classes(direction, 'ip')}
    ip6 ${side} vmap @${names.classes(direction, 'ip6')}`;
  const sets = families.map((family) => {
    const type = addressType(family);
    return `  map ${names.classes('ingress', family)} { type ${type} : verdict; }
  map ${names.classes('egress', family)} { type ${type} : verdict; }
  set ${names.self(family)} { type ${type} . ${type}; }
  set ${names.dns(family)} { type ${endpointType(family)}; }
`;
  });
  const table = policyTable(instance);
  return `add table inet ${table}
delete table inet ${table}
table inet ${table} {
${sets.join('')}  chain egress {
    type filter hook forward priority filter - 2${lookup('egress', 'saddr')}
  }
  chain ingress {
    type filter hook forward priority filter - 1${lookup('ingress', 'daddr')}
  }
  chain egress_to_dns {
    type filter hook input priority filter - 2
    ct state established,related accept
    ip daddr . meta l4proto . th dport @${names.dns('ip')} ip saddr vmap @${names.classes('egress', 'ip')}
    ip6 daddr . meta l4proto . th dport @${names.dns('ip6')} ip6 saddr vmap @${names.classes('egress', 'ip6')}
  }
}
`;
}

/** The lines of a rule in its policy's chain. */
export function ruleLines(direction: Direction, { peer, port }: Rule): string[] {
  const ofFamily = families.flatMap((family) => {
    const who = peerText(direction, family, peer);
    const what = portText(family, port);
    return who === undefined ? [] : [[who, what, 'accept'].filter((part) => part !== '').join(' ')];
  });
  // A rule that names no address reads the same for both.
  return [...new Set(ofFamily)];
}

function peerText(direction: Direction, family: Family, peer: PeerMatch | undefined): string | undefined {
  if (peer === undefined) return '';
  const side = `${family} ${direction === 'ingress' ? 'saddr' : 'daddr'}`;
  if (peer.kind === 'pods') return `${side} @${names.selection(peer.selection, family)}`;
  if (peer.family !== family) return undefined;
  const block = /\/0$/.test(peer.cidr) ? `meta nfproto ${family === 'ip' ? 'ipv4' : 'ipv6'}` : `${side} ${peer.cidr}`;
  // One comparison each: blocks that lie in one another are no set without merging.
  return [block, ...peer.except.map((cidr) => `${side} != ${cidr}`)].join(' ');
}

function portText(family: Family, port: PortMatch | undefined): string {
  const at = `${family} daddr . meta l4proto . th dport`;
  switch (port?.kind) {
    case undefined:
      return '';
    case 'named':
      return `${at} @${names.namedPort(port.set, family)}`;
    case 'dns':
      return `meta l4proto ${port.protocol} ${at} @${names.dns(family)}`;
    case 'ports':
      return port.ranges.length === 0 ? `meta l4proto ${port.protocol}` : `${port.protocol} dport ${anyOf(port.ranges)}`;
  }
}

/** Ranges that touch or overlap are made one: nft refuses an anonymous set with overlaps. */
function anyOf(ranges: readonly string[]): string {
  const merged: [number, number][] = [];
  const pairs = ranges.map((range) => range.split('-').map(Number)).map(([from = 0, to = from]): [number, number] => [from, to]);
  for (const [from, to] of pairs.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  const texts = merged.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
  return texts.length === 1 ? (texts[0] ?? '') : `{ ${texts.join(', ')} }`;
}
