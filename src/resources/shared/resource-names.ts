/** Names of resources in quotas and limits, and their amounts (pkg/apis/core/helper, pkg/apis/core/validation). */
import { type FieldError, invalid, type Path } from '../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../api/names.ts';
import { parseQuantity } from '../../api/quantity.ts';

const counted = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const computed = ['cpu', 'memory', 'ephemeral-storage'];
const ofContainers: ReadonlySet<string> = new Set(computed);
const ofQuotas: ReadonlySet<string> = new Set([
  ...computed.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
  'requests.storage',
  ...counted,
]);
const whole: ReadonlySet<string> = new Set(counted);

const hugePage = (name: string): boolean => name.startsWith('hugepages-');
const quotaHugePage = (name: string): boolean => hugePage(name) || name.startsWith('requests.hugepages-');
const native = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');

/** Counts and amounts that upstream's quota knows by itself. */
export function isStandardQuotaResource(name: string): boolean {
  return ofQuotas.has(name) || quotaHugePage(name);
}

/** validateResourceName. */
export function resourceNameErrors(at: Path, name: string): FieldError[] {
  const faults = qualifiedNameFaults(name).map((fault) => invalid(at, name, fault));
  if (faults.length > 0 || name.includes('/') || name === 'storage' || isStandardQuotaResource(name)) return faults;
  return [invalid(at, name, 'must be a standard resource type or fully qualified')];
}

export function quotaResourceNameErrors(at: Path, name: string): FieldError[] {
  const faults = resourceNameErrors(at, name);
  if (!name.includes('/') && !isStandardQuotaResource(name)) faults.push(invalid(at, name, 'must be a standard resource for quota'));
  return faults;
}

/** As a LimitRange of this type may name it. */
export function limitedResourceNameErrors(at: Path, name: string, type: string): FieldError[] {
  const faults = resourceNameErrors(at, name);
  if (type !== 'Pod' && type !== 'Container') return faults;
  if (!name.includes('/')) {
    if (!ofContainers.has(name) && !hugePage(name)) faults.push(invalid(at, name, 'must be a standard resource for containers'));
  } else if (!native(name) && !extended(name)) faults.push(invalid(at, name, "doesn't follow extended resource name standard"));
  return faults;
}

/** A resource that is not the node's own (IsExtendedResourceName). */
export function extended(name: string): boolean {
  return !native(name) && !name.startsWith('requests.') && qualifiedNameFaults(`requests.${name}`).length === 0;
}

/** ValidateResourceQuantityValue. */
export function amountErrors(at: Path, name: string, amount: string): FieldError[] {
  const quantity = parseQuantity(amount);
  const text = quantity.toString();
  const faults = quantity.sign < 0 ? [invalid(at, text, 'must be greater than or equal to 0')] : [];
  if ((whole.has(name) || extended(name)) && quantity.milliValue() % 1000 !== 0) faults.push(invalid(at, text, 'must be an integer'));
  return faults;
}
