/** ValidateNode and ValidateNodeUpdate of pkg/apis/core/validation/validation.go. */
import type { Node } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { legacyCidrFaults } from '../../../api/ip.ts';
import { goQuoted } from '../../../api/go-text.ts';
import { labelValueFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { familyOf } from '../../shared/ip.ts';
import { checked } from '../../shared/names.ts';
import { amountErrors } from '../../shared/resource-names.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateNode({ spec, status }: Node): FieldError[] {
  return [...taintErrors(spec), ...statusErrors(status), ...swapErrors(status), ...podCIDRErrors(spec)];
}

/** ValidateNodeResources and validateNodeDeclaredFeatures. */
function statusErrors({ capacity = {}, allocatable = {}, declaredFeatures = [] }: Node['status']): FieldError[] {
  const amounts = [...Object.entries({ capacity }), ...Object.entries({ allocatable })];
  return [
    ...amounts.flatMap(([field, values]) =>
      Object.entries(values).flatMap(([name, amount]) => amountErrors(path('status', field, name), name, amount)),
    ),
    ...featureErrors(declaredFeatures, path('status', 'declaredFeatures')),
  ];
}

/** Upstream takes it for something of the metadata. */
function swapErrors({ nodeInfo }: Node['status']): FieldError[] {
  const capacity = nodeInfo?.swap?.capacity;
  const at = path('metadata', 'nodeSwapStatus', 'capacity');
  return capacity === undefined || capacity > 0 ? [] : [invalid(at, capacity, 'must be greater than zero')];
}

const longestFeature = 253;
const featureName = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;

function featureErrors(features: readonly string[], at: Path): FieldError[] {
  return features.flatMap((feature, index) => {
    const faults = featureFaults(feature).map((fault) => invalid(at.index(index), feature, fault));
    const next = features[index + 1];
    if (next === undefined) return faults;
    if (next === feature) faults.push(duplicate(at.index(index + 1), next));
    else if (feature > next) faults.push(invalid(at.index(index + 1), next, 'list must be sorted alphabetically'));
    return faults;
  });
}

function featureFaults(name: string): string[] {
  const what = `invalid feature name ${goQuoted(name)}: must`;
  if (Buffer.byteLength(name) > longestFeature) return [`${what} be no more than ${String(longestFeature)} characters`];
  if (featureName.test(name)) return [];
  const form =
    "start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature)";
  return [`${what} ${form}, and contain only alphanumeric characters and slashes`];
}

/** Upstream checks the whole node and then the update: what both look at is said twice. */
export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  return [...validateNode(node), ...validateNodeStatus(node, old)];
}

/** ValidateNodeUpdate itself, which is all that counts for a status. */
export function validateNodeStatus(node: Node, old: Node): FieldError[] {
  const { spec, status } = node;
  const before = old.spec;
  const faults = [...statusErrors(status), ...addressErrors(status.addresses ?? [])];
  const [cidrs, earlier] = [spec.podCIDRs ?? [], before.podCIDRs ?? []];
  const changed = earlier.length > 0 && cidrs.length === earlier.length ? earlier.filter((cidr, index) => cidr !== cidrs[index]).length : 0;
  const count = earlier.length > 0 && cidrs.length !== earlier.length ? 1 : changed;
  const why = 'node updates may not change podCIDR except from "" to valid';
  for (let times = 0; times < count; times++) faults.push(forbiddenField(path('spec', 'podCIDRs'), why));
  if ((before.providerID ?? '') !== '' && (spec.providerID ?? '') !== before.providerID) {
    faults.push(forbiddenField(path('spec', 'providerID'), 'node updates may not change providerID except from "" to valid'));
  }
  faults.push(...taintErrors(spec));
  if ((spec.externalID ?? '') !== (before.externalID ?? '')) faults.push(forbiddenField(path('spec', 'externalID'), 'may not be updated'));
  return faults;
}

function addressErrors(addresses: NonNullable<Node['status']['addresses']>): FieldError[] {
  const seen = new Set<string>();
  return addresses.flatMap(({ type, address }, index) => {
    const key = `${type} ${address}`;
    const again = seen.has(key);
    seen.add(key);
    return again ? [duplicate(path('status', 'addresses').index(index), { Type: type, Address: address })] : [];
  });
}

function taintErrors({ taints = [] }: Node['spec']): FieldError[] {
  const at = path('metadata', 'taints');
  const seen = new Set<string>();
  return taints.flatMap(({ key, value = '', effect, timeAdded }, index) => {
    const own = at.index(index);
    const faults = [...checked(own.child('key'), key, qualifiedNameFaults), ...checked(own.child('value'), value, labelValueFaults)];
    if ((effect ?? '') === '') faults.push(required(own.child('effect')));
    else if (!effects.includes(effect)) faults.push(notSupported(own.child('effect'), effect, effects));
    const same = `${effect} ${key}`;
    if (seen.has(same)) {
      const fault = duplicate(own, { Key: key, Value: value, Effect: effect, TimeAdded: timeAdded ?? null });
      faults.push({ ...fault, body: `${fault.body}: taints must be unique by key and effect pair` });
    }
    seen.add(same);
    return faults;
  });
}

function podCIDRErrors({ podCIDRs = [] }: Node['spec']): FieldError[] {
  const at = path('spec', 'podCIDRs');
  const faults = podCIDRs.flatMap((cidr, index) => legacyCidrFaults(at.index(index), cidr));
  if (podCIDRs.length > 2) faults.push(invalid(at, podCIDRs, 'may specify no more than one CIDR for each IP family'));
  if (podCIDRs.length === 2 && new Set(podCIDRs.map((cidr) => familyOf(cidr.split('/')[0] ?? ''))).size < 2) {
    faults.push(invalid(at, podCIDRs, 'may specify no more than one CIDR for each IP family'));
  }
  return faults;
}
