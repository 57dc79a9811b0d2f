/** ValidateEnv and ValidateEnvFrom. */
import type { Container } from '../../../api/generated/types.ts';
import { invalid, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { checked } from '../names.ts';
import { environmentFields, fieldRefErrors, resourceRefErrors } from './validate-field-refs.ts';
import { backstepErrors } from './validate-volume-sources.ts';
import { configMapKeyFaults, dns1123LabelFaults, dns1123SubdomainFaults, relaxedEnvironmentNameFaults } from '../../../api/names.ts';

type Variable = NonNullable<Container['env']>[number];
type Source = NonNullable<Variable['valueFrom']>;

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
  if (fieldRef !== undefined) faults.push(...fieldRefErrors(fieldRef, at.child('fieldRef'), environmentFields));
  if (resourceFieldRef !== undefined) faults.push(...resourceRefErrors(resourceFieldRef, at.child('resourceFieldRef'), false));
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

/** validateFileKeySelector. */
function fileKeyErrors({ key, volumeName, path }: NonNullable<Source['fileKeyRef']>, at: Path): FieldError[] {
  const [keyed, named, placed] = [at.child('key'), at.child('volumeName'), at.child('path')];
  return [
    ...(key === '' ? [required(keyed)] : checked(keyed, key, relaxedEnvironmentNameFaults)),
    ...(volumeName === '' ? [required(named)] : checked(named, volumeName, dns1123LabelFaults)),
    ...(path === '' ? [required(placed)] : backstepErrors(path, placed)),
  ];
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
