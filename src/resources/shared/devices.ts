/** Requests for devices, in claims, templates and classes. pkg/apis/resource/validation; CEL expressions are not compiled. */
import type * as t from '../../api/generated/types.ts';
import { duplicate, invalid, notSupported, required, tooLong, tooMany, type FieldError, type Path } from '../../api/field-errors.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, labelValueFaults, qualifiedNameFaults } from '../../api/names.ts';
import { fullyQualifiedErrors } from './device-names.ts';
import { checked } from './names.ts';
import { csiDriverNameErrors } from './pod/validate-volume-sources.ts';
import { extended } from './resource-names.ts';

const maxItems = 32;
const maxSubRequests = 8;
const maxExpression = 10 * 1024;
const maxParameters = 10 * 1024;
const maxTolerations = 16;
const taintEffects = ['NoExecute', 'NoSchedule', 'None'];

type Selectors = readonly t.DeviceSelector[] | undefined;
type Request = t.DeviceRequest;

/** Names of requests with those of their alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

/** validateSlice: not too many, and each one right. */
function eachOf<T>(list: readonly T[] | null | undefined, at: Path, check: (item: T, own: Path) => FieldError[]): FieldError[] {
  const all = list ?? [];
  const faults = all.length > maxItems ? [tooMany(at, all.length, maxItems)] : [];
  return [...faults, ...all.flatMap((item, index) => check(item, at.index(index)))];
}

function repeated(keys: readonly string[], at: Path): FieldError[] {
  return keys.flatMap((key, index) => (keys.indexOf(key) < index ? [duplicate(at.index(index), key)] : []));
}

export function claimErrors({ devices }: t.ResourceV1ResourceClaim['spec'], own: Path): FieldError[] {
  const at = own.child('devices');
  const requests = devices?.requests ?? [];
  const names = requestNames(requests);
  return [
    ...eachOf(requests, at.child('requests'), requestErrors),
    ...repeated(
      requests.map(({ name }) => name),
      at.child('requests'),
    ),
    ...eachOf(devices?.constraints, at.child('constraints'), (constraint, field) => constraintErrors(constraint, field, names)),
    ...eachOf(devices?.config, at.child('config'), (config, field) => [
      ...referencesErrors(config.requests, field.child('requests'), names),
      ...configErrors(config, field),
    ]),
  ];
}

export function requestNames(requests: readonly Request[]): RequestNames {
  return new Map(requests.map(({ name, firstAvailable = [] }) => [name, new Set(firstAvailable.map((sub) => sub.name))] as const));
}

function requestErrors({ name, exactly, firstAvailable = [] }: Request, at: Path): FieldError[] {
  const faults = checked(at.child('name'), name, dns1123LabelFaults);
  const one = 'exactly one of `exactly` or `firstAvailable` is required';
  if (exactly === undefined && firstAvailable.length === 0) return [...faults, required(at, one)];
  if (exactly !== undefined && firstAvailable.length > 0) return [...faults, invalid(at, null, `${one}, but multiple fields are set`)];
  if (exactly !== undefined) return [...faults, ...demandErrors(exactly, at.child('exactly'))];
  const own = at.child('firstAvailable');
  return [
    ...faults,
    ...(firstAvailable.length > maxSubRequests ? [tooMany(own, firstAvailable.length, maxSubRequests)] : []),
    ...firstAvailable.flatMap((sub, index) => [
      ...checked(own.index(index).child('name'), sub.name, dns1123LabelFaults),
      ...demandErrors(sub, own.index(index)),
    ]),
    ...repeated(
      firstAvailable.map((sub) => sub.name),
      own,
    ),
  ];
}

function demandErrors(demand: t.ExactDeviceRequest | t.DeviceSubRequest, at: Path): FieldError[] {
  const { deviceClassName, selectors, allocationMode = '', count = 0, tolerations = [] } = demand;
  const className = at.child('deviceClassName');
  const faults = deviceClassName === '' ? [required(className)] : checked(className, deviceClassName, dns1123SubdomainFaults);
  faults.push(...selectorErrors(selectors, at.child('selectors')));
  if (allocationMode === 'All') {
    if (count !== 0) faults.push(invalid(at.child('count'), count, "must not be specified when allocationMode is 'All'"));
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) faults.push(invalid(at.child('count'), count, 'must be greater than zero'));
  } else faults.push(notSupported(at.child('allocationMode'), allocationMode, ['All', 'ExactCount']));
  return [...faults, ...tolerationsErrors(tolerations, at.child('tolerations'))];
}

/** validateDeviceToleration. */
function tolerationsErrors(tolerations: readonly t.DeviceToleration[], at: Path): FieldError[] {
  const faults = tolerations.length > maxTolerations ? [tooMany(at, tolerations.length, maxTolerations)] : [];
  for (const [index, { key = '', operator = '', value = '', effect = '' }] of tolerations.entries()) {
    const own = at.index(index);
    if (key !== '') faults.push(...checked(own.child('key'), key, qualifiedNameFaults));
    if (operator === 'Exists') {
      if (value !== '') faults.push(invalid(own.child('value'), value, 'must be empty for operator `Exists`'));
    } else if (operator === 'Equal') faults.push(...checked(own.child('value'), value, labelValueFaults));
    else
      faults.push(operator === '' ? required(own.child('operator')) : notSupported(own.child('operator'), operator, ['Equal', 'Exists']));
    if (effect !== '' && !taintEffects.includes(effect)) faults.push(notSupported(own.child('effect'), effect, taintEffects));
  }
  return faults;
}

export function selectorErrors(selectors: Selectors, at: Path): FieldError[] {
  return eachOf(selectors, at, ({ cel }, own) => {
    if (cel === undefined) return [required(own.child('cel'))];
    return Buffer.byteLength(cel.expression) > maxExpression ? [tooLong(own.child('cel', 'expression'), maxExpression)] : [];
  });
}

function constraintErrors(
  { requests, matchAttribute, distinctAttribute }: t.DeviceConstraint,
  at: Path,
  names: RequestNames,
): FieldError[] {
  const faults = referencesErrors(requests, at.child('requests'), names);
  if (matchAttribute !== undefined) return [...faults, ...fullyQualifiedErrors(matchAttribute, at.child('matchAttribute'))];
  if (distinctAttribute !== undefined) return [...faults, ...fullyQualifiedErrors(distinctAttribute, at.child('distinctAttribute'))];
  return [...faults, required(at, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set')];
}

const unknownRequest = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** A request of the claim, or one of its alternatives. */
export function referenceErrors(reference: string, at: Path, names: RequestNames): FieldError[] {
  const parts = reference.split('/');
  const [name = '', sub] = parts;
  if (parts.length > 2) return [invalid(at, reference, unknownRequest)];
  const faults = parts.flatMap((part) => checked(at, part, dns1123LabelFaults));
  const known = names.get(name);
  const isThere = known !== undefined && (sub === undefined || known.has(sub));
  return isThere ? faults : [...faults, invalid(at, reference, unknownRequest)];
}

export function referencesErrors(references: readonly string[] | undefined, at: Path, names: RequestNames): FieldError[] {
  const all = references ?? [];
  return [...eachOf(all, at, (reference, own) => referenceErrors(reference, own, names)), ...repeated(all, at)];
}

/** A configuration for a driver, whose parameters nobody else reads. */
export function configErrors({ opaque }: Pick<t.DeviceClaimConfiguration, 'opaque'>, at: Path): FieldError[] {
  const own = at.child('opaque');
  if (opaque === undefined) return [required(own)];
  const parameters = opaque.parameters as unknown;
  const field = own.child('parameters');
  const isObject = typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters);
  return [
    ...csiDriverNameErrors(opaque.driver, own.child('driver')),
    ...(parameters === undefined || parameters === null
      ? [required(field)]
      : !isObject
        ? [invalid(field, '<value omitted>', 'must be a valid JSON object')]
        : Buffer.byteLength(JSON.stringify(parameters)) > maxParameters
          ? [tooLong(field, maxParameters)]
          : []),
  ];
}

export function deviceClassErrors({ selectors, config, extendedResourceName: resource }: t.DeviceClass['spec'], at: Path): FieldError[] {
  return [
    ...selectorErrors(selectors, at.child('selectors')),
    ...eachOf(config, at.child('config'), configErrors),
    ...(resource === undefined || extended(resource)
      ? []
      : [invalid(at.child('extendedResourceName'), resource, 'must be a valid extended resource name')]),
  ];
}
