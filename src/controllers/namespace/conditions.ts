/** Conditions of a namespace that is going away: namespace/deletion/status_condition_utils.go. Pure. */
import type { NamespaceCondition } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';

/** Each type with reason and message of when all is well. */
const fine = [
  ['NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'],
  ['NamespaceDeletionGroupVersionParsingFailure', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
  ['NamespaceDeletionContentFailure', 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
  ['NamespaceContentRemaining', 'ContentRemoved', 'All content successfully removed'],
  ['NamespaceFinalizersRemaining', 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
] as const;

/** What one round of deleting found. */
export interface Remains {
  /** Objects left by `resource.group`. */
  readonly resources: ReadonlyMap<string, number>;
  /** Objects left by finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
  readonly errors: readonly string[];
  readonly discoveryError: string | undefined;
}

export function namespaceConditions(old: readonly NamespaceCondition[], remains: Remains, now: number): NamespaceCondition[] {
  const troubles = troublesOf(remains);
  const result = [...old];
  for (const [type, reason, message] of fine) {
    const trouble = troubles.get(type);
    const facts = trouble === undefined ? { status: 'False', reason, message } : { status: 'True', ...trouble };
    const at = result.findIndex((condition) => condition.type === type);
    const before = result[at];
    const since = before?.status === facts.status ? before.lastTransitionTime : undefined;
    const condition = { type, ...facts, lastTransitionTime: since ?? rfc3339(now) };
    if (before === undefined) result.push(condition);
    else result[at] = condition;
  }
  return result;
}

function troublesOf({ resources, finalizers, errors, discoveryError }: Remains): Map<string, { reason: string; message: string }> {
  const troubles = new Map<string, { reason: string; message: string }>();
  if (discoveryError !== undefined)
    troubles.set('NamespaceDeletionDiscoveryFailure', { reason: 'DiscoveryFailed', message: discoveryError });
  if (errors.length > 0) {
    const message = `Failed to delete all resource types, ${String(errors.length)} remaining: ${[...errors].sort().join(', ')}`;
    troubles.set('NamespaceDeletionContentFailure', { reason: 'ContentDeletionFailed', message });
  }
  if (resources.size > 0) {
    const parts = [...resources].map(([name, count]) => `${name} has ${String(count)} resource instances`).sort();
    troubles.set('NamespaceContentRemaining', {
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${parts.join(', ')}`,
    });
  }
  if (finalizers.size > 0) {
    const parts = [...finalizers].map(([name, count]) => `${name} in ${String(count)} resource instances`).sort();
    const message = `Some content in the namespace has finalizers remaining: ${parts.join(', ')}`;
    troubles.set('NamespaceFinalizersRemaining', { reason: 'SomeFinalizersRemain', message });
  }
  return troubles;
}
