/** A node and the sums of the pods on it: scheduler framework/types.go NodeInfo. */
import type { Node, Taint } from '../api/generated/types.ts';
import type { HostPort } from '../api/host-ports.ts';
import type { Labels } from '../api/label-selector.ts';
import type { PodClass } from './pod-class.ts';
import { portsClash } from './pod-class.ts';
import type { PodInfo } from './pod-info.ts';
import type { Resources } from './resources.ts';
import { amounts, toResources } from './resources.ts';

const noLabels: Labels = {};
const noTaints: readonly Taint[] = [];
const noResources: Resources = { cpu: 0, memory: 0, storage: 0, scalars: new Map() };

/**
 * Numbers that grow with every change of a node, by the node's slot, so that whoever remembers something about nodes finds
 * those that changed without asking each.
 */
export class Stamps {
  #values = new Float64Array(64);
  #last = 0;

  /** By slot; fetch anew after nodes were added. */
  get values(): Float64Array {
    return this.#values;
  }

  changed(slot: number): void {
    if (slot >= this.#values.length) {
      const more = new Float64Array(Math.max(slot + 1, this.#values.length * 2));
      more.set(this.#values);
      this.#values = more;
    }
    this.#last += 1;
    this.#values[slot] = this.#last;
  }
}

/** Sums of requests. */
class Sums implements Resources {
  cpu = 0;
  memory = 0;
  storage = 0;
  readonly scalars = new Map<string, number>();

  add(more: Resources, sign: 1 | -1): void {
    this.cpu += sign * more.cpu;
    this.memory += sign * more.memory;
    this.storage += sign * more.storage;
    for (const [name, amount] of more.scalars) this.scalars.set(name, (this.scalars.get(name) ?? 0) + sign * amount);
  }
}

export class NodeInfo {
  readonly name: string;
  /** Small, and its own as long as the node is known; a {@link clone} has its original's. */
  readonly slot: number;
  readonly #stamps: Stamps | undefined;
  /** Undefined while only its pods are known. */
  #node: Node | undefined;
  #labels = noLabels;
  #taints = noTaints;
  #allocatable = noResources;
  #allowedPods = 0;
  readonly #pods = new Map<string, PodInfo>();
  readonly #classes = new Map<PodClass, number>();
  readonly #requested = new Sums();
  readonly #scoring = new Sums();

  constructor(name: string, slot: number, stamps?: Stamps) {
    this.name = name;
    this.slot = slot;
    this.#stamps = stamps;
    stamps?.changed(slot);
  }

  get node(): Node | undefined {
    return this.#node;
  }
  get labels(): Labels {
    return this.#labels;
  }
  get taints(): readonly Taint[] {
    return this.#taints;
  }
  get allocatable(): Resources {
    return this.#allocatable;
  }
  get allowedPods(): number {
    return this.#allowedPods;
  }
  get requested(): Resources {
    return this.#requested;
  }
  /** Requests as counted for scoring. */
  get scoring(): Resources {
    return this.#scoring;
  }
  get podCount(): number {
    return this.#pods.size;
  }
  get pods(): Iterable<PodInfo> {
    return this.#pods.values();
  }
  /** How many pods of each class are here. */
  get classes(): ReadonlyMap<PodClass, number> {
    return this.#classes;
  }

  setNode(node: Node | undefined): void {
    this.#node = node;
    this.#labels = node?.metadata.labels ?? noLabels;
    this.#taints = node?.spec.taints ?? noTaints;
    const all = amounts(node?.status.allocatable);
    this.#allocatable = toResources(all);
    this.#allowedPods = all.get('pods') ?? 0;
    this.#stamps?.changed(this.slot);
  }

  add(pod: PodInfo): void {
    if (this.#pods.has(pod.uid)) this.remove(pod.uid);
    this.#pods.set(pod.uid, pod);
    this.#count(pod.class, 1);
  }

  remove(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return;
    this.#pods.delete(uid);
    this.#count(pod.class, -1);
  }

  /** Puts a newer object in the place of a pod of the same class. */
  replace(pod: PodInfo): void {
    this.#pods.set(pod.uid, pod);
  }

  /** Whether one of these ports is taken. */
  conflicts(ports: readonly HostPort[]): boolean {
    for (const taken of this.#classes.keys()) if (taken.hostPorts.length > 0 && portsClash(ports, taken.hostPorts)) return true;
    return false;
  }

  /** A copy that pods can be added to and taken from without touching this one. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name, this.slot);
    copy.#node = this.#node;
    copy.#labels = this.#labels;
    copy.#taints = this.#taints;
    copy.#allocatable = this.#allocatable;
    copy.#allowedPods = this.#allowedPods;
    for (const [uid, pod] of this.#pods) copy.#pods.set(uid, pod);
    for (const [podClass, count] of this.#classes) copy.#classes.set(podClass, count);
    copy.#requested.add(this.#requested, 1);
    copy.#scoring.add(this.#scoring, 1);
    return copy;
  }

  #count(podClass: PodClass, sign: 1 | -1): void {
    const count = (this.#classes.get(podClass) ?? 0) + sign;
    if (count === 0) this.#classes.delete(podClass);
    else this.#classes.set(podClass, count);
    this.#requested.add(podClass.requests, sign);
    this.#scoring.add(podClass.scoring, sign);
    this.#stamps?.changed(this.slot);
  }
}
