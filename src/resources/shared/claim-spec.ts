/** The spec of a PersistentVolumeClaim, alone and in templates. ValidatePersistentVolumeClaimSpec of pkg/apis/core/validation. */
import type { PersistentVolumeClaimSpec, TypedLocalObjectReference, TypedObjectReference } from '../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, required, type FieldError, type Path } from '../../api/field-errors.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../api/names.ts';
import { parseQuantity } from '../../api/quantity.ts';
import { checked } from './names.ts';
import { labelSelectorErrors } from './selector-validation.ts';

const modes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const volumeModes = ['Block', 'Filesystem'];

export function accessModeErrors(list: readonly string[], at: Path): FieldError[] {
  const faults = list.filter((mode) => !modes.includes(mode)).map((mode) => notSupported(at, mode, modes));
  const others = list.some((mode) => mode !== 'ReadWriteOncePod' && modes.includes(mode));
  if (others && list.includes('ReadWriteOncePod')) faults.push(forbiddenField(at, 'may not use ReadWriteOncePod with other access modes'));
  return faults;
}

interface Leniency {
  /** A data source may name a group that is none, as one did before. */
  readonly anyGroup?: boolean;
}

export function claimSpecErrors(spec: PersistentVolumeClaimSpec, at: Path, { anyGroup = false }: Leniency = {}): FieldError[] {
  const storage = spec.resources?.requests?.['storage'];
  const requests = at.child('resources').key('storage');
  const { accessModes = [], storageClassName = '', volumeMode, volumeAttributesClassName = '' } = spec;
  return [
    ...(accessModes.length === 0 ? [required(at.child('accessModes'), 'at least 1 access mode is required')] : []),
    ...labelSelectorErrors(spec.selector, at.child('selector')),
    ...accessModeErrors(accessModes, at.child('accessModes')),
    ...(storage === undefined ? [required(requests)] : storageErrors(storage, requests)),
    ...(storageClassName === '' ? [] : checked(at.child('storageClassName'), storageClassName, dns1123SubdomainFaults)),
    ...(volumeMode === undefined || volumeModes.includes(volumeMode)
      ? []
      : [notSupported(at.child('volumeMode'), volumeMode, volumeModes)]),
    ...dataSourceErrors(spec, at, anyGroup),
    ...(volumeAttributesClassName === ''
      ? []
      : checked(at.child('volumeAttributesClassName'), volumeAttributesClassName, dns1123SubdomainFaults)),
  ];
}

function storageErrors(storage: string | number, at: Path): FieldError[] {
  const quantity = parseQuantity(storage);
  return quantity.sign > 0 ? [] : [invalid(at, quantity.toString(), 'must be greater than zero')];
}

function dataSourceErrors({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec, at: Path, anyGroup: boolean): FieldError[] {
  const faults = [
    ...(dataSource === undefined ? [] : sourceErrors(dataSource, at.child('dataSource'), anyGroup)),
    ...(dataSourceRef === undefined ? [] : sourceErrors(dataSourceRef, at.child('dataSourceRef'), anyGroup)),
  ];
  const namespace = dataSourceRef?.namespace ?? '';
  if (namespace !== '') faults.push(...checked(at.child('dataSourceRef', 'namespace'), namespace, dns1123LabelFaults));
  if (dataSource === undefined || dataSourceRef === undefined) return faults;
  if (namespace !== '') faults.push(invalid(at, {}, 'may not be specified when dataSourceRef.namespace is specified'));
  else if (
    dataSource.apiGroup !== dataSourceRef.apiGroup ||
    dataSource.kind !== dataSourceRef.kind ||
    dataSource.name !== dataSourceRef.name
  )
    faults.push(invalid(at, {}, 'must match dataSourceRef'));
  return faults;
}

function sourceErrors(source: TypedLocalObjectReference | TypedObjectReference, at: Path, anyGroup: boolean): FieldError[] {
  const { name, kind } = source;
  const apiGroup = source.apiGroup ?? '';
  return [
    ...(name === '' ? [required(at.child('name'))] : []),
    ...(kind === '' ? [required(at.child('kind'))] : []),
    ...(apiGroup === '' && kind !== 'PersistentVolumeClaim'
      ? [invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")]
      : []),
    ...(apiGroup === '' || anyGroup ? [] : checked(at.child('apiGroup'), apiGroup, dns1123SubdomainFaults)),
  ];
}
