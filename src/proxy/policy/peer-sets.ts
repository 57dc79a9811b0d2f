/** The sets of pod addresses that rules name: one a selection and one a named port, kept while a policy uses them. */
import type { Labels } from '../../api/label-selector.ts';
import { familyOf } from '../addresses.ts';
import type { PodFacts } from './pod-facts.ts';
import type { NamedPort } from './policy-rules.ts';
import type { PolicyTable } from './policy-table.ts';
import { addressType, endpointType, families, names } from './policy-text.ts';
import type { Selection } from './selection.ts';
import { PairIndex } from './selection.ts';

interface UsedSelection {
  readonly selection: Selection;
  readonly pair: string | undefined;
  users: number;
  /** How many pods have an address: for a moment it may be the old and the new pod's. */
  readonly counts: Map<string, number>;
}

interface UsedPort {
  readonly port: NamedPort;
  users: number;
  readonly counts: Map<string, number>;
}

interface NamespaceState {
  labels: Labels;
  readonly pods: Set<PodFacts>;
  readonly selections: PairIndex<UsedSelection>;
  /** Those of all namespaces that match this one's labels. */
  wide: Set<UsedSelection>;
  /** How many of its own there are. */
  bound: number;
}

const noLabels: Labels = {};

export class PeerSets {
  readonly #table: PolicyTable;
  readonly #selections = new Map<string, UsedSelection>();
  readonly #ports = new Map<string, UsedPort>();
  readonly #namespaces = new Map<string, NamespaceState>();

  constructor(table: PolicyTable) {
    this.#table = table;
  }

  addPod(pod: PodFacts): void {
    const namespace = this.#namespace(pod.namespace);
    namespace.pods.add(pod);
    for (const used of namespace.selections.candidates(pod.labels)) if (used.selection.matchesPod(pod.labels)) this.#count(used, pod, 1);
    this.#countPorts(pod, 1);
  }

  deletePod(pod: PodFacts): void {
    const namespace = this.#namespace(pod.namespace);
    namespace.pods.delete(pod);
    for (const used of namespace.selections.candidates(pod.labels)) if (used.selection.matchesPod(pod.labels)) this.#count(used, pod, -1);
    this.#countPorts(pod, -1);
    this.#prune(pod.namespace);
  }

  /** A namespace's labels; none when it is gone. */
  setNamespace(name: string, labels: Labels = noLabels): void {
    const state = this.#namespace(name);
    const before = state.wide;
    state.labels = labels;
    state.wide = this.#wideFor(labels);
    for (const used of before) if (!state.wide.has(used)) this.#leave(state, used);
    for (const used of state.wide) if (!before.has(used)) this.#enter(state, used);
    this.#prune(name);
  }

  /** Says that a policy's rules name these sets. */
  use(selections: readonly Selection[], ports: readonly NamedPort[]): void {
    for (const selection of selections) this.#useSelection(selection);
    for (const port of ports) this.#usePort(port);
  }

  /** The inverse of {@link use}. */
  release(selections: readonly Selection[], ports: readonly NamedPort[]): void {
    for (const { key } of selections) {
      const used = this.#selections.get(key);
      if (used === undefined || --used.users > 0) continue;
      this.#selections.delete(key);
      for (const [name, state] of this.#where(used.selection)) {
        state.selections.delete(used);
        if (!state.wide.delete(used)) state.bound -= 1;
        this.#prune(name);
      }
      for (const family of families) this.#table.deleteSet(names.selection(key, family));
    }
    for (const { key } of ports) {
      const used = this.#ports.get(key);
      if (used === undefined || --used.users > 0) continue;
      this.#ports.delete(key);
      for (const family of families) this.#table.deleteSet(names.namedPort(key, family));
    }
  }

  #useSelection(selection: Selection): void {
    const known = this.#selections.get(selection.key);
    if (known !== undefined) {
      known.users += 1;
      return;
    }
    const used: UsedSelection = { selection, pair: selection.pair, users: 1, counts: new Map() };
    this.#selections.set(selection.key, used);
    for (const family of families) this.#table.addSet(names.selection(selection.key, family), addressType(family));
    for (const [, state] of this.#where(selection)) {
      if (selection.namespace === undefined) state.wide.add(used);
      else state.bound += 1;
      this.#enter(state, used);
    }
  }

  #usePort(port: NamedPort): void {
    const known = this.#ports.get(port.key);
    if (known !== undefined) {
      known.users += 1;
      return;
    }
    const used: UsedPort = { port, users: 1, counts: new Map() };
    this.#ports.set(port.key, used);
    for (const family of families) this.#table.addSet(names.namedPort(port.key, family), endpointType(family));
    for (const { pods } of this.#namespaces.values()) for (const pod of pods) this.#countPort(used, pod, 1);
  }

  /** The namespaces in which a selection may find pods. */
  #where({ namespace, matchesNamespace }: Selection): [string, NamespaceState][] {
    if (namespace !== undefined) return [[namespace, this.#namespace(namespace)]];
    return [...this.#namespaces].filter(([, { labels }]) => matchesNamespace(labels));
  }

  #wideFor(labels: Labels): Set<UsedSelection> {
    const matching = new Set<UsedSelection>();
    for (const used of this.#selections.values())
      if (used.selection.namespace === undefined && used.selection.matchesNamespace(labels)) matching.add(used);
    return matching;
  }

  #enter(state: NamespaceState, used: UsedSelection): void {
    state.selections.add(used);
    for (const pod of state.pods) if (used.selection.matchesPod(pod.labels)) this.#count(used, pod, 1);
  }

  #leave(state: NamespaceState, used: UsedSelection): void {
    state.selections.delete(used);
    for (const pod of state.pods) if (used.selection.matchesPod(pod.labels)) this.#count(used, pod, -1);
  }

  #count({ selection, counts }: UsedSelection, pod: PodFacts, by: 1 | -1): void {
    for (const ip of pod.ips) this.#set(names.selection(selection.key, familyOf(ip)), ip, tally(counts, ip, by));
  }

  #countPorts(pod: PodFacts, by: 1 | -1): void {
    if (pod.ports.length > 0) for (const used of this.#ports.values()) this.#countPort(used, pod, by);
  }

  #countPort({ port, counts }: UsedPort, pod: PodFacts, by: 1 | -1): void {
    for (const own of pod.ports) {
      if (own.name !== port.name || own.protocol !== port.protocol) continue;
      for (const ip of pod.ips) {
        const element = `${ip} . ${own.protocol} . ${own.port}`;
        this.#set(names.namedPort(port.key, familyOf(ip)), element, tally(counts, element, by));
      }
    }
  }

  #set(name: string, element: string, count: number): void {
    this.#table.setElement(name, element, count > 0 ? '' : undefined);
  }

  /** Forgets a namespace of which nothing is known or left. */
  #prune(name: string): void {
    const state = this.#namespaces.get(name);
    if (state?.pods.size === 0 && state.bound === 0 && state.labels === noLabels) this.#namespaces.delete(name);
  }

  #namespace(name: string): NamespaceState {
    const found = this.#namespaces.get(name);
    if (found !== undefined) return found;
    const state: NamespaceState = { labels: noLabels, pods: new Set(), selections: new PairIndex(), wide: new Set(), bound: 0 };
    this.#namespaces.set(name, state);
    for (const used of this.#selections.values())
      if (used.selection.namespace === undefined && used.selection.matchesNamespace(noLabels)) {
        state.wide.add(used);
        state.selections.add(used);
      }
    return state;
  }
}

/** The new count. */
function tally(counts: Map<string, number>, key: string, by: 1 | -1): number {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
  return count;
}
