/** Pods that room is being made for, by node: scheduler backend/queue/nominator.go. */
import type { PodInfo } from './pod-info.ts';

const none: readonly PodInfo[] = [];

export class Nominator {
  readonly #nodes = new Map<string, Map<string, PodInfo>>();
  readonly #nodeOf = new Map<string, string>();

  get size(): number {
    return this.#nodeOf.size;
  }

  on(node: string): readonly PodInfo[] {
    const pods = this.#nodes.get(node);
    return pods === undefined ? none : [...pods.values()];
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  /** A nomination that was made before for the same pod ends. */
  add(info: PodInfo, node: string): void {
    this.delete(info.uid);
    this.#nodeOf.set(info.uid, node);
    const pods = this.#nodes.get(node) ?? new Map<string, PodInfo>();
    this.#nodes.set(node, pods.set(info.uid, info));
  }

  /** Whether there was one. */
  delete(uid: string): boolean {
    const node = this.#nodeOf.get(uid);
    if (node === undefined) return false;
    this.#nodeOf.delete(uid);
    const pods = this.#nodes.get(node);
    pods?.delete(uid);
    if (pods?.size === 0) this.#nodes.delete(node);
    return true;
  }

  /**
   * What a pod that waits says of itself counts, unless it never said anything: then a node it was promised a moment ago
   * stays so until that is written.
   */
  update(old: PodInfo['pod'] | undefined, info: PodInfo): void {
    const said = info.pod.status.nominatedNodeName ?? '';
    const before = old?.status.nominatedNodeName ?? '';
    const node = said === '' && before === '' ? this.#nodeOf.get(info.uid) : said;
    if (node === undefined || node === '') this.delete(info.uid);
    else this.add(info, node);
  }
}
