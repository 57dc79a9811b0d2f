/** ValidateNode and ValidateNodeUpdate of pkg/apis/core/validation/validation.go. */
import type { Node } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, notSupported, path, required, type FieldError } from '../../../api/field-errors.ts';
import { legacyCidrFaults } from '../../../api/ip.ts';
import { semanticEqual } from '../../../api/json.ts';
import { labelValueFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { familyOf } from '../../shared/ip.ts';
import { checked } from '../../shared/names.ts';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateNode({ spec }: Node, old?: Node): FieldError[] {
  return [...taintErrors(spec), ...podCIDRErrors(spec, old)];
}

export function validateNodeUpdate(node: Node, old: Node): FieldError[] {
  const { spec } = node;
  const faults = validateNode(node, old);
  const before = old.spec;
  if ((before.podCIDRs ?? []).length > 0 && !semanticEqual(spec.podCIDRs, before.podCIDRs)) {
    faults.push(forbiddenField(path('spec', 'podCIDRs'), 'node updates may not change podCIDR except from "" to valid'));
  }
  if ((before.providerID ?? '') !== '' && (spec.providerID ?? '') !== before.providerID) {
    faults.push(forbiddenField(path('spec', 'providerID'), 'node updates may not change providerID except from "" to valid'));
  }
  if ((spec.externalID ?? '') !== (before.externalID ?? '')) faults.push(forbiddenField(path('spec', 'externalID'), 'may not be updated'));
  return faults;
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

function podCIDRErrors({ podCIDRs = [] }: Node['spec'], old: Node | undefined): FieldError[] {
  const at = path('spec', 'podCIDRs');
  const faults = podCIDRs.flatMap((cidr, index) => legacyCidrFaults(at.index(index), cidr, old?.spec.podCIDRs));
  if (podCIDRs.length > 2) faults.push(invalid(at, podCIDRs, 'may specify no more than one CIDR for each IP family'));
  if (podCIDRs.length === 2 && new Set(podCIDRs.map((cidr) => familyOf(cidr.split('/')[0] ?? ''))).size < 2) {
    faults.push(invalid(at, podCIDRs, 'may specify no more than one CIDR for each IP family'));
  }
  return faults;
}
