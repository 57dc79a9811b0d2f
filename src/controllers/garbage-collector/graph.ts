/** Who owns whom, from what informers show: garbagecollector/graph_builder.go. No I/O. */
import type { OwnerReference } from '../../api/generated/types.ts';
import type { DiscoveredResource } from '../../client/client.ts';
import type { Cached } from '../../client/informer-store.ts';

export interface GraphNode {
  readonly resource: DiscoveredResource;
  readonly object: Cached;
}

const none: readonly never[] = [];

export function ownersOf(object: Cached): readonly OwnerReference[] {
  return object.metadata.ownerReferences ?? none;
}

/** Deleted in the foreground: waits for the dependents that block it. */
export function waitsForDependents(object: Cached): boolean {
  return object.metadata.deletionTimestamp !== undefined && object.metadata.finalizers?.includes('foregroundDeletion') === true;
}

/** Deleted with its dependents to be let go. */
export function orphansDependents(object: Cached): boolean {
  return object.metadata.deletionTimestamp !== undefined && object.metadata.finalizers?.includes('orphan') === true;
}

export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  dependentsOf(uid: string): GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? []);
  }

  /** Takes a new state in and tells whose case has to be looked at. */
  set(resource: DiscoveredResource, object: Cached): readonly string[] {
    const { uid } = object.metadata;
    const old = this.#nodes.get(uid);
    this.#nodes.set(uid, { resource, object });
    const owners = ownersOf(object);
    const before = old === undefined ? none : ownersOf(old.object);
    for (const owner of before) if (!owners.some((other) => other.uid === owner.uid)) this.#unlink(owner.uid, uid);
    for (const owner of owners) this.#link(owner.uid, uid);
    const isDue = needsLook(old?.object, object);
    if (before.length === 0) return isDue ? [uid] : none;
    const look = new Set<string>(isDue ? [uid] : none);
    // An owner that waits may go on when a dependent stops blocking it.
    for (const owner of before) {
      const isWaiting = waitsForDependents(this.#nodes.get(owner.uid)?.object ?? object);
      if (isWaiting && this.#nodes.has(owner.uid)) look.add(owner.uid);
    }
    return [...look];
  }

  /** Takes an object out and tells whose case has to be looked at: its dependents, and owners that waited for it. */
  delete(object: Cached): string[] {
    const { uid } = object.metadata;
    const known = this.#nodes.get(uid)?.object ?? object;
    this.#nodes.delete(uid);
    for (const owner of ownersOf(known)) this.#unlink(owner.uid, uid);
    const waiting = ownersOf(known).filter((owner) => {
      const node = this.#nodes.get(owner.uid);
      return node !== undefined && waitsForDependents(node.object);
    });
    return [...(this.#dependents.get(uid) ?? []), ...waiting.map((owner) => owner.uid)];
  }

  #link(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner);
    if (dependents === undefined) this.#dependents.set(owner, new Set([dependent]));
    else dependents.add(dependent);
  }

  #unlink(owner: string, dependent: string): void {
    const dependents = this.#dependents.get(owner);
    dependents?.delete(dependent);
    if (dependents?.size === 0) this.#dependents.delete(owner);
  }
}

/** Whether a change may have made an object garbage, or started its deletion with dependents. */
function needsLook(old: Cached | undefined, object: Cached): boolean {
  if (waitsForDependents(object) !== (old !== undefined && waitsForDependents(old))) return true;
  if (orphansDependents(object) !== (old !== undefined && orphansDependents(old))) return true;
  const before = old === undefined ? none : ownersOf(old);
  const after = ownersOf(object);
  return before.length !== after.length || after.some((owner, at) => owner.uid !== before[at]?.uid);
}
