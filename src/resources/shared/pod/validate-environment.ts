/** ValidateEnv and ValidateEnvFrom. */
import type { Container } from '../../../api/generated/types.ts';
import { invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { annotationOrLabelKey } from './field-paths.ts';
import { checked } from '../names.ts';
import { backstepErrors } from './validate-volume-sources.ts';
import {
  configMapKeyFaults,
  dns1123LabelFaults,
  dns1123SubdomainFaults,
  qualifiedNameFaults,
  relaxedEnvironmentNameFaults,
} from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';

type Variable = NonNullable<Container['env']>[number];
type Source = NonNullable<Variable['valueFrom']>;

const fields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Field paths that exist for pods but say nothing to a container's environment. */
const convertible = new Set(['metadata.annotations', 'metadata.labels', 'spec.restartPolicy', 'spec.schedulerName', 'status.phase']);
const resources = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

export function environmentErrors(variables: readonly Variable[], at: Path, faults: FieldError[]): void {
  for (const [index, { name, value = '', valueFrom }] of variables.entries()) {
    if (name === '') faults.push(required(at.index(index).child('name')));
    else for (const fault of relaxedEnvironmentNameFaults(name)) faults.push(invalid(at.index(index).child('name'), name, fault));
    if (valueFrom === undefined) continue;
    const own = at.index(index).child('valueFrom');
    const kinds = Object.keys(valueFrom).length;
    sourceErrors(valueFrom, own, faults);
    if (kinds === 0)
      faults.push(
        invalid(own, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'),
      );
    else if (value !== '') faults.push(invalid(own, '', 'may not be specified when `value` is not empty'));
    else if (kinds > 1) faults.push(invalid(own, '', 'may not have more than one field specified at a time'));
  }
}

function sourceErrors(
  { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef }: Source,
  at: Path,
  faults: FieldError[],
): void {
  if (fieldRef !== undefined) fieldRefErrors(fieldRef, at.child('fieldRef'), faults);
  if (resourceFieldRef !== undefined) {
    const own = at.child('resourceFieldRef', 'resource');
    if (resourceFieldRef.resource === '') faults.push(required(own));
    else if (!resources.includes(resourceFieldRef.resource) && !/^(limits|requests)\.hugepages-/.test(resourceFieldRef.resource)) {
      faults.push(notSupported(own, resourceFieldRef.resource, resources));
    }
    faults.push(...divisorErrors(resourceFieldRef, at.child('resourceFieldRef', 'divisor')));
  }
  for (const [field, ref] of [
    ['configMapKeyRef', configMapKeyRef],
    ['secretKeyRef', secretKeyRef],
  ] as const) {
    if (ref === undefined) continue;
    faults.push(...checked(at.child(field, 'name'), ref.name ?? '', dns1123SubdomainFaults));
    if (ref.key === '') faults.push(required(at.child(field, 'key')));
    else for (const fault of configMapKeyFaults(ref.key)) faults.push(invalid(at.child(field, 'key'), ref.key, fault));
  }
  if (fileKeyRef !== undefined) faults.push(...fileKeyErrors(fileKeyRef, at.child('fileKeyRef')));
}

const units = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const kindsOfResources = [
  ['memory', 'memory'],
  ['ephemeral-storage', 'local ephemeral storage'],
  ['hugepages-', 'hugepages'],
] as const;

/** validateContainerResourceDivisor. */
function divisorErrors({ resource, divisor = '0' }: NonNullable<Source['resourceFieldRef']>, at: Path): FieldError[] {
  const amount = parseQuantity(divisor);
  const name = resource.replace(/^(limits|requests)\./, '');
  if (amount.sign === 0 || name === resource) return [];
  const text = amount.toString();
  if (name === 'cpu')
    return text === '1m' || text === '1'
      ? []
      : [invalid(at, resource, "only divisor's values 1m and 1 are supported with the cpu resource")];
  const kind = kindsOfResources.find(([start]) => (start === 'hugepages-' ? name.startsWith(start) : name === start));
  if (kind === undefined || units.includes(text)) return [];
  return [invalid(at, resource, `only divisor's values ${units.join(', ')} are supported with the ${kind[1]} resource`)];
}

/** validateFileKeySelector. */
function fileKeyErrors({ key, volumeName, path }: NonNullable<Source['fileKeyRef']>, at: Path): FieldError[] {
  const [keyed, named, placed] = [at.child('key'), at.child('volumeName'), at.child('path')];
  return [
    ...(key === '' ? [required(keyed)] : checked(keyed, key, relaxedEnvironmentNameFaults)),
    ...(volumeName === '' ? [required(named)] : checked(named, volumeName, dns1123LabelFaults)),
    ...(path === '' ? [required(placed)] : backstepErrors(path, placed)),
  ];
}

function fieldRefErrors({ apiVersion = '', fieldPath }: NonNullable<Source['fieldRef']>, at: Path, faults: FieldError[]): void {
  if (apiVersion === '') return void faults.push(required(at.child('apiVersion')));
  if (fieldPath === '') return void faults.push(required(at.child('fieldPath')));
  const keyed = annotationOrLabelKey(fieldPath);
  if (keyed !== undefined) for (const fault of qualifiedNameFaults(keyed)) faults.push(invalid(at, keyed, fault));
  else if (!fields.includes(fieldPath)) {
    if (convertible.has(fieldPath)) faults.push(notSupported(at.child('fieldPath'), fieldPath, fields));
    else faults.push(invalid(at.child('fieldPath'), fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`));
  }
}

export function environmentFromErrors(sources: NonNullable<Container['envFrom']>, at: Path, faults: FieldError[]): void {
  for (const [index, { prefix = '', configMapRef, secretRef }] of sources.entries()) {
    const own = at.index(index);
    if (prefix !== '') for (const fault of relaxedEnvironmentNameFaults(prefix)) faults.push(invalid(own.child('prefix'), prefix, fault));
    for (const [field, ref] of [['configMapRef', configMapRef] as const, ['secretRef', secretRef] as const]) {
      if (ref === undefined) continue;
      const named = own.child(field, 'name');
      faults.push(...((ref.name ?? '') === '' ? [required(named)] : checked(named, ref.name ?? '', dns1123SubdomainFaults)));
    }
    if (configMapRef === undefined && secretRef === undefined)
      faults.push(invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (configMapRef !== undefined && secretRef !== undefined)
      faults.push(invalid(at, '', 'may not have more than one field specified at a time'));
  }
}
