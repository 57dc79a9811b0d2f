/** ValidateResourceQuotaSpec and ValidateResourceQuotaUpdate. */
import type { ResourceQuota } from '../../../api/generated/types.ts';
import { asGiven } from '../../../api/schema/said-empty.ts';
import { type FieldError, invalid, path, type Path, required } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { amountErrors, isStandardQuotaResource, quotaResourceNameErrors } from '../../shared/resource-names.ts';

type Spec = ResourceQuota['spec'];
type Requirement = NonNullable<NonNullable<NonNullable<Spec>['scopeSelector']>['matchExpressions']>[number];

const ofPods: ReadonlySet<string> = new Set(['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']);
const validFor: Readonly<Record<string, ReadonlySet<string>>> = {
  Terminating: ofPods,
  NotTerminating: ofPods,
  NotBestEffort: ofPods,
  PriorityClass: ofPods,
  CrossNamespacePodAffinity: ofPods,
  BestEffort: new Set(['pods']),
  VolumeAttributesClass: new Set(['persistentvolumeclaims', 'requests.storage']),
};
const onlyExist: ReadonlySet<string> = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);

export function validateQuota({ spec = {} }: ResourceQuota): FieldError[] {
  const at = path('spec');
  return [
    ...amountsErrors(spec.hard, at.child('hard')),
    ...scopeErrors(spec, at.child('scopes')),
    ...selectorErrors(spec, at.child('scopeSelector', 'matchExpressions')),
  ];
}

/** ValidateResourceQuotaStatusUpdate. */
export function validateQuotaStatus({ status = {} }: ResourceQuota): FieldError[] {
  const at = path('status');
  return [...amountsErrors(status.hard, at.child('hard')), ...amountsErrors(status.used, at.child('used'))];
}

function amountsErrors(amounts: Readonly<Record<string, string>> = {}, at: Path): FieldError[] {
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const own = at.key(name);
    return [...quotaResourceNameErrors(own, name), ...amountErrors(own, name, amount)];
  });
}

export function validateQuotaUpdate(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const [scopes, before] = [new Set(quota.spec?.scopes), new Set(old.spec?.scopes)];
  const faults = validateQuota(quota);
  if (scopes.symmetricDifference(before).size > 0)
    faults.push(invalid(path('spec', 'scopes'), asGiven(quota.spec, 'scopes'), 'field is immutable'));
  return faults;
}

function scopeErrors({ scopes = [], hard = {} }: NonNullable<Spec>, at: Path): FieldError[] {
  const faults = scopes.flatMap((scope) => [
    ...(Object.hasOwn(validFor, scope) ? [] : [invalid(at, scopes, 'unsupported scope')]),
    ...misapplied(scope, hard).map(() => invalid(at, scopes, 'unsupported scope applied to resource')),
  ]);
  return [...faults, ...conflicts(scopes).map(() => invalid(at, scopes, 'conflicting scopes'))];
}

function misapplied(scope: string, hard: Readonly<Record<string, string>>): string[] {
  return Object.keys(hard).filter(
    (name) => isStandardQuotaResource(name) && Object.hasOwn(validFor, scope) && validFor[scope]?.has(name) === false,
  );
}

function conflicts(scopes: readonly string[]): (readonly string[])[] {
  const pairs = [
    ['BestEffort', 'NotBestEffort'],
    ['Terminating', 'NotTerminating'],
  ];
  return pairs.filter((pair) => pair.every((scope) => scopes.includes(scope)));
}

function selectorErrors({ scopeSelector, hard = {}, scopes }: NonNullable<Spec>, at: Path): FieldError[] {
  const requirements = scopeSelector?.matchExpressions ?? [];
  const shown = scopeSelector === undefined ? undefined : internalForm('core.ScopeSelector', scopeSelector);
  const faults = requirements.flatMap((requirement) => [
    ...(Object.hasOwn(validFor, requirement.scopeName) ? [] : [invalid(at.child('scopeName'), requirement.scopeName, 'unsupported scope')]),
    ...misapplied(requirement.scopeName, hard).map(() => invalid(at, shown, 'unsupported scope applied to resource')),
    ...operatorErrors(requirement, at),
  ]);
  const conflicting = conflicts(requirements.map(({ scopeName }) => scopeName));
  return [...faults, ...conflicting.map(() => invalid(at, scopes, 'conflicting scopes'))];
}

function operatorErrors({ scopeName, operator, values = [] }: Requirement, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  if (onlyExist.has(scopeName) && operator !== 'Exists') {
    const scopes =
      'ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ' +
      'ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';
    faults.push(invalid(at.child('operator'), operator, `must be 'Exists' when scope is any of ${scopes}`));
  }
  if (operator === 'In' || operator === 'NotIn') {
    const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (values.length === 0) faults.push(required(at.child('values'), why));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) faults.push(invalid(at.child('values'), values, why));
  } else faults.push(invalid(at.child('operator'), operator, 'not a valid selector operator'));
  return faults;
}
