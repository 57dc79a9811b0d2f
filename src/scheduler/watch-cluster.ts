/** Feeds cache and queue with what happens: scheduler/eventhandlers.go. */
import type { Node, Pod } from '../api/generated/types.ts';
import { jsonEqual } from '../base/json-equal.ts';
import { Lifecycle, type Running } from '../base/lifecycle.ts';
import type { ResourceRef } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import type { Cached } from '../client/informer-store.ts';
import { refs } from '../client/refs.ts';
import type { SchedulerCache } from './cache.ts';
import type { EventResource } from './cluster-events.ts';
import { actions, nodeChanges, podChanges } from './cluster-events.ts';
import type { Nominator } from './nominator.ts';
import type { PodClasses } from './pod-class.ts';
import { podInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import type { SchedulingQueue } from './queue.ts';

export interface WatchOptions {
  readonly informers: Informers;
  readonly cache: SchedulerCache;
  readonly nominator: Nominator;
  readonly queue: SchedulingQueue;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly classes: PodClasses;
}

export function watchCluster(options: WatchOptions): Running {
  const { informers, queue } = options;
  const lifecycle = new Lifecycle();
  const nodes = new NodeHandler(options);
  const pods = new PodHandler(options);
  lifecycle.add(informers.of(refs.nodes).handle(nodes));
  lifecycle.add(informers.of(refs.pods).handle(pods));
  const follow = <T extends Cached>(ref: ResourceRef<T>, resource: EventResource): void => {
    lifecycle.add(
      informers.of(ref).handle({
        add: (object) => queue.wake({ resource, action: actions.add, object }),
        update: (old, object) => queue.wake({ resource, action: actions.update, old, object }),
        delete: (old) => queue.wake({ resource, action: actions.delete, old }),
      }),
    );
  };
  follow(refs.persistentVolumes, 'PersistentVolume');
  follow(refs.persistentVolumeClaims, 'PersistentVolumeClaim');
  follow(refs.storageClasses, 'StorageClass');
  follow(refs.csiNodes, 'CSINode');
  follow(refs.csiDrivers, 'CSIDriver');
  follow(refs.csiStorageCapacities, 'CSIStorageCapacity');
  follow(refs.volumeAttachments, 'VolumeAttachment');
  return lifecycle;
}

class NodeHandler {
  readonly #options: WatchOptions;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  add(node: Node): void {
    this.#options.cache.setNode(node);
    this.#options.queue.wake({ resource: 'Node', action: actions.add, object: node });
  }

  update(old: Node, node: Node): void {
    const { cache, queue } = this.#options;
    const changes = nodeChanges(old, node);
    // Heartbeats change nothing that decisions rest on.
    if (changes.length > 0 || old.spec.unschedulable !== node.spec.unschedulable || !sameImages(old, node)) cache.setNode(node);
    for (const action of changes) queue.wake({ resource: 'Node', action, old, object: node });
  }

  delete(node: Node): void {
    this.#options.queue.wake({ resource: 'Node', action: actions.delete, old: node });
    this.#options.cache.removeNode(node.metadata.name);
  }
}

function sameImages(old: Node, node: Node): boolean {
  return old.status.images === node.status.images || jsonEqual(old.status.images, node.status.images);
}

class PodHandler {
  readonly #options: WatchOptions;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  add(pod: Pod): void {
    if (isOver(pod)) return;
    if (isAssigned(pod)) this.#assigned(pod);
    else if (this.#isOurs(pod)) this.#waiting(pod);
  }

  update(old: Pod, pod: Pod): void {
    if (old.metadata.uid !== pod.metadata.uid) {
      this.delete(old);
      return this.add(pod);
    }
    if (isOver(pod)) {
      if (!isOver(old)) this.delete(pod);
      return;
    }
    if (isAssigned(old)) return this.#assignedChanged(old, pod);
    if (isAssigned(pod)) return this.#assigned(pod);
    if (this.#isOurs(pod)) this.#waitingChanged(old, pod);
  }

  delete(pod: Pod): void {
    const { cache, queue, nominator } = this.#options;
    const { uid } = pod.metadata;
    const wasAssumed = cache.isAssumed(uid);
    queue.delete(uid);
    cache.removePod(uid);
    const wasNominated = nominator.delete(uid);
    if (isAssigned(pod) || wasAssumed) queue.wake({ resource: 'AssignedPod', action: actions.delete, old: pod });
    else if (wasNominated) this.#roomIsFree(pod);
  }

  #isOurs({ spec }: Pod): boolean {
    return this.#options.profiles.has(spec.schedulerName ?? 'default-scheduler');
  }

  #assigned(pod: Pod): void {
    const { cache, queue, nominator, classes } = this.#options;
    queue.delete(pod.metadata.uid);
    nominator.delete(pod.metadata.uid);
    cache.setPod(podInfo(pod, classes), pod.spec.nodeName ?? '');
    queue.wake({ resource: 'AssignedPod', action: actions.add, object: pod });
  }

  #assignedChanged(old: Pod, pod: Pod): void {
    const { cache, queue, classes } = this.#options;
    cache.setPod(podInfo(pod, classes), pod.spec.nodeName ?? '');
    for (const action of podChanges(old, pod)) queue.wake({ resource: 'AssignedPod', action, old, object: pod });
  }

  #waiting(pod: Pod): void {
    const { cache, queue, nominator, classes } = this.#options;
    if (pod.metadata.deletionTimestamp !== undefined || cache.isAssumed(pod.metadata.uid)) return;
    nominator.update(undefined, podInfo(pod, classes));
    queue.add(pod);
  }

  #waitingChanged(old: Pod, pod: Pod): void {
    const { cache, queue, nominator, classes } = this.#options;
    const { uid, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      if (old.metadata.deletionTimestamp === undefined) this.delete(pod);
      return;
    }
    if (cache.isAssumed(uid)) return;
    const before = nominator.nodeOf(uid);
    nominator.update(old, podInfo(pod, classes));
    queue.update(pod, () => podChanges(old, pod).map((action) => ({ resource: 'UnscheduledPod', action, old, object: pod })));
    if (before !== undefined && before !== nominator.nodeOf(uid)) this.#roomIsFree(old);
  }

  /** What was kept for a pod can be had by those of no higher priority. */
  #roomIsFree(pod: Pod): void {
    const priority = pod.spec.priority ?? 0;
    const event = { resource: 'AssignedPod', action: actions.delete, old: asIfThere(pod) } as const;
    this.#options.queue.wake(event, ({ info }) => info.priority <= priority);
  }
}

/** Plugins take only pods that have a place, or were promised one, for pods that can free any. */
function asIfThere(pod: Pod): Pod {
  return (pod.status.nominatedNodeName ?? '') === '' ? { ...pod, status: { ...pod.status, nominatedNodeName: '-' } } : pod;
}

function isAssigned({ spec }: Pod): boolean {
  return (spec.nodeName ?? '') !== '';
}

function isOver({ status }: Pod): boolean {
  return status.phase === 'Succeeded' || status.phase === 'Failed';
}
