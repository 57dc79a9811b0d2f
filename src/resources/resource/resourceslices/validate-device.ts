/** One device of a slice. validateDevice of pkg/apis/resource/validation. */
import type * as t from '../../../api/generated/types.ts';
import { invalid, notSupported, required, tooLong, tooMany } from '../../../api/field-errors.ts';
import type { FieldError, Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, labelValueFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { bindingErrors } from '../../shared/device-bindings.ts';
import { qualifiedErrors } from '../../shared/device-names.ts';
import { checked } from '../../shared/names.ts';
import { nodeSelectorErrors } from '../../shared/pod/validate-scheduling.ts';
import { setErrors } from '../../shared/sets.ts';
import { capacityErrors } from './validate-capacity.ts';
import { countersErrors } from './validate-counters.ts';

const maxFacts = 32;
const maxFactValues = 48;
const maxValue = 64;
const maxTaints = 16;
const maxConsumptions = 2;
const effects = ['NoExecute', 'NoSchedule', 'None'];
const identifier = String.raw`(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)`;
const build = '[0-9a-zA-Z-]+';
const number = String.raw`(0|[1-9]\d*)`;
const semver = new RegExp(String.raw`^${number}\.${number}\.${number}(-${identifier}(\.${identifier})*)?(\+${build}(\.${build})*)?$`);

export interface DeviceContext {
  /** The device of this name before. */
  readonly old: t.Device | undefined;
  /** The slice leaves it to each device which nodes it is for. */
  readonly ownPlace: boolean;
}

export function deviceErrors(device: t.Device, at: Path, { old, ownPlace }: DeviceContext): FieldError[] {
  const { attributes = {}, capacity = {}, taints = [], consumesCounters = [] } = device;
  const facts = Object.keys(attributes).length + Object.keys(capacity).length;
  const values = Object.keys(attributes).length;
  return [
    ...checked(at.child('name'), device.name, dns1123LabelFaults),
    ...(facts > maxFacts ? [invalid(at, facts, `the total number of attributes and capacities must not exceed ${String(maxFacts)}`)] : []),
    ...(values > maxFactValues
      ? [invalid(at, values, `the total number of attribute values must not exceed ${String(maxFactValues)}`)]
      : []),
    ...Object.entries(attributes).flatMap(([name, attribute]) => [
      ...qualifiedErrors(name, at.child('attributes')),
      ...attributeErrors(attribute, at.child('attributes').key(shortened(name))),
    ]),
    ...Object.entries(capacity).flatMap(([name, one]) => [
      ...qualifiedErrors(name, at.child('capacity')),
      ...capacityErrors(one, at.child('capacity').key(shortened(name)), device.allowMultipleAllocations === true),
    ]),
    ...(semanticEqual(old?.taints ?? [], taints) ? [] : taintsErrors(taints, at.child('taints'))),
    ...setErrors(consumesCounters, at.child('consumesCounters'), {
      max: maxConsumptions,
      key: ({ counterSet }) => counterSet,
      check: consumptionErrors,
    }),
    ...(ownPlace ? placeErrors(device, at) : strayPlaceErrors(device, at)),
    ...bindingErrors(device, at),
  ];
}

const maxKey = 96;

/** truncateIfTooLong. */
function shortened(name: string): string {
  if (name.length <= maxKey) return name;
  const rest = maxKey - 3;
  return `${name.slice(0, Math.floor((rest + 1) / 2))}...${name.slice(name.length - Math.floor(rest / 2))}`;
}

function attributeErrors(attribute: t.DeviceAttribute, at: Path): FieldError[] {
  const { string, version, int, bool } = attribute;
  const count = [string, version, int, bool].filter((value) => value !== undefined).length;
  const tooLongErrors = (value: string, own: Path): FieldError[] => (Buffer.byteLength(value) > maxValue ? [tooLong(own, maxValue)] : []);
  const faults = string === undefined ? [] : tooLongErrors(string, at.child('string'));
  if (version !== undefined) {
    const own = at.child('version');
    if (!semver.test(version)) faults.push(invalid(own, version, 'must be a string compatible with semver.org spec 2.0.0'));
    faults.push(...tooLongErrors(version, own));
  }
  const one = 'exactly one value must be specified';
  if (count === 0) faults.push(invalid(at, '', one));
  const shown = { intValue: int, boolValue: bool, stringValue: string, versionValue: version };
  if (count > 1) faults.push(invalid(at, internalForm('resource.DeviceAttribute', shown), one));
  return faults;
}

function taintsErrors(taints: readonly t.DeviceTaint[], at: Path): FieldError[] {
  if (taints.length > maxTaints) return [tooMany(at, taints.length, maxTaints)];
  return taints.flatMap(({ key, value = '', effect }, index) => {
    const own = at.index(index);
    return [
      ...checked(own.child('key'), key, qualifiedNameFaults),
      ...checked(own.child('value'), value, labelValueFaults),
      ...(effect === ''
        ? [required(own.child('effect'))]
        : effects.includes(effect)
          ? []
          : [notSupported(own.child('effect'), effect, effects)]),
    ];
  });
}

function consumptionErrors({ counterSet, counters }: t.DeviceCounterConsumption, own: Path): FieldError[] {
  const field = own.child('counterSet');
  return [
    ...(counterSet === '' ? [required(field)] : checked(field, counterSet, dns1123LabelFaults)),
    ...countersErrors(counters, own.child('counters')),
  ];
}

const ownPlaceOf =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';

function placeErrors({ nodeName, nodeSelector, allNodes }: t.Device, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  const set: string[] = [];
  if (nodeName === '') faults.push(invalid(at.child('nodeName'), nodeName, 'must not be empty'));
  else if (nodeName !== undefined) {
    set.push('`nodeName`');
    faults.push(...checked(at.child('nodeName'), nodeName, dns1123SubdomainFaults));
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`');
    faults.push(...nodeSelectorErrors(nodeSelector, at.child('nodeSelector')));
  }
  if (allNodes === true) set.push('`allNodes`');
  else if (allNodes === false) faults.push(invalid(at.child('allNodes'), allNodes, 'must be either unset or set to true'));
  if (set.length === 0) faults.push(required(at, ownPlaceOf));
  if (set.length > 1) faults.push(invalid(at, `{${set.join(', ')}}`, ownPlaceOf));
  return faults;
}

function strayPlaceErrors({ nodeName, nodeSelector, allNodes }: t.Device, at: Path): FieldError[] {
  if (nodeName === undefined && nodeSelector === undefined && allNodes === undefined) return [];
  const why = 'can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  return [invalid(at, null, `\`nodeName\`, \`nodeSelector\` and \`allNodes\` ${why}`)];
}
