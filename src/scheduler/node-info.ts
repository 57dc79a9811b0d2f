/** A node and the sum of the pods on it: scheduler framework/types.go NodeInfo. */
import type { Node } from '../api/generated/types.ts';
import { type HostPort, hostPortsClash } from '../api/host-ports.ts';
import type { PodInfo } from './pod-info.ts';
import type { Amounts } from './resources.ts';
import { amounts } from './resources.ts';

export class NodeInfo {
  readonly name: string;
  /** Undefined while only its pods are known. */
  #node: Node | undefined;
  #allocatable: Amounts = new Map();
  readonly #pods = new Map<string, PodInfo>();
  readonly #requested = new Map<string, number>();
  readonly #scoring = { cpu: 0, memory: 0 };
  #withAffinity = 0;
  #memo = new Map<string, number>();
  #images: ReadonlyMap<string, number> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get node(): Node | undefined {
    return this.#node;
  }
  get labels(): Readonly<Record<string, string>> {
    return this.#node?.metadata.labels ?? {};
  }
  get allocatable(): Amounts {
    return this.#allocatable;
  }
  get requested(): Amounts {
    return this.#requested;
  }
  /** Requests as counted for scoring. */
  get scoring(): Readonly<{ cpu: number; memory: number }> {
    return this.#scoring;
  }
  get podCount(): number {
    return this.#pods.size;
  }
  get pods(): Iterable<PodInfo> {
    return this.#pods.values();
  }
  /** Whether a pod here has affinity or anti-affinity of any kind. */
  get hasAffinity(): boolean {
    return this.#withAffinity > 0;
  }

  /** Sizes of images on the node by name. */
  get images(): ReadonlyMap<string, number> {
    this.#images ??= new Map(
      (this.#node?.status.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, sizeBytes] as const)),
    );
    return this.#images;
  }

  setNode(node: Node | undefined): void {
    this.#node = node;
    this.#allocatable = amounts(node?.status.allocatable);
    this.#images = undefined;
  }

  add(pod: PodInfo): void {
    this.#pods.set(pod.uid, pod);
    this.#count(pod, 1);
  }

  remove(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return;
    this.#pods.delete(uid);
    this.#count(pod, -1);
  }

  has(uid: string): boolean {
    return this.#pods.has(uid);
  }

  /** Whether one of these ports is taken; 0.0.0.0 clashes with every address of its port. */
  conflicts(ports: readonly HostPort[]): boolean {
    if (ports.length === 0) return false;
    for (const pod of this.#pods.values()) {
      for (const taken of pod.hostPorts) if (ports.some((port) => hostPortsClash(port, taken))) return true;
    }
    return false;
  }

  /** How many pods match; remembered under `key` until the pods here change. */
  count(key: string, matches: (pod: PodInfo) => boolean): number {
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    let count = 0;
    for (const pod of this.#pods.values()) if (matches(pod)) count += 1;
    this.#memo.set(key, count);
    return count;
  }

  /** A copy whose pods can be taken away without touching this one. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name);
    copy.setNode(this.#node);
    for (const pod of this.#pods.values()) copy.add(pod);
    return copy;
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    for (const [name, amount] of pod.requests) this.#requested.set(name, (this.#requested.get(name) ?? 0) + sign * amount);
    this.#scoring.cpu += sign * pod.scoring.cpu;
    this.#scoring.memory += sign * pod.scoring.memory;
    if (pod.pod.spec.affinity?.podAffinity !== undefined || pod.pod.spec.affinity?.podAntiAffinity !== undefined)
      this.#withAffinity += sign;
    if (this.#memo.size > 0) this.#memo = new Map();
  }
}
