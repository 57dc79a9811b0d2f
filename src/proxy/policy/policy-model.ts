/**
 * Policies, pods and namespaces of the cluster to the policy table of one node: a function of the objects alone, kept up as they change.
 * Whatever order they come in, the table is the same.
 */
import type { NetworkPolicy } from '../../api/generated/types.ts';
import type { Labels, LabelMatcher } from '../../api/label-selector.ts';
import { labelMatcher } from '../../api/label-selector.ts';
import { familyOf } from '../addresses.ts';
import type { PodFacts } from './pod-facts.ts';
import { sameFacts } from './pod-facts.ts';
import { PeerSets } from './peer-sets.ts';
import type { CompiledPolicy, Direction } from './policy-rules.ts';
import { compilePolicy } from './policy-rules.ts';
import { PolicyTable } from './policy-table.ts';
import { families, names, ruleLines } from './policy-text.ts';
import { PairIndex, requiredPair, shortHash } from './selection.ts';

interface PolicyState {
  readonly key: string;
  readonly namespace: string;
  readonly pair: string | undefined;
  readonly selects: LabelMatcher;
  readonly compiled: CompiledPolicy;
  readonly source: NetworkPolicy['spec'];
}

interface LocalPod {
  readonly facts: PodFacts;
  /** The class of each direction that some policy isolates. */
  classes: Partial<Record<Direction, string>>;
}

const directions: readonly Direction[] = ['ingress', 'egress'];

/** Where the cluster's DNS listens, as pods may be sent to it by policies that speak of port 53. */
export interface DnsEndpoint {
  readonly ip: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

export class PolicyModel {
  readonly table: PolicyTable;
  readonly #peers: PeerSets;
  readonly #policies = new Map<string, PolicyState>();
  readonly #byNamespace = new Map<string, PairIndex<PolicyState>>();
  readonly #pods = new Map<string, PodFacts>();
  readonly #local = new Map<string, LocalPod>();
  readonly #localByNamespace = new Map<string, Set<LocalPod>>();
  /** Which local pod an address belongs to, newest first come. */
  readonly #owners = new Map<string, LocalPod>();
  readonly #classUsers = new Map<string, number>();
  #dns: readonly DnsEndpoint[] = [];

  constructor(instance: string) {
    this.table = new PolicyTable(instance);
    this.#peers = new PeerSets(this.table);
  }

  get policyCount(): number {
    return this.#policies.size;
  }

  /** `key` is `namespace/name`; undefined: it is gone. */
  setPolicy(key: string, policy: NetworkPolicy | undefined): void {
    const before = this.#policies.get(key);
    if (before !== undefined && before.source === policy?.spec) return;
    const after = policy === undefined ? undefined : policyState(key, policy);
    // First what comes, so that sets that both use stay.
    if (after !== undefined) {
      this.#peers.use(after.compiled.selections, after.compiled.namedPorts);
      this.#policies.set(key, after);
      this.#index(after.namespace).add(after);
    } else this.#policies.delete(key);
    if (before !== undefined) this.#unindex(before);
    for (const direction of directions) {
      const rules = after?.compiled.rules[direction];
      if (rules === undefined && before?.compiled.rules[direction] === undefined) continue;
      const lines = rules?.flatMap((rule) => ruleLines(direction, rule));
      this.table.setChain(names.policy((after ?? before)?.key ?? '', direction), lines && [...new Set(lines)]);
    }
    for (const pod of this.#localByNamespace.get((after ?? before)?.namespace ?? '') ?? []) {
      if (before?.selects(pod.facts.labels) === true || after?.selects(pod.facts.labels) === true) this.#classify(pod);
    }
    if (before !== undefined) this.#peers.release(before.compiled.selections, before.compiled.namedPorts);
  }

  /** Undefined: no policy concerns it (any more). Answers whether anything about the pod has changed. */
  setPod(key: string, facts: PodFacts | undefined): boolean {
    const before = this.#pods.get(key);
    if (before === facts || (before !== undefined && facts !== undefined && sameFacts(before, facts))) return false;
    if (before !== undefined) this.#peers.deletePod(before);
    if (facts !== undefined) this.#peers.addPod(facts);
    if (facts === undefined) this.#pods.delete(key);
    else this.#pods.set(key, facts);
    this.#setLocal(key, facts?.isLocal === true ? facts : undefined);
    return true;
  }

  setNamespace(name: string, labels: Labels | undefined): void {
    this.#peers.setNamespace(name, labels);
  }

  /** Replaces what was set before. */
  setDns(endpoints: readonly DnsEndpoint[]): void {
    for (const family of families) {
      const wanted = new Set(endpoints.filter(({ ip }) => familyOf(ip) === family).map(dnsElement));
      for (const old of this.#dns) {
        const element = dnsElement(old);
        if (familyOf(old.ip) === family && !wanted.has(element)) this.table.setElement(names.dns(family), element, undefined);
      }
      for (const element of wanted) this.table.setElement(names.dns(family), element, '');
    }
    this.#dns = endpoints;
    this.setPod(' dns', dnsPod(endpoints));
  }

  #index(namespace: string): PairIndex<PolicyState> {
    const found = this.#byNamespace.get(namespace);
    if (found !== undefined) return found;
    const index = new PairIndex<PolicyState>();
    this.#byNamespace.set(namespace, index);
    return index;
  }

  #unindex(policy: PolicyState): void {
    const index = this.#index(policy.namespace);
    index.delete(policy);
    if (index.isEmpty) this.#byNamespace.delete(policy.namespace);
  }

  #setLocal(key: string, facts: PodFacts | undefined): void {
    const before = this.#local.get(key);
    const after: LocalPod | undefined = facts && { facts, classes: {} };
    if (after !== undefined) {
      this.#local.set(key, after);
      for (const ip of after.facts.ips) this.#own(ip, after);
      const siblings = this.#localByNamespace.get(after.facts.namespace);
      if (siblings === undefined) this.#localByNamespace.set(after.facts.namespace, new Set([after]));
      else siblings.add(after);
      this.#classify(after);
    } else this.#local.delete(key);
    if (before === undefined) return;
    const siblings = this.#localByNamespace.get(before.facts.namespace);
    siblings?.delete(before);
    if (siblings?.size === 0) this.#localByNamespace.delete(before.facts.namespace);
    this.#setClasses(before, {});
    for (const ip of before.facts.ips) if (this.#owners.get(ip) === before) this.#owners.delete(ip);
  }

  /** An address that was another pod's: that one has nothing to say about it any more. */
  #own(ip: string, pod: LocalPod): void {
    this.#owners.set(ip, pod);
    for (const direction of directions) this.table.setElement(names.classes(direction, familyOf(ip)), ip, undefined);
    this.table.setElement(names.self(familyOf(ip)), `${ip} . ${ip}`, undefined);
  }

  #classify(pod: LocalPod): void {
    const { namespace, labels } = pod.facts;
    const policies = [...(this.#byNamespace.get(namespace)?.candidates(labels) ?? [])].filter(({ selects }) => selects(labels));
    const classes: Partial<Record<Direction, string>> = {};
    for (const direction of directions) {
      const chains = policies
        .filter(({ compiled }) => compiled.rules[direction] !== undefined)
        .map(({ key }) => names.policy(key, direction))
        .sort();
      if (chains.length === 0) continue;
      const name = names.class(shortHash(chains.join(' ')));
      classes[direction] = name;
      if (this.table.chain(name) === undefined) this.table.setChain(name, [...chains.map((chain) => `jump ${chain}`), 'drop']);
    }
    this.#setClasses(pod, classes);
  }

  #setClasses(pod: LocalPod, classes: Partial<Record<Direction, string>>): void {
    const before = pod.classes;
    pod.classes = classes;
    for (const direction of directions) {
      const name = classes[direction];
      if (name !== undefined) this.#classUsers.set(name, (this.#classUsers.get(name) ?? 0) + 1);
      for (const ip of pod.facts.ips) {
        if (this.#owners.get(ip) === pod)
          this.table.setElement(names.classes(direction, familyOf(ip)), ip, name === undefined ? undefined : `goto ${name}`);
      }
    }
    const isIsolated = directions.some((direction) => classes[direction] !== undefined);
    for (const ip of pod.facts.ips)
      if (this.#owners.get(ip) === pod) this.table.setElement(names.self(familyOf(ip)), `${ip} . ${ip}`, isIsolated ? '' : undefined);
    for (const direction of directions) {
      const name = before[direction];
      if (name === undefined) continue;
      const users = (this.#classUsers.get(name) ?? 0) - 1;
      if (users > 0) this.#classUsers.set(name, users);
      else {
        this.#classUsers.delete(name);
        this.table.setChain(name, undefined);
      }
    }
  }
}

function policyState(key: string, policy: NetworkPolicy): PolicyState {
  const selector = policy.spec?.podSelector ?? {};
  return {
    key: shortHash(key),
    namespace: policy.metadata.namespace ?? '',
    pair: requiredPair(selector),
    selects: labelMatcher(selector),
    compiled: compilePolicy(policy),
    source: policy.spec,
  };
}

function dnsElement({ ip, protocol, port }: DnsEndpoint): string {
  return `${ip} . ${protocol} . ${port}`;
}

/** The pod that serves DNS elsewhere: policies select it by namespace and label. */
function dnsPod(endpoints: readonly DnsEndpoint[]): PodFacts | undefined {
  if (endpoints.length === 0) return undefined;
  const ports = new Map(endpoints.map(({ protocol, port }) => [protocol, port]));
  return {
    namespace: 'kube-system',
    labels: { 'k8s-app': 'kube-dns' },
    ips: [...new Set(endpoints.map(({ ip }) => ip))],
    ports: [...ports].map(([protocol, port]) => ({ name: protocol === 'udp' ? 'dns' : 'dns-tcp', protocol, port })),
    isLocal: false,
  };
}
