/** Which objects a quota is about (pkg/quota/v1/evaluator/core/pods.go and persistent_volume_claims.go). */
import type { PersistentVolumeClaim, Pod, PodSpec, ResourceQuota } from '../generated/types.ts';
import { matchesExpression } from '../label-selector.ts';
import type { KubeObject } from '../object.ts';
import { podLimits, podRequests } from '../pod-resources.ts';
import { type GroupResource, quotaNames } from './usage.ts';

interface Scope {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Whether the quota limits anything that objects of this kind use, and all its scopes hold for this one. */
export function quotaConcerns(quota: ResourceQuota, kind: GroupResource, object: KubeObject): boolean {
  const names = quotaNames(kind, Object.keys(quota.status?.hard ?? {}));
  return names.length > 0 && inScopes(quota, kind, object);
}

/** Objects of kinds that know no scopes are in none. */
export function inScopes({ spec }: ResourceQuota, { group, resource }: GroupResource, object: KubeObject): boolean {
  const scopes: Scope[] = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  return scopes.every((scope) => {
    if (group === '' && resource === 'pods') return podInScope(scope, object as unknown as Pod);
    return group === '' && resource === 'persistentvolumeclaims' && claimInScope(scope, object as unknown as PersistentVolumeClaim);
  });
}

function podInScope(scope: Scope, { spec }: Pod): boolean {
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(spec);
    case 'NotTerminating':
      return !isTerminating(spec);
    case 'BestEffort':
      return isBestEffort(spec);
    case 'NotBestEffort':
      return !isBestEffort(spec);
    case 'PriorityClass':
      return holds(scope, spec.priorityClassName);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    default:
      return false;
  }
}

function claimInScope(scope: Scope, { spec }: PersistentVolumeClaim): boolean {
  return scope.scopeName === 'VolumeAttributesClass' && holds(scope, spec?.volumeAttributesClassName);
}

function holds({ scopeName, operator, values = [] }: Scope, name: string | undefined): boolean {
  const labels: Record<string, string> = name === undefined || name === '' ? {} : { [scopeName]: name };
  return matchesExpression({ key: scopeName, operator, values }, labels);
}

/** A pod with an end, in the words of quotas. */
export function isTerminating({ activeDeadlineSeconds }: PodSpec): boolean {
  return activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0;
}

function isBestEffort(spec: PodSpec): boolean {
  return ![podRequests(spec), podLimits(spec)].some((amounts) => ['cpu', 'memory'].some((name) => amounts.get(name)?.isZero === false));
}

function crossesNamespaces({ affinity }: PodSpec): boolean {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].some((rules) => {
    const weighted = (rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm);
    const terms = [...(rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...weighted];
    return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined);
  });
}
