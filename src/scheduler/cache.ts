/** Nodes and the pods on them, with pods counted from the moment they are decided on: scheduler backend/cache. */
import type { Node } from '../api/generated/types.ts';
import { joinKey } from '../client/informer-store.ts';
import { ImageStates } from './image-states.ts';
import { NodeInfo, Stamps } from './node-info.ts';
import { NodeTree } from './node-tree.ts';
import type { PodClass } from './pod-class.ts';
import type { PodInfo } from './pod-info.ts';

interface Place {
  readonly info: PodInfo;
  readonly node: string;
  readonly assumed: boolean;
}

export class SchedulerCache {
  readonly stamps = new Stamps();
  readonly images = new ImageStates();
  readonly #nodes = new Map<string, NodeInfo>();
  readonly #tree = new NodeTree();
  readonly #slots: (NodeInfo | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  /** Where each pod is counted. */
  readonly #places = new Map<string, Place>();
  /** How many pods use a claim, by `namespace/name`. */
  readonly #claims = new Map<string, number>();
  #withAffinity = 0;
  #list: readonly NodeInfo[] | undefined;

  /** Nodes that exist, in the order they are looked at. */
  get nodes(): readonly NodeInfo[] {
    return (this.#list ??= this.#tree.list().flatMap((name) => this.#nodes.get(name) ?? []));
  }

  /** By {@link NodeInfo.slot}, nodes that do not exist any more included. */
  get slots(): readonly (NodeInfo | undefined)[] {
    return this.#slots;
  }

  /** By name; undefined when it does not exist (even when pods are bound to it). */
  node(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name);
    return info?.node === undefined ? undefined : info;
  }

  /** Pods with affinity or anti-affinity of any kind. */
  get podsWithAffinity(): number {
    return this.#withAffinity;
  }

  isClaimUsed(namespace: string, name: string): boolean {
    return (this.#claims.get(joinKey(namespace, name)) ?? 0) > 0;
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata.name);
    const isNew = info.node === undefined;
    info.setNode(node);
    if (this.#tree.set(node) || isNew) this.#list = undefined;
    this.images.set(node);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    info.setNode(undefined);
    this.#tree.delete(name);
    this.images.delete(name);
    this.#list = undefined;
    if (info.podCount === 0) this.#forgetNode(info);
  }

  /** Counts a pod on a node before the API says so. */
  assume(info: PodInfo, node: string): void {
    this.#place(info, node, true);
  }

  /** Takes an assumed pod back; one that the API has confirmed stays. Tells whether there was one. */
  forget(uid: string): boolean {
    const assumed = this.isAssumed(uid);
    if (assumed) this.removePod(uid);
    return assumed;
  }

  /** A pod that the API shows on a node. */
  setPod(info: PodInfo, node: string): void {
    this.#place(info, node, false);
  }

  removePod(uid: string): void {
    const place = this.#places.get(uid);
    if (place === undefined) return;
    this.#places.delete(uid);
    this.#count(place.info.class, -1);
    const info = this.#nodes.get(place.node);
    info?.remove(uid);
    if (info?.node === undefined && info?.podCount === 0) this.#forgetNode(info);
  }

  isAssumed(uid: string): boolean {
    return this.#places.get(uid)?.assumed === true;
  }

  #place(info: PodInfo, node: string, assumed: boolean): void {
    const old = this.#places.get(info.uid);
    if (old?.node === node && old.info.class === info.class) {
      // Only the object is newer: sums and what was concluded from them hold.
      this.#places.set(info.uid, { info, node, assumed });
      this.#nodes.get(node)?.replace(info);
      return;
    }
    this.removePod(info.uid);
    this.#info(node).add(info);
    this.#count(info.class, 1);
    this.#places.set(info.uid, { info, node, assumed });
  }

  #count(podClass: PodClass, sign: 1 | -1): void {
    if (podClass.hasAffinity) this.#withAffinity += sign;
    for (const name of podClass.claims) {
      const key = joinKey(podClass.namespace, name);
      const count = (this.#claims.get(key) ?? 0) + sign;
      if (count === 0) this.#claims.delete(key);
      else this.#claims.set(key, count);
    }
  }

  #forgetNode(info: NodeInfo): void {
    this.#nodes.delete(info.name);
    this.#slots[info.slot] = undefined;
    this.#freeSlots.push(info.slot);
    this.stamps.changed(info.slot);
  }

  #info(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (info === undefined) {
      const slot = this.#freeSlots.pop() ?? this.#slots.length;
      info = new NodeInfo(name, slot, this.stamps);
      this.#slots[slot] = info;
      this.#nodes.set(name, info);
    }
    return info;
  }
}
