/** A Deployment's ReplicaSets sorted out: which is the new one, what revisions they have (deployment/util/deployment_util.go). */
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../api/generated/types.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import { maxSurge } from './strategy.ts';

export const hashLabel = 'pod-template-hash';
/** How extensions/v1beta1 asked for a rollback: the revision to go back to, 0 for the last but one. */
export const rollbackAnnotation = 'deprecated.deployment.rollback.to';
export const annotations = {
  revision: 'deployment.kubernetes.io/revision',
  revisionHistory: 'deployment.kubernetes.io/revision-history',
  desiredReplicas: 'deployment.kubernetes.io/desired-replicas',
  maxReplicas: 'deployment.kubernetes.io/max-replicas',
} as const;

const maxHistoryLength = 2000;
/** Annotations that belong to a Deployment or a ReplicaSet alone. */
export const notCopied: ReadonlySet<string> = new Set([
  ...Object.values(annotations),
  'kubectl.kubernetes.io/last-applied-configuration',
  rollbackAnnotation,
]);

export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  const times = Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp);
  return times !== 0 ? times : a.metadata.name < b.metadata.name ? -1 : 1;
}

/** Templates that differ in nothing but the hash label are the same. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return jsonEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const { labels = {}, ...metadata } = template?.metadata ?? {};
  const rest = Object.entries(labels).filter(([key]) => key !== hashLabel);
  return { ...template, metadata: { ...metadata, labels: Object.fromEntries(rest) } };
}

/** The oldest ReplicaSet with the Deployment's template is the new one; the others are old. */
export function sortOut(deployment: Deployment, sets: readonly ReplicaSet[]): { current: ReplicaSet | undefined; old: ReplicaSet[] } {
  const sorted = [...sets].sort(byAge);
  const current = sorted.find((set) => sameTemplate(set.spec.template, deployment.spec.template));
  return { current, old: sorted.filter((set) => set !== current) };
}

/** Revisions are int64: more than a number holds exactly. */
export function revisionOf(set: ReplicaSet): bigint {
  return parseRevision(set.metadata.annotations?.[annotations.revision] ?? '') ?? 0n;
}

/** Undefined when it is no int64. */
export function parseRevision(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

export function maxRevision(sets: readonly ReplicaSet[]): bigint {
  return sets.map(revisionOf).reduce((max, revision) => (revision > max ? revision : max), 0n);
}

/** A non-negative whole number from an annotation. */
export function countAnnotation(set: ReplicaSet, name: string): number | undefined {
  const text = set.metadata.annotations?.[name];
  return text !== undefined && /^\d+$/.test(text) && Number(text) <= 2147483647 ? Number(text) : undefined;
}

export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const desired = deployment.spec.replicas ?? 1;
  return { [annotations.desiredReplicas]: String(desired), [annotations.maxReplicas]: String(desired + maxSurge(deployment)) };
}

/**
 * The annotations the new ReplicaSet is to have: the Deployment's own, its revision, and the revisions it had before.
 * Sizes are only written when it is made.
 */
export function annotationsFor(
  deployment: Deployment,
  existing: Readonly<Record<string, string>> | undefined,
  revision: bigint,
): Record<string, string> {
  const result: Record<string, string> = { ...existing };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!notCopied.has(key)) result[key] = value;
  const had = result[annotations.revision];
  const hadNumber = had === undefined || had === '' ? 0n : parseRevision(had);
  if (hadNumber === undefined) return result;
  if (hadNumber < revision) {
    result[annotations.revision] = String(revision);
    if (had !== undefined) addToHistory(result, had);
  }
  return existing === undefined ? { ...result, ...sizeAnnotations(deployment) } : result;
}

function addToHistory(target: Record<string, string>, revision: string): void {
  const history = target[annotations.revisionHistory] ?? '';
  let kept = history === '' ? [] : history.split(',');
  while (kept.length > 0 && [...kept, revision].join(',').length > maxHistoryLength) kept = kept.slice(1);
  target[annotations.revisionHistory] = [...kept, revision].join(',');
}

export function isActive(set: ReplicaSet): boolean {
  return (set.spec.replicas ?? 1) > 0;
}

/** The old ReplicaSets that are beyond the history limit and empty. */
export function setsToCleanUp(deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2147483647) return [];
  const alive = old.filter((set) => set.metadata.deletionTimestamp === undefined);
  const surplus = alive.length - limit;
  if (surplus <= 0) return [];
  const isEmpty = (set: ReplicaSet): boolean =>
    set.status.replicas === 0 && set.spec.replicas === 0 && (set.metadata.generation ?? 0) <= (set.status.observedGeneration ?? 0);
  return alive
    .sort((a, b) => compare(revisionOf(a), revisionOf(b)) || byAge(a, b))
    .slice(0, surplus)
    .filter(isEmpty);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
