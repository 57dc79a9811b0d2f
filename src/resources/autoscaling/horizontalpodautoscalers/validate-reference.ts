/** References to objects of any kind by name. ValidateCrossVersionObjectReference of pkg/apis/autoscaling/validation. */
import { invalid, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { pathSegmentFaults } from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';

interface Reference {
  readonly kind: string;
  readonly name: string;
  readonly apiVersion?: string;
}

/** Only the core group has no name: a target in it does not scale, but for ReplicationControllers. */
export function referenceErrors(reference: Reference, at: Path, allowCoreGroup: boolean): FieldError[] {
  const { kind, name, apiVersion = '' } = reference;
  const named = (field: string, value: string): FieldError[] =>
    value === '' ? [required(at.child(field))] : checked(at.child(field), value, (text) => pathSegmentFaults(text));
  return [...named('kind', kind), ...named('name', name), ...versionErrors(apiVersion, at.child('apiVersion'), allowCoreGroup)];
}

function versionErrors(apiVersion: string, at: Path, allowCoreGroup: boolean): FieldError[] {
  if (apiVersion.split('/').length > 2) return [invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)];
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return allowCoreGroup || group !== '' ? [] : [invalid(at, apiVersion, 'apiVersion must specify API group')];
}
