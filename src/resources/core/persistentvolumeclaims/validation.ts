/** ValidatePersistentVolumeClaimUpdate of pkg/apis/core/validation/validation.go. */
import type { PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalDiff } from '../../../api/internal-form.ts';
import { cloneJson, semanticEqual } from '../../../api/json.ts';
import { qualifiedNameFaults } from '../../../api/names.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import { claimSpecErrors } from '../../shared/claim-spec.ts';

type Spec = PersistentVolumeClaim['spec'];

const at = path('spec');
const frozenText = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

const betaClass = 'volume.beta.kubernetes.io/storage-class';

export function validateClaim({ spec }: PersistentVolumeClaim): FieldError[] {
  return claimSpecErrors(spec, at);
}

export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const faults = claimSpecErrors(claim.spec, at, { anyGroup: namesGroup(old.spec) });
  const [now, before] = comparable(claim, old);
  const annotation = claim.metadata.annotations?.[betaClass] ?? '';
  if (!movesClassFromAnnotation(claim, old) && annotation !== (old.metadata.annotations?.[betaClass] ?? ''))
    faults.push(invalid(path('metadata', 'annotations').child(betaClass), annotation, 'field is immutable'));
  if (!semanticEqual(now, before))
    faults.push(forbiddenField(at, `${frozenText}\n${internalDiff('core.PersistentVolumeClaimSpec', before, now)}`));
  faults.push(...sizeErrors(claim, old));
  if (claim.spec.volumeMode !== old.spec.volumeMode)
    faults.push(invalid(path('volumeMode'), claim.spec.volumeMode ?? null, 'field is immutable'));
  faults.push(...attributesErrors(claim, old));
  return faults;
}

/** Such claims may name groups that are none (allowInvalidAPIGroupInDataSourceOrRef). */
const namesGroup = ({ dataSource, dataSourceRef }: Spec): boolean =>
  dataSource?.apiGroup !== undefined || dataSourceRef?.apiGroup !== undefined;

/** validateStorageClassUpgradeFromAnnotation: the class that an annotation named becomes the field's. */
function movesClassFromAnnotation(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const [now, before] = [claim.metadata.annotations?.[betaClass], old.metadata.annotations?.[betaClass]];
  if (before === undefined || old.spec.storageClassName !== undefined) return false;
  return claim.spec.storageClassName === before && (now === undefined || now === before);
}

/** Both specs with what may change made the same. */
function comparable(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): [Spec, Spec] {
  const [now, before] = [cloneJson(claim.spec), cloneJson(old.spec)];
  if ((before.volumeName ?? '') === '') {
    if (now.volumeName === undefined) delete before.volumeName;
    else before.volumeName = now.volumeName;
  }
  // A claim that names no class may be given one, where an annotation names one only that.
  const annotated = old.metadata.annotations?.[betaClass];
  const fits = annotated === undefined || annotated === now.storageClassName;
  if (now.storageClassName !== undefined && before.storageClassName === undefined && fits) delete now.storageClassName;
  if (claim.status.phase !== 'Bound') return [now, before];
  const size = before.resources?.requests?.['storage'];
  if (now.resources?.requests !== undefined && size !== undefined) now.resources.requests['storage'] = size;
  if (before.volumeAttributesClassName === undefined) delete now.volumeAttributesClassName;
  else now.volumeAttributesClassName = before.volumeAttributesClassName;
  return [now, before];
}

function sizeErrors(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const now = parseQuantity(claim.spec.resources?.requests?.['storage'] ?? '0');
  const smaller = now.compare(parseQuantity(old.spec.resources?.requests?.['storage'] ?? '0')) < 0;
  if (!smaller || now.compare(parseQuantity(old.status.capacity?.['storage'] ?? '0')) > 0) return [];
  return [forbiddenField(at.child('resources', 'requests', 'storage'), 'field can not be less than status.capacity')];
}

function attributesErrors({ spec }: PersistentVolumeClaim, { spec: before, status }: PersistentVolumeClaim): FieldError[] {
  if (spec.volumeAttributesClassName === before.volumeAttributesClassName) return [];
  if (status.currentVolumeAttributesClassName === undefined || (spec.volumeAttributesClassName ?? '') !== '') return [];
  const what = spec.volumeAttributesClassName === undefined ? 'nil' : 'empty string';
  const why = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  return [forbiddenField(at.child('volumeAttributesClassName'), why)];
}

const resizeStates: ReadonlySet<string> = new Set([
  ...['ControllerResizeInProgress', 'ControllerResizeInfeasible'],
  ...['NodeResizePending', 'NodeResizeInProgress', 'NodeResizeInfeasible'],
]);

/** ValidatePersistentVolumeClaimStatusUpdate. */
export function validateClaimStatus({ spec, status }: PersistentVolumeClaim): FieldError[] {
  const field = path('status');
  const faults = (spec.accessModes ?? []).length === 0 ? [required(path('Spec', 'accessModes'))] : [];
  const capacities = entriesOf(status.capacity).flatMap(([name, amount]) => basicAmount(amount, field.child('capacity').key(name)));
  faults.push(...capacities);
  const states = field.child('allocatedResourceStatuses');
  for (const [name, state] of entriesOf(status.allocatedResourceStatuses)) {
    faults.push(...resourceKey(name, states));
    if (!resizeStates.has(state)) faults.push(notSupported(states, name, [...resizeStates].sort()));
  }
  const allocated = field.child('allocatedResources');
  for (const [name, amount] of entriesOf(status.allocatedResources)) {
    const wrongKey = resourceKey(name, allocated);
    faults.push(...(wrongKey.length > 0 ? wrongKey : basicAmount(amount, allocated.key(name))));
  }
  return faults;
}

const entriesOf = (map: Readonly<Record<string, string>> | undefined): [string, string][] =>
  Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

/** Shown as the number it is rounded up to. */
function basicAmount(amount: string, field: Path): FieldError[] {
  const quantity = parseQuantity(amount);
  return quantity.sign < 0 ? [invalid(field, quantity.value(), 'must be a valid resource quantity')] : [];
}

function resourceKey(name: string, field: Path): FieldError[] {
  const faults = qualifiedNameFaults(name).map((fault) => invalid(field, name, fault));
  const native = !name.includes('/') || name.includes('kubernetes.io/');
  return faults.length > 0 || !native || name === 'storage' ? faults : [notSupported(field, name, ['storage'])];
}
