/** What environments and volumes may say of the pod's own fields. validateObjectFieldSelector and validateContainerResourceFieldSelector. */
import type { Container } from '../../../api/generated/types.ts';
import { invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { checked } from '../names.ts';

type Source = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;
export type FieldRef = NonNullable<Source['fieldRef']>;
export type ResourceFieldRef = NonNullable<Source['resourceFieldRef']>;

export const environmentFields: readonly string[] = [
  ...['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName'],
  ...['status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs'],
];
export const volumeFields: readonly string[] = [
  ...['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'],
];
/** Paths that upstream knows of pods, whether they may be asked for or not. */
const known: ReadonlySet<string> = new Set([
  ...[...environmentFields, ...volumeFields],
  ...['spec.host', 'spec.restartPolicy', 'spec.schedulerName', 'status.phase'],
]);
const subscripted = ['metadata.annotations', 'metadata.labels'];

export function fieldRefErrors({ apiVersion = '', fieldPath = '' }: FieldRef, at: Path, fields: readonly string[]): FieldError[] {
  if (apiVersion === '') return [required(at.child('apiVersion'))];
  const own = at.child('fieldPath');
  if (fieldPath === '') return [required(own)];
  const inconvertible = (why: string): FieldError[] => [invalid(own, fieldPath, `error converting fieldPath: ${why}`)];
  if (apiVersion !== 'v1') return inconvertible(`unsupported pod version: ${apiVersion}`);
  const [, path = '', key = ''] = /^(.+?)\['(.*)'\]$/s.exec(fieldPath) ?? [];
  if (path !== '') {
    if (!subscripted.includes(path)) return inconvertible(`field label does not support subscript: ${fieldPath}`);
    return checked(at, path === 'metadata.annotations' ? key.toLowerCase() : key, qualifiedNameFaults);
  }
  if (!known.has(fieldPath)) return inconvertible(`field label not supported: ${fieldPath}`);
  const meant = fieldPath === 'spec.host' ? 'spec.nodeName' : fieldPath;
  return fields.includes(meant) ? [] : [notSupported(own, meant, fields)];
}

const resources = ['limits', 'requests'].flatMap((field) => ['cpu', 'ephemeral-storage', 'memory'].map((name) => `${field}.${name}`));

/** Volumes say of which container. */
export function resourceRefErrors(reference: ResourceFieldRef, at: Path, ofVolume: boolean): FieldError[] {
  const { containerName = '', resource } = reference;
  const own = at.child('resource');
  const faults: FieldError[] = [];
  if (ofVolume && containerName === '') faults.push(required(at.child('containerName')));
  else if (resource === '') faults.push(required(own));
  else if (!resources.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource))
    faults.push(notSupported(own, resource, resources));
  return [...faults, ...divisorErrors(reference, at.child('divisor'))];
}

const units = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const kindsOfResources = [
  ['memory', 'memory'],
  ['ephemeral-storage', 'local ephemeral storage'],
  ['hugepages-', 'hugepages'],
] as const;

/** validateContainerResourceDivisor. */
function divisorErrors({ resource, divisor = '0' }: ResourceFieldRef, at: Path): FieldError[] {
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
