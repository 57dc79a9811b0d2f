/** ValidateAPIService of kube-aggregator pkg/apis/apiregistration/validation. */
import type { APIService } from '../../../api/generated/types.ts';
import { invalid, notSupported, path, required, type FieldError } from '../../../api/field-errors.ts';
import { dns1035LabelFaults, dns1123SubdomainFaults, pathSegmentFaults, portNumberFaults } from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';

type Spec = APIService['spec'];

const at = path('spec');
const statuses = ['True', 'False', 'Unknown'];

export function serviceErrors({ metadata, spec }: APIService): FieldError[] {
  const { group = '', version = '', groupPriorityMinimum, versionPriority } = spec;
  return [
    ...nameErrors(metadata, `${version}.${group}`),
    ...(group === '' && version !== 'v1'
      ? [required(at.child('group'), 'only v1 may have an empty group and it better be legacy kube')]
      : []),
    ...(group === '' ? [] : checked(at.child('group'), group, dns1123SubdomainFaults)),
    ...checked(at.child('version'), version, dns1035LabelFaults),
    ...(groupPriorityMinimum <= 0 || groupPriorityMinimum > 20_000
      ? [invalid(at.child('groupPriorityMinimum'), groupPriorityMinimum, 'must be positive and less than 20000')]
      : []),
    ...(versionPriority <= 0 || versionPriority > 1000
      ? [invalid(at.child('versionPriority'), versionPriority, 'must be positive and less than 1000')]
      : []),
    ...(spec.service === undefined ? localErrors(spec) : remoteErrors(spec, spec.service)),
  ];
}

/** The name is the version and the group, and nothing else is asked of it. */
function nameErrors({ name = '' }: { readonly name?: string }, wanted: string): FieldError[] {
  const faults = pathSegmentFaults(name);
  if (faults.length === 0 && name !== wanted) faults.push(`must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`);
  return faults.map((fault) => invalid(path('metadata', 'name'), name, fault));
}

function localErrors({ caBundle = '', insecureSkipTLSVerify }: Spec): FieldError[] {
  const bytes = Buffer.from(caBundle, 'base64').length;
  return [
    ...(bytes > 0 ? [invalid(at.child('caBundle'), `${String(bytes)} bytes`, 'local APIServices may not have a caBundle')] : []),
    ...(insecureSkipTLSVerify === true
      ? [invalid(at.child('insecureSkipTLSVerify'), true, 'local APIServices may not have insecureSkipTLSVerify')]
      : []),
  ];
}

function remoteErrors(
  { caBundle = '', insecureSkipTLSVerify }: Spec,
  { namespace = '', name = '', port = 0 }: NonNullable<Spec['service']>,
) {
  const own = at.child('service');
  const faults = portNumberFaults(port);
  return [
    ...(namespace === '' ? [required(own.child('namespace'))] : []),
    ...(name === '' ? [required(own.child('name'))] : []),
    ...(faults.length > 0 ? [invalid(own.child('port'), port, `port is not valid: ${faults.join(', ')}`)] : []),
    ...(insecureSkipTLSVerify === true && caBundle !== ''
      ? [invalid(at.child('insecureSkipTLSVerify'), true, 'may not be true if caBundle is present')]
      : []),
  ];
}

export function serviceStatusErrors({ status }: APIService): FieldError[] {
  return (status.conditions ?? []).flatMap((condition, index) =>
    statuses.includes(condition.status)
      ? []
      : [notSupported(path('status', 'conditions').index(index).child('status'), condition.status, statuses)],
  );
}
