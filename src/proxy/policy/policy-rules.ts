/** A NetworkPolicy as rules: values that say what is let through, before any nft text (networking/v1 types.go settles the defaults). */
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/generated/types.ts';
import type { Family } from '../addresses.ts';
import { familyOf, isPlainAddress } from '../addresses.ts';
import type { Selection } from './selection.ts';
import { peerSelection, shortHash } from './selection.ts';

export type Direction = 'ingress' | 'egress';
export type Protocol = 'tcp' | 'udp' | 'sctp';

/** The other end: pods of a selection, or a block of addresses without its exceptions. */
export type PeerMatch =
  | { readonly kind: 'pods'; readonly selection: string }
  | { readonly kind: 'block'; readonly family: Family; readonly cidr: string; readonly except: readonly string[] };

/** The destination port; `ranges` are `80` or `80-90`, none of them: every port of the protocol. */
export type PortMatch =
  | { readonly kind: 'ports'; readonly protocol: Protocol; readonly ranges: readonly string[] }
  /** A port of this name at whichever pod is the destination. */
  | { readonly kind: 'named'; readonly set: string }
  /** The cluster's DNS, which listens on another port than 53 but is reached as 53. */
  | { readonly kind: 'dns'; readonly protocol: Protocol };

/** Lets through what matches both; undefined matches everything. */
export interface Rule {
  readonly peer: PeerMatch | undefined;
  readonly port: PortMatch | undefined;
}

export interface NamedPort {
  readonly key: string;
  readonly name: string;
  readonly protocol: Protocol;
}

export interface CompiledPolicy {
  /** The rules of each direction that the policy isolates; nothing else is let through. */
  readonly rules: Partial<Record<Direction, readonly Rule[]>>;
  readonly selections: readonly Selection[];
  readonly namedPorts: readonly NamedPort[];
}

const dnsPort = 53;

export function compilePolicy(policy: NetworkPolicy): CompiledPolicy {
  const { ingress = [], egress = [], policyTypes } = policy.spec ?? {};
  const types = policyTypes ?? (egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
  const parts = new Parts(policy.metadata.namespace ?? '');
  const rules: Partial<Record<Direction, readonly Rule[]>> = {};
  if (types.includes('Ingress')) rules.ingress = ingress.flatMap((rule) => parts.rules('ingress', rule.from, rule.ports));
  if (types.includes('Egress')) rules.egress = egress.flatMap((rule) => parts.rules('egress', rule.to, rule.ports));
  return { rules, selections: [...parts.selections.values()], namedPorts: [...parts.named.values()] };
}

class Parts {
  readonly selections = new Map<string, Selection>();
  readonly named = new Map<string, NamedPort>();
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Missing or empty peers mean any peer, missing or empty ports any port. */
  rules(direction: Direction, peers: readonly NetworkPolicyPeer[] = [], ports: readonly NetworkPolicyPort[] = []): Rule[] {
    const peerMatches = peers.length === 0 ? [undefined] : peers.flatMap((peer) => this.#peer(peer));
    const portMatches = ports.length === 0 ? [undefined] : this.#ports(direction, ports);
    return peerMatches.flatMap((peer) => portMatches.map((port) => ({ peer, port })));
  }

  #peer(peer: NetworkPolicyPeer): PeerMatch[] {
    if (peer.ipBlock !== undefined) {
      const { cidr, except = [] } = peer.ipBlock;
      if (!isPlainAddress(cidr) || !except.every(isPlainAddress)) return [];
      return [{ kind: 'block', family: familyOf(cidr), cidr, except }];
    }
    const selection = peerSelection(this.#namespace, peer);
    this.selections.set(selection.key, selection);
    return [{ kind: 'pods', selection: selection.key }];
  }

  /** One match a protocol for all numbers, one a name. */
  #ports(direction: Direction, ports: readonly NetworkPolicyPort[]): PortMatch[] {
    const numbers = new Map<Protocol, string[] | 'all'>();
    const matches: PortMatch[] = [];
    let dns = new Set<Protocol>();
    for (const { protocol = 'TCP', port, endPort } of ports) {
      const lower = protocol.toLowerCase() as Protocol;
      if (typeof port === 'string') {
        const key = shortHash(`${lower} ${port}`);
        this.named.set(key, { key, name: port, protocol: lower });
        matches.push({ kind: 'named', set: key });
        continue;
      }
      if (port === undefined) numbers.set(lower, 'all');
      else if (numbers.get(lower) !== 'all') {
        const list = (numbers.get(lower) ?? []) as string[];
        numbers.set(lower, [...list, endPort === undefined || endPort === port ? String(port) : `${port}-${endPort}`]);
      }
      if (port !== undefined && port <= dnsPort && dnsPort <= (endPort ?? port)) dns = new Set([...dns, lower]);
    }
    for (const [protocol, ranges] of numbers) {
      matches.push({ kind: 'ports', protocol, ranges: ranges === 'all' ? [] : ranges });
      if (direction === 'egress' && ranges !== 'all' && dns.has(protocol)) matches.push({ kind: 'dns', protocol });
    }
    return matches;
  }
}
