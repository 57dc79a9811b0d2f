/**
 * The arithmetic of rolling out and scaling: how many replicas each ReplicaSet is to have next. Pure.
 * pkg/controller/deployment/{rolling,recreate,sync}.go and util/deployment_util.go.
 */
import type { Deployment, ReplicaSet } from '../../api/generated/types.ts';
import { annotations, byAge, countAnnotation, isActive } from './replica-sets.ts';
import { scaledValue } from '../shared/int-or-percent.ts';
import { desired, isRollingUpdate, maxSurge, maxUnavailable } from './strategy.ts';

/** A ReplicaSet and the size it gets. */
export interface Resize {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

export function replicasOf(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + (set.spec.replicas ?? 1), 0);
}

/** The size of the new ReplicaSet (undefined: it is to be created) beside `others`. */
export function newSetSize(deployment: Deployment, current: ReplicaSet | undefined, others: readonly ReplicaSet[]): number {
  const now = current === undefined ? 0 : (current.spec.replicas ?? 1);
  const wanted = desired(deployment);
  if (!isRollingUpdate(deployment) || now >= wanted) return wanted;
  const room = wanted + scaledValue(deployment.spec.strategy?.rollingUpdate?.maxSurge, wanted, true) - replicasOf(others) - now;
  return room <= 0 ? now : now + Math.min(room, wanted - now);
}

/**
 * How the old ReplicaSets shrink in a rolling update, in order: broken pods first, then as far as availability allows. A
 * ReplicaSet may come twice.
 */
export function shrinkOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Resize[] {
  const sets = old.filter(isActive).sort(byAge);
  const available = (set: ReplicaSet): number => set.status.availableReplicas ?? 0;
  const minAvailable = desired(deployment) - maxUnavailable(deployment);
  const newUnavailable = (current.spec.replicas ?? 1) - available(current);
  const room = replicasOf([...sets, current]) - minAvailable - newUnavailable;
  if (sets.length === 0 || room <= 0) return [];
  const sizes = new Map(sets.map((set) => [set, set.spec.replicas ?? 1]));
  const resizes: Resize[] = [];
  const shrink = (set: ReplicaSet, by: number): void => {
    const replicas = (sizes.get(set) ?? 0) - by;
    sizes.set(set, replicas);
    resizes.push({ set, replicas });
  };
  let cleaned = 0;
  for (const set of sets) {
    if (cleaned >= room) break;
    const broken = Math.min(room - cleaned, (sizes.get(set) ?? 0) - available(set));
    if (broken === 0) continue;
    // More available than wanted: it was made smaller a moment ago, and its status does not know yet. Upstream refuses to go on then.
    if (broken < 0) return resizes;
    shrink(set, broken);
    cleaned += broken;
  }
  let spare = [...sets, current].reduce((sum, set) => sum + available(set), 0) - minAvailable;
  for (const set of sets) {
    const down = Math.min(sizes.get(set) ?? 0, spare);
    if (down <= 0) continue;
    shrink(set, down);
    spare -= down;
  }
  return resizes;
}

/** Whether the Deployment's size changed since its ReplicaSets were last sized. */
export function isScalingEvent(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.filter(isActive).some((set) => {
    const sized = countAnnotation(set, annotations.desiredReplicas);
    return sized !== undefined && sized !== desired(deployment);
  });
}

export interface Scaling {
  readonly resizes: readonly Resize[];
  /** Write the size annotations even where the size stays. */
  readonly annotate: boolean;
}

/** New sizes after the Deployment was scaled (or while it is paused): one ReplicaSet takes all, several share in proportion. */
export function scale(deployment: Deployment, current: ReplicaSet | undefined, old: readonly ReplicaSet[]): Scaling {
  const one = activeOrLatest(current, old);
  if (one !== undefined) return { resizes: [{ set: one, replicas: desired(deployment) }], annotate: false };
  if (current !== undefined && isSaturated(deployment, current)) {
    return { resizes: old.filter(isActive).map((set) => ({ set, replicas: 0 })), annotate: false };
  }
  if (!isRollingUpdate(deployment)) return { resizes: [], annotate: false };
  const sets = [...old, ...(current === undefined ? [] : [current])].filter(isActive);
  return { resizes: proportionally(deployment, sets), annotate: true };
}

/** The only ReplicaSet with replicas, or if none has any the newest; undefined when several have. */
function activeOrLatest(current: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReplicaSet | undefined {
  const newestFirst = [...old].sort((a, b) => byAge(b, a));
  const active = [...newestFirst, ...(current === undefined ? [] : [current])].filter(isActive);
  if (active.length === 0) return current ?? newestFirst[0];
  return active.length === 1 ? active[0] : undefined;
}

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const wanted = desired(deployment);
  return (
    set.spec.replicas === wanted && countAnnotation(set, annotations.desiredReplicas) === wanted && set.status.availableReplicas === wanted
  );
}

function proportionally(deployment: Deployment, sets: readonly ReplicaSet[]): Resize[] {
  const wanted = desired(deployment);
  const toAdd = (wanted > 0 ? wanted + maxSurge(deployment) : 0) - replicasOf(sets);
  if (toAdd === 0) return sets.map((set) => ({ set, replicas: set.spec.replicas ?? 1 }));
  const ordered = [...sets].sort((a, b) => (b.spec.replicas ?? 1) - (a.spec.replicas ?? 1) || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
  let added = 0;
  const sizes = ordered.map((set) => {
    const allowed = toAdd - added;
    const share = allowed === 0 ? 0 : fraction(deployment, set);
    const part = toAdd > 0 ? Math.min(share, allowed) : Math.max(share, allowed);
    added += part;
    return (set.spec.replicas ?? 1) + part;
  });
  // The largest takes what rounding left over.
  return ordered.map((set, at) => ({ set, replicas: at === 0 ? Math.max(0, (sizes[0] ?? 0) + toAdd - added) : (sizes[at] ?? 0) }));
}

function fraction(deployment: Deployment, set: ReplicaSet): number {
  const size = set.spec.replicas ?? 1;
  if (desired(deployment) === 0) return -size;
  const before = countAnnotation(set, annotations.maxReplicas) ?? 0;
  const base = before === 0 ? (deployment.status.replicas ?? 0) : before;
  if (base === 0) return 0;
  const exact = (size * (desired(deployment) + maxSurge(deployment))) / base;
  return Math.floor(exact + 0.5) - size;
}
