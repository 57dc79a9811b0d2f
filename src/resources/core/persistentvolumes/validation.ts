/** The basics of ValidatePersistentVolume; the sources of storage vendors are not looked into. */
import type { PersistentVolume } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError } from '../../../api/field-errors.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { checked } from '../../shared/names.ts';

const at = path('spec');
const modes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const notSources = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

const sourcesOf = ({ spec }: PersistentVolume): Record<string, unknown> =>
  Object.fromEntries(Object.entries(spec).filter(([field]) => !notSources.has(field)));

export function validatePersistentVolume(volume: PersistentVolume): FieldError[] {
  const { spec } = volume;
  return [
    ...accessModeErrors(spec.accessModes ?? [], at.child('accessModes')),
    ...capacityErrors(spec.capacity ?? {}),
    ...sourceErrors(volume),
    ...(spec.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [forbiddenField(at.child('persistentVolumeReclaimPolicy'), "may not be 'recycle' for a hostPath mount of '/'")]
      : []),
    ...oneOf('persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, ['Delete', 'Recycle', 'Retain']),
    ...oneOf('volumeMode', spec.volumeMode, ['Block', 'Filesystem']),
    ...((spec.storageClassName ?? '') === ''
      ? []
      : checked(at.child('storageClassName'), spec.storageClassName ?? '', dns1123SubdomainFaults)),
  ];
}

export function validatePersistentVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const faults = validatePersistentVolume(volume);
  if (!semanticEqual(sourcesOf(volume), sourcesOf(old)))
    faults.push(forbiddenField(at.child('persistentvolumesource'), 'spec.persistentvolumesource is immutable after creation'));
  if (!semanticEqual(volume.spec.volumeMode, old.spec.volumeMode))
    faults.push(invalid(at.child('volumeMode'), volume.spec.volumeMode, 'field is immutable'));
  return faults;
}

function oneOf(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  return (value ?? '') === '' || supported.includes(value ?? '') ? [] : [notSupported(at.child(field), value, supported)];
}

export function accessModeErrors(list: readonly string[], field = at.child('accessModes'), detail = ''): FieldError[] {
  if (list.length === 0) return [required(field, detail)];
  const faults = list.filter((mode) => !modes.includes(mode)).map((mode) => notSupported(field, mode, modes));
  if (list.includes('ReadWriteOncePod') && list.length > 1)
    faults.push(forbiddenField(field, 'may not use ReadWriteOncePod with other access modes'));
  return faults;
}

function capacityErrors(capacity: Readonly<Record<string, string>>): FieldError[] {
  const field = at.child('capacity');
  if (Object.keys(capacity).length === 0) return [required(field), notSupported(field, null, ['storage'])];
  if (capacity['storage'] === undefined || Object.keys(capacity).length > 1) return [notSupported(field, capacity, ['storage'])];
  const amount = parseQuantity(capacity['storage']);
  return amount.sign > 0 ? [] : [invalid(field.key('storage'), capacity['storage'], 'must be greater than zero')];
}

function sourceErrors(volume: PersistentVolume): FieldError[] {
  const [first, ...others] = Object.keys(sourcesOf(volume));
  if (first === undefined) return [required(at, 'must specify a volume type')];
  const faults = others.map((source) => forbiddenField(at.child(source), 'may not specify more than 1 volume type'));
  const { hostPath, local } = volume.spec;
  if (hostPath !== undefined && hostPath.path === '') faults.push(required(at.child('hostPath', 'path')));
  if (local !== undefined && local.path === '') faults.push(required(at.child('local', 'path')));
  if (local !== undefined && volume.spec.nodeAffinity === undefined)
    faults.push(required(at.child('nodeAffinity'), 'Local volume requires node affinity'));
  return faults;
}
