/** What must hold, as functions of objects: each answers what is wrong, '' when nothing is. */
import type { DaemonSet, Deployment, Job, Pod, ReplicaSet, StatefulSet } from '../../src/api/generated/types.ts';

export interface Seen {
  readonly deployments: readonly Deployment[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly statefulSets: readonly StatefulSet[];
  readonly daemonSets: readonly DaemonSet[];
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
  readonly nodes: number;
}

/** Everything that does not match its specification (yet). */
export function unsettled(seen: Seen): string[] {
  return [
    ...seen.deployments.map(({ metadata, spec, status }) =>
      differs(`Deployment ${metadata.name}`, {
        observedGeneration: [status?.observedGeneration, metadata.generation],
        replicas: [status?.replicas ?? 0, spec.replicas],
        updatedReplicas: [status?.updatedReplicas ?? 0, spec.replicas],
        availableReplicas: [status?.availableReplicas ?? 0, spec.replicas],
      }),
    ),
    ...seen.replicaSets.map(({ metadata, spec, status }) =>
      differs(`ReplicaSet ${metadata.name}`, {
        observedGeneration: [status?.observedGeneration, metadata.generation],
        replicas: [status?.replicas, spec.replicas],
        readyReplicas: [status?.readyReplicas ?? 0, spec.replicas],
      }),
    ),
    ...seen.statefulSets.map(({ metadata, spec, status }) =>
      differs(`StatefulSet ${metadata.name}`, {
        observedGeneration: [status?.observedGeneration, metadata.generation],
        replicas: [status?.replicas, spec.replicas],
        readyReplicas: [status?.readyReplicas ?? 0, spec.replicas],
        revision: [status?.currentRevision, status?.updateRevision],
      }),
    ),
    ...seen.daemonSets.map(({ metadata, status }) =>
      differs(`DaemonSet ${metadata.name}`, {
        observedGeneration: [status?.observedGeneration, metadata.generation],
        numberReady: [status?.numberReady, seen.nodes],
        updatedNumberScheduled: [status?.updatedNumberScheduled, seen.nodes],
      }),
    ),
    ...seen.jobs.map(({ metadata, spec, status }) =>
      differs(`Job ${metadata.name}`, {
        complete: [status?.conditions?.find(({ type }) => type === 'Complete')?.status, 'True'],
        succeeded: [status?.succeeded, spec.completions],
        active: [status?.active ?? 0, 0],
        uncounted: [status?.uncountedTerminatedPods?.succeeded?.length ?? 0, 0],
      }),
    ),
    ...seen.pods
      .filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
      .map(({ metadata }) => `Pod ${metadata.name} is still being deleted`),
  ].filter((text) => text !== '');
}

function differs(name: string, pairs: Readonly<Record<string, readonly [unknown, unknown]>>): string {
  const wrong = Object.entries(pairs).filter(([, [is, wanted]]) => is !== wanted);
  return wrong.length === 0
    ? ''
    : `${name}: ${wrong.map(([key, [is, wanted]]) => `${key} is ${String(is)}, not ${String(wanted)}`).join(', ')}`;
}

/** Pods and ReplicaSets whose owner is not there. */
export function orphans(seen: Seen): string[] {
  const all = [...seen.deployments, ...seen.replicaSets, ...seen.statefulSets, ...seen.daemonSets, ...seen.jobs];
  const uids = new Set(all.map(({ metadata }) => metadata.uid));
  return [...seen.pods, ...seen.replicaSets]
    .filter(({ metadata }) => (metadata.ownerReferences ?? []).some(({ uid }) => !uids.has(uid)))
    .map(({ metadata }) => `${metadata.name} has an owner that is gone`);
}

/**
 * Jobs whose count is not that of their pods that succeeded. A pod that is deleted just when it succeeds is counted and gone:
 * `lost` tells of how many that may be true.
 */
export function miscounted({ jobs, pods }: Seen, lost: (uid: string) => number): string[] {
  return jobs.flatMap(({ metadata, status }) => {
    const ended = pods.filter((pod) => pod.status.phase === 'Succeeded' && pod.metadata.ownerReferences?.[0]?.uid === metadata.uid).length;
    const counted = status?.succeeded ?? 0;
    if (counted >= ended && counted <= ended + lost(metadata.uid)) return [];
    return [`Job ${metadata.name} counts ${String(counted)}, but ${String(ended)} of its pods succeeded`];
  });
}

/** Follows pods and Jobs through their lives, and remembers whatever must never happen. */
export class Watchman {
  readonly violations: string[] = [];
  readonly #ordinals = new Map<string, string>();
  readonly #counted = new Map<string, number>();
  readonly #lost = new Map<string, number>();

  pod(type: string, { metadata, status }: Pod): void {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner?.kind === 'Job' && type === 'DELETED' && status.phase !== 'Failed') this.#lost.set(owner.uid, this.lost(owner.uid) + 1);
    if (owner?.kind === 'StatefulSet') this.#ordinal(type, metadata.name, metadata.uid);
  }

  /** How many pods of a Job went away that had succeeded, or may have. */
  lost(uid: string): number {
    return this.#lost.get(uid) ?? 0;
  }

  /** A name is free again only when its pod is gone. */
  #ordinal(type: string, name: string, uid: string): void {
    const holder = this.#ordinals.get(name);
    if (type === 'DELETED') {
      if (holder === uid) this.#ordinals.delete(name);
    } else if (holder !== undefined && holder !== uid) this.violations.push(`there were two pods ${name}: ${holder} and ${uid}`);
    else this.#ordinals.set(name, uid);
  }

  job({ metadata, spec, status }: Job): void {
    const counted = status?.succeeded ?? 0;
    const before = this.#counted.get(metadata.uid) ?? 0;
    this.#counted.set(metadata.uid, counted);
    if (counted < before) this.violations.push(`Job ${metadata.name}: succeeded went back from ${String(before)} to ${String(counted)}`);
    if (counted > (spec.completions ?? Infinity))
      this.violations.push(`Job ${metadata.name}: ${String(counted)} succeeded, more than asked for`);
  }
}
