/** ValidatePersistentVolumeClaimSpec and ...Update of pkg/apis/core/validation/validation.go. */
import type { PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { checked } from '../../shared/names.ts';
import { labelSelectorErrors } from '../../shared/selector-validation.ts';
import { accessModeErrors } from '../persistentvolumes/validation.ts';

type Spec = PersistentVolumeClaim['spec'];

export function validateClaim(spec: Spec, at: Path = path('spec')): FieldError[] {
  const storage = spec.resources?.requests?.['storage'];
  const requests = at.child('resources').key('storage');
  const volumeModes = ['Block', 'Filesystem'];
  return [
    ...accessModeErrors(spec.accessModes ?? [], at.child('accessModes'), 'at least 1 access mode is required'),
    ...labelSelectorErrors(spec.selector, at.child('selector')),
    ...(storage === undefined
      ? [required(requests)]
      : parseQuantity(storage).sign > 0
        ? []
        : [invalid(requests, storage, 'must be greater than zero')]),
    ...((spec.storageClassName ?? '') === ''
      ? []
      : checked(at.child('storageClassName'), spec.storageClassName ?? '', dns1123SubdomainFaults)),
    ...(spec.volumeMode === undefined || volumeModes.includes(spec.volumeMode)
      ? []
      : [notSupported(at.child('volumeMode'), spec.volumeMode, volumeModes)]),
  ];
}

export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const at = path('spec');
  const faults = validateClaim(claim.spec);
  const expandable = claim.status.phase === 'Bound';
  const frozen = (spec: Spec): unknown => ({
    ...spec,
    volumeName: undefined,
    ...(expandable ? { volumeAttributesClassName: undefined } : {}),
    resources: { ...spec.resources, requests: expandable ? { ...spec.resources?.requests, storage: undefined } : spec.resources?.requests },
  });
  const bound = (old.spec.volumeName ?? '') !== '';
  const volumeChanged = bound && claim.spec.volumeName !== old.spec.volumeName;
  if (volumeChanged || !semanticEqual(frozen(claim.spec), frozen(old.spec))) {
    faults.push(
      forbiddenField(at, 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'),
    );
  }
  const [now, before] = [claim.spec.resources?.requests?.['storage'], old.spec.resources?.requests?.['storage']];
  const smaller = parseQuantity(now ?? '0').compare(parseQuantity(before ?? '0')) < 0;
  if (smaller && parseQuantity(now ?? '0').compare(parseQuantity(old.status.capacity?.['storage'] ?? '0')) <= 0) {
    faults.push(forbiddenField(at.child('resources', 'requests', 'storage'), 'field can not be less than status.capacity'));
  }
  return faults;
}
