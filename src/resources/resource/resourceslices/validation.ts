/** ValidateResourceSlice and ValidateResourceSliceUpdate of pkg/apis/resource/validation. */
import type * as t from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { isGiven } from '../../../api/schema/said-empty.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';
import { immutable } from '../../shared/checks.ts';
import { nodeSelectorErrors } from '../../shared/pod/validate-scheduling.ts';
import { csiDriverNameErrors } from '../../shared/pod/validate-volume-sources.ts';
import { setErrors } from '../../shared/sets.ts';
import { countersErrors } from './validate-counters.ts';
import { deviceErrors } from './validate-device.ts';
import { poolNameErrors } from '../../shared/device-names.ts';

type Spec = t.ResourceSliceSpec;

const maxDevices = 128;
/** With taints or counters, which make a device larger. */
const maxLargeDevices = 64;
const maxCounterSets = 8;
const at = path('spec');
const oneOf = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';

export function sliceErrors({ spec }: t.ResourceSlice, old?: t.ResourceSlice): FieldError[] {
  const { devices = [], sharedCounters } = spec;
  const isLarge = devices.some(({ taints = [], consumesCounters = [] }) => taints.length + consumesCounters.length > 0);
  return [
    ...csiDriverNameErrors(spec.driver, at.child('driver')),
    ...poolErrors(spec.pool),
    ...(old === undefined ? [] : fixedErrors(spec, old.spec)),
    ...placeErrors(spec),
    ...(isGiven(spec, 'sharedCounters') && isGiven(spec, 'devices')
      ? [invalid(at, '', 'only one of `sharedCounters` or `devices` is allowed')]
      : []),
    ...setErrors(devices, at.child('devices'), {
      max: isLarge ? maxLargeDevices : maxDevices,
      key: ({ name }) => name,
      check: (device, own) =>
        deviceErrors(device, own, {
          old: old?.spec.devices?.find(({ name }) => name === device.name),
          ownPlace: spec.perDeviceNodeSelection === true,
        }),
    }),
    ...setErrors(sharedCounters ?? [], at.child('sharedCounters'), {
      max: maxCounterSets,
      key: ({ name }) => name,
      check: counterSetErrors,
    }),
  ];
}

function fixedErrors(spec: Spec, old: Spec): FieldError[] {
  return [
    ...immutable(at.child('pool', 'name'), spec.pool.name, old.pool.name),
    ...immutable(at.child('driver'), spec.driver, old.driver),
    ...(spec.nodeName === old.nodeName ? [] : [invalid(at.child('nodeName'), spec.nodeName ?? null, 'field is immutable')]),
  ];
}

function poolErrors({ name, generation, resourceSliceCount }: t.ResourcePool): FieldError[] {
  const own = at.child('pool');
  return [
    ...poolNameErrors(name, own.child('name')),
    ...(resourceSliceCount <= 0 ? [invalid(own.child('resourceSliceCount'), resourceSliceCount, 'must be greater than zero')] : []),
    ...(generation < 0 ? [invalid(own.child('generation'), generation, 'must be greater than or equal to zero')] : []),
  ];
}

/** Which nodes the devices are for, said in exactly one way. */
function placeErrors({ nodeName, nodeSelector, allNodes, perDeviceNodeSelection }: Spec): FieldError[] {
  const faults: FieldError[] = [];
  const set: string[] = [];
  if (nodeName === '') faults.push(invalid(at.child('nodeName'), nodeName, 'must be either unset or set to a non-empty string'));
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    faults.push(...checked(at.child('nodeName'), nodeName, dns1123SubdomainFaults));
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`');
    const own = at.child('nodeSelector');
    const terms = nodeSelector.nodeSelectorTerms;
    faults.push(...nodeSelectorErrors(nodeSelector, own));
    if (terms.length !== 1) {
      const shown = terms.map((term) => internalForm('core.NodeSelectorTerm', term));
      faults.push(invalid(own.child('nodeSelectorTerms'), shown, 'must have exactly one node selector term'));
    }
  }
  for (const [name, value] of Object.entries({ allNodes, perDeviceNodeSelection })) {
    if (value === true) set.push(`\`${name}\``);
    else if (value === false) faults.push(invalid(at.child(name), value, 'must be either unset or set to true'));
  }
  if (set.length === 0) faults.push(required(at, oneOf));
  if (set.length > 1) faults.push(invalid(at, `{${set.join(', ')}}`, `${oneOf}, but multiple fields are set`));
  return faults;
}

function counterSetErrors({ name, counters }: t.CounterSet, own: Path): FieldError[] {
  return [
    ...(name === '' ? [required(own.child('name'))] : checked(own.child('name'), name, dns1123LabelFaults)),
    ...countersErrors(counters, own.child('counters')),
  ];
}
