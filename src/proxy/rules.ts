/**
 * The pure function from a service port to what stands for it in the nftables table: elements of the shared maps, and chains and sets
 * of its own only where session affinity or source ranges ask for them. nftables/table-text.ts has the shared part.
 */
import { createHash } from 'node:crypto';
import type { Backend } from './backends.ts';
import type { Family } from './addresses.ts';
import type { ServicePortRule } from './service-ports.ts';

/** Things of the table, each under an identity that no two kinds share: `element MAP KEY`, `chain NAME`, `set NAME`. */
export type Item =
  | { readonly kind: 'element'; readonly map: string; readonly key: string; readonly value: string }
  | { readonly kind: 'chain'; readonly name: string; readonly rules: readonly string[] }
  | { readonly kind: 'set'; readonly name: string; readonly spec: string };

export function itemId(item: Item): string {
  return item.kind === 'element' ? `element ${item.map} ${item.key}` : `${item.kind} ${item.name}`;
}

/** Chains that stand for "one of N": shared, named by their numbers, made when first needed (see nftables/table-text.ts). */
export const shared = {
  any: (count: number): string => `any_${count}`,
  marked: (count: number): string => `marked_${count}`,
  local: (count: number, localCount: number): string => `local_${count}_${localCount}`,
  nodePort: (count: number): string => `np_${count}`,
  nodePortLocal: (count: number, localCount: number): string => `nplocal_${count}_${localCount}`,
} as const;

export function itemsOf(rule: ServicePortRule): Item[] {
  return [...new Items(rule).build()];
}

class Items {
  readonly #rule: ServicePortRule;
  readonly #protocol: string;

  constructor(rule: ServicePortRule) {
    this.#rule = rule;
    this.#protocol = rule.protocol.toLowerCase();
  }

  *build(): Generator<Item> {
    const { clusterIP, externalIPs, loadBalancerIPs, nodePort, backends } = this.#rule;
    yield element('cluster_ips', clusterIP);
    yield* this.#clusterIP();
    for (const ip of new Set([...externalIPs, ...loadBalancerIPs])) yield* this.#external(ip);
    if (nodePort !== undefined) yield* this.#nodePort(nodePort);
    yield* this.#sourceRanges();
    yield* this.#affinity();
    for (const ip of backends.here) yield element('hairpin', `${ip} . ${ip}`);
  }

  *#clusterIP(): Generator<Item> {
    const { clusterIP, internalLocal, backends, affinitySeconds } = this.#rule;
    const chosen = internalLocal ? backends.local : backends.cluster;
    const at = this.#at(clusterIP);
    if (chosen.length === 0) {
      yield element('no_endpoints', at, internalLocal && backends.cluster.length > 0 ? 'drop' : 'goto refuse');
      return;
    }
    if (affinitySeconds !== undefined) yield element('services', at, `goto ${this.#own(internalLocal ? 'sl' : 'sa')}`);
    else {
      yield element('services', at, `goto ${shared.any(chosen.length)}`);
      yield* places('endpoints', at, chosen);
    }
  }

  /** External and load balancer addresses. Under policy Local, what comes from the cluster itself still goes to every backend. */
  *#external(ip: string): Generator<Item> {
    const { externalLocal, backends, affinitySeconds } = this.#rule;
    const { cluster, local } = backends;
    const at = this.#at(ip);
    if (cluster.length === 0) {
      yield element('no_endpoints', at, 'goto refuse');
      return;
    }
    if (externalLocal && local.length === 0) yield element('no_endpoints', at, 'drop');
    if (affinitySeconds !== undefined) {
      yield element('services', at, `goto ${this.#own(externalLocal ? 'sx' : 'sm')}`);
      return;
    }
    yield element('services', at, `goto ${externalLocal ? shared.local(cluster.length, local.length) : shared.marked(cluster.length)}`);
    yield* places('endpoints', at, cluster);
    if (externalLocal) yield* places('local_endpoints', at, local);
  }

  *#nodePort(port: number): Generator<Item> {
    const { externalLocal, backends, affinitySeconds } = this.#rule;
    const { cluster, local } = backends;
    const at = `${this.#protocol} . ${port}`;
    if (cluster.length === 0) {
      yield element('no_np_endpoints', at, 'goto refuse');
      return;
    }
    if (externalLocal && local.length === 0) yield element('no_np_endpoints', at, 'drop');
    if (affinitySeconds !== undefined) {
      yield element('node_ports', at, `goto ${this.#own(externalLocal ? 'sx' : 'sm')}`);
      return;
    }
    yield element(
      'node_ports',
      at,
      `goto ${externalLocal ? shared.nodePortLocal(cluster.length, local.length) : shared.nodePort(cluster.length)}`,
    );
    yield* places('np_endpoints', at, cluster);
    if (externalLocal) yield* places('np_local_endpoints', at, local);
  }

  *#sourceRanges(): Generator<Item> {
    const { sourceRanges, loadBalancerIPs, family } = this.#rule;
    if (sourceRanges.length === 0 || loadBalancerIPs.length === 0) return;
    const name = this.#own('fw');
    yield {
      kind: 'set',
      name,
      spec: `type ${addressType(family)}; flags interval; auto-merge; elements = { ${sourceRanges.join(', ')} };`,
    };
    yield { kind: 'chain', name, rules: [`${family} saddr != @${name} drop`] };
    for (const ip of loadBalancerIPs) yield element('firewall', this.#at(ip), `goto ${name}`);
  }

  /** One set of clients and one chain for each backend; upstream's shape (pkg/proxy/nftables), since a map cannot remember its own choice. */
  *#affinity(): Generator<Item> {
    const { affinitySeconds, family, backends, internalLocal, externalLocal, externalIPs, loadBalancerIPs, nodePort } = this.#rule;
    if (affinitySeconds === undefined || backends.cluster.length === 0) return;
    const all = uniqueBackends(backends.cluster.concat(backends.local));
    for (const backend of all) {
      const name = this.#own('ep', backend);
      yield { kind: 'set', name, spec: `type ${addressType(family)}; flags dynamic, timeout; timeout ${affinitySeconds}s;` };
      const to = family === 'ip' ? `${backend.ip}:${backend.port}` : `[${backend.ip}]:${backend.port}`;
      yield {
        kind: 'chain',
        name,
        rules: [`update @${name} { ${family} saddr }`, `meta l4proto ${this.#protocol} dnat ${family} to ${to}`],
      };
    }
    yield { kind: 'chain', name: this.#own('sa'), rules: this.#sticky(backends.cluster) };
    if (internalLocal || externalLocal) yield { kind: 'chain', name: this.#own('sl'), rules: this.#sticky(backends.local) };
    if (externalIPs.length + loadBalancerIPs.length === 0 && nodePort === undefined) return;
    yield { kind: 'chain', name: this.#own('sm'), rules: ['jump masquerade_later', `goto ${this.#own('sa')}`] };
    if (externalLocal) {
      const short = [
        `${family} saddr @node_pods goto ${this.#own('sa')}`,
        `${family} saddr @cluster_pods goto ${this.#own('sm')}`,
        `fib saddr type local goto ${this.#own('sm')}`,
      ];
      yield { kind: 'chain', name: this.#own('sx'), rules: [...short, `goto ${this.#own('sl')}`] };
    }
  }

  #sticky(backends: readonly Backend[]): string[] {
    if (backends.length === 0) return [];
    const known = backends.map((backend) => `${this.#rule.family} saddr @${this.#own('ep', backend)} goto ${this.#own('ep', backend)}`);
    const choice = backends.map((backend, i) => `${i} : goto ${this.#own('ep', backend)}`);
    return [...known, `numgen random mod ${backends.length} vmap { ${choice.join(', ')} }`];
  }

  #at(ip: string): string {
    return `${ip} . ${this.#protocol} . ${this.#rule.port}`;
  }

  /** The name of something that only this service port (or one of its backends) has. */
  #own(prefix: string, backend?: Backend): string {
    const { id, protocol, affinitySeconds, sourceRanges } = this.#rule;
    // What shapes a set is part of its name: a set in use cannot be changed, only replaced by another.
    const shape = backend === undefined ? sourceRanges.join(' ') : `${backend.ip} ${backend.port} ${affinitySeconds}`;
    const text = `${id} ${protocol} ${shape}`;
    return `${prefix}_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
  }
}

function uniqueBackends(backends: readonly Backend[]): Backend[] {
  return [...new Map(backends.map((backend) => [`${backend.ip} ${backend.port}`, backend])).values()];
}

function element(map: string, key: string, value = ''): Item {
  return { kind: 'element', map, key, value };
}

function* places(map: string, at: string, backends: readonly Backend[]): Generator<Item> {
  for (const [i, { ip, port }] of backends.entries()) yield element(map, `${i} . ${at}`, `${ip} . ${port}`);
}

function addressType(family: Family): string {
  return family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
}
