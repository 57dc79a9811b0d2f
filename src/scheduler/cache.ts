/** Nodes and the pods on them, with pods counted from the moment they are decided on: scheduler backend/cache. */
import type { Node } from '../api/generated/types.ts';
import { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

const none: readonly PodInfo[] = [];

export class SchedulerCache {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Where each pod is counted. */
  readonly #places = new Map<string, { info: PodInfo; node: string; assumed: boolean }>();
  /** Pods that room is being made for, by node. */
  readonly #nominated = new Map<string, Map<string, PodInfo>>();
  #list: readonly NodeInfo[] | undefined;

  /** Nodes that exist, in the order they came. */
  get nodes(): readonly NodeInfo[] {
    return (this.#list ??= [...this.#nodes.values()].filter((info) => info.node !== undefined));
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata.name);
    if (info.node === undefined) this.#list = undefined;
    info.setNode(node);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    info.setNode(undefined);
    this.#list = undefined;
    if (info.podCount === 0) this.#nodes.delete(name);
  }

  /** Counts a pod on a node before the API says so. */
  assume(info: PodInfo, node: string): void {
    this.#place(info, node, true);
  }

  /** Takes an assumed pod back; one that the API has confirmed stays. */
  forget(uid: string): void {
    if (this.#places.get(uid)?.assumed === true) this.removePod(uid);
  }

  /** A pod that the API shows on a node. */
  setPod(info: PodInfo, node: string): void {
    this.#place(info, node, false);
  }

  removePod(uid: string): void {
    const place = this.#places.get(uid);
    if (place === undefined) return;
    this.#places.delete(uid);
    const info = this.#nodes.get(place.node);
    info?.remove(uid);
    if (info?.node === undefined && info?.podCount === 0) this.#nodes.delete(place.node);
  }

  isAssumed(uid: string): boolean {
    return this.#places.get(uid)?.assumed === true;
  }

  /** Room is being made for the pod on the node. */
  nominate(info: PodInfo, node: string): void {
    this.endNomination(info.uid);
    const there = this.#nominated.get(node) ?? new Map<string, PodInfo>();
    this.#nominated.set(node, there.set(info.uid, info));
  }

  /** Whether there was one. */
  endNomination(uid: string): boolean {
    for (const [node, pods] of this.#nominated) {
      if (!pods.delete(uid)) continue;
      if (pods.size === 0) this.#nominated.delete(node);
      return true;
    }
    return false;
  }

  nominated(node: string): readonly PodInfo[] {
    const pods = this.#nominated.get(node);
    return pods === undefined ? none : [...pods.values()];
  }

  #place(info: PodInfo, node: string, assumed: boolean): void {
    this.removePod(info.uid);
    this.endNomination(info.uid);
    this.#info(node).add(info);
    this.#places.set(info.uid, { info, node, assumed });
  }

  #info(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (info === undefined) this.#nodes.set(name, (info = new NodeInfo(name)));
    return info;
  }
}
