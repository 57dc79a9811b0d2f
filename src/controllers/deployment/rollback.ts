/** Rollbacks that an annotation asks for (extensions/v1beta1's rollbackTo): pkg/controller/deployment/rollback.go. Pure. */
import type { Deployment, ReplicaSet } from '../../api/generated/types.ts';
import { hashLabel, notCopied, parseRevision, revisionOf, rollbackAnnotation, sameTemplate } from './replica-sets.ts';

/** The revision asked for, 0 for the last but one; undefined when none is. */
export function rollbackRevision(deployment: Deployment): bigint | undefined {
  return parseRevision(deployment.metadata.annotations?.[rollbackAnnotation] ?? '');
}

export interface Rollback {
  /** Without the request, and with the earlier template if there is one. */
  readonly deployment: Deployment;
  readonly event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string };
}

export function rolledBack(deployment: Deployment, sets: readonly ReplicaSet[], revision: bigint): Rollback {
  const next = structuredClone(deployment);
  delete next.metadata.annotations?.[rollbackAnnotation];
  const warning = (reason: string, message: string): Rollback => ({ deployment: next, event: { type: 'Warning', reason, message } });
  const wanted = revision === 0n ? lastButOne(sets) : revision;
  if (wanted === 0n) return warning('DeploymentRollbackRevisionNotFound', 'Unable to find last revision.');
  const target = sets.find((set) => revisionOf(set) === wanted);
  if (target === undefined) return warning('DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.');
  const { name } = deployment.metadata;
  if (sameTemplate(target.spec.template, deployment.spec.template)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`;
    return warning('DeploymentRollbackTemplateUnchanged', message);
  }
  next.spec.template = structuredClone(target.spec.template ?? {});
  delete next.spec.template.metadata?.labels?.[hashLabel];
  next.metadata.annotations = {
    ...entriesWhere(next.metadata.annotations, (key) => notCopied.has(key)),
    ...entriesWhere(target.metadata.annotations, (key) => !notCopied.has(key)),
  };
  const message = `Rolled back deployment "${name}" to revision ${String(wanted)}`;
  return { deployment: next, event: { type: 'Normal', reason: 'DeploymentRollback', message } };
}

/** 0 when there are not two. */
function lastButOne(sets: readonly ReplicaSet[]): bigint {
  const [, second = 0n] = sets.map(revisionOf).sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  return second;
}

function entriesWhere(record: Readonly<Record<string, string>> | undefined, holds: (key: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(record ?? {}).filter(([key]) => holds(key)));
}
