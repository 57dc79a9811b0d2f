/** What becomes of an object given the state of its owners: garbagecollector.go attemptToDeleteItem. Pure. */
import type { OwnerReference } from '../../api/generated/types.ts';

export interface OwnerStates {
  /** There and staying. */
  readonly solid: readonly OwnerReference[];
  /** Not there any more. */
  readonly dangling: readonly OwnerReference[];
  /** There, but being deleted in the foreground. */
  readonly waiting: readonly OwnerReference[];
}

export type Verdict =
  | { readonly do: 'keep' }
  | { readonly do: 'drop-owners'; readonly uids: readonly string[] }
  | { readonly do: 'delete'; readonly propagation: 'Foreground' | 'Background' | 'Orphan'; readonly unblock: boolean };

export interface Facts {
  readonly owners: OwnerStates;
  readonly finalizers: readonly string[];
  readonly hasDependents: boolean;
  /** One of its dependents is itself waiting for dependents: it must not block its owner (a circle). */
  readonly dependentWaits: boolean;
}

export function judge({ owners, finalizers, hasDependents, dependentWaits }: Facts): Verdict {
  const { solid, dangling, waiting } = owners;
  const leaving = [...dangling, ...waiting].map((owner) => owner.uid);
  if (solid.length > 0) return leaving.length === 0 ? { do: 'keep' } : { do: 'drop-owners', uids: leaving };
  if (leaving.length === 0) return { do: 'keep' };
  if (waiting.length > 0 && hasDependents) return { do: 'delete', propagation: 'Foreground', unblock: dependentWaits };
  if (finalizers.includes('orphan')) return { do: 'delete', propagation: 'Orphan', unblock: false };
  return { do: 'delete', propagation: finalizers.includes('foregroundDeletion') ? 'Foreground' : 'Background', unblock: false };
}
