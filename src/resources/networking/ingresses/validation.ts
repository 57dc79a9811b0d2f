/** pkg/apis/networking/validation/validation.go. */
import type { Ingress } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { parseAddress } from '../../../api/ip.ts';
import {
  dns1035LabelFaults,
  dns1123SubdomainFaults,
  portNameFaults,
  portNumberFaults,
  wildcardSubdomainFaults,
} from '../../../api/names.ts';
import { oneOf } from '../../shared/checks.ts';
import { checked } from '../../shared/names.ts';

type Rule = NonNullable<Ingress['spec']['rules']>[number];
type HttpPath = NonNullable<Rule['http']>['paths'][number];
type Backend = NonNullable<Ingress['spec']['defaultBackend']>;

const at = path('spec');

export function validateIngress({ spec }: Ingress): FieldError[] {
  const { rules, tls = [], defaultBackend, ingressClassName } = spec;
  return [
    ...((rules ?? []).length === 0 && defaultBackend === undefined
      ? [invalid(at, rules ?? null, 'either `defaultBackend` or `rules` must be specified')]
      : []),
    ...tls.flatMap(({ hosts = [] }, index) =>
      hosts.flatMap((host, position) => hostErrors(host, at.child('tls').index(index).child('hosts').index(position))),
    ),
    ...(rules ?? []).flatMap((rule, index) => ruleErrors(rule, at.child('rules').index(index))),
    ...(defaultBackend === undefined ? [] : backendErrors(defaultBackend, at.child('defaultBackend'))),
    ...(ingressClassName === undefined ? [] : checked(at.child('ingressClassName'), ingressClassName, dns1123SubdomainFaults)),
  ];
}

function hostErrors(host: string, field: Path): FieldError[] {
  return checked(field, host, host.includes('*') ? wildcardSubdomainFaults : dns1123SubdomainFaults);
}

function ruleErrors({ host = '', http }: Rule, field: Path): FieldError[] {
  const faults: FieldError[] = [];
  if (host !== '') {
    if (parseAddress(host) !== undefined) faults.push(invalid(field.child('host'), host, 'must be a DNS name, not an IP address'));
    faults.push(...hostErrors(host, field.child('host')));
  }
  if (http === undefined) return faults;
  const paths = field.child('http', 'paths');
  if (http.paths.length === 0) faults.push(required(paths));
  return [...faults, ...http.paths.flatMap((one, index) => pathErrors(one, paths.index(index)))];
}

function pathErrors({ path: value = '', pathType, backend }: HttpPath, field: Path): FieldError[] {
  const faults = oneOf(field.child('pathType'), pathType, ['Exact', 'ImplementationSpecific', 'Prefix']).map((fault) =>
    fault.type === 'FieldValueRequired' ? required(field.child('pathType'), 'pathType must be specified') : fault,
  );
  if ((pathType as string | undefined) === undefined || pathType === '') return faults;
  const own = field.child('path');
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!value.startsWith('/')) faults.push(invalid(own, value, 'must be an absolute path'));
    for (const wrong of ['//', '/./', '/../', '%2f', '%2F'])
      if (value.includes(wrong)) faults.push(invalid(own, value, `must not contain '${wrong}'`));
    for (const wrong of ['/..', '/.']) if (value.endsWith(wrong)) faults.push(invalid(own, value, `cannot end with '${wrong}'`));
  } else if (value !== '' && !value.startsWith('/')) faults.push(invalid(own, value, 'must be an absolute path'));
  return [...faults, ...backendErrors(backend, field.child('backend'))];
}

function backendErrors({ service, resource }: Backend, field: Path): FieldError[] {
  if (service !== undefined && resource !== undefined) return [invalid(field, '', 'cannot set both resource and service backends')];
  if (resource !== undefined) {
    return [
      ...(resource.kind === '' ? [required(field.child('resource', 'kind'))] : []),
      ...(resource.name === '' ? [required(field.child('resource', 'name'))] : []),
    ];
  }
  if (service === undefined) return [invalid(field, '', 'resource or service backend is required')];
  const { name, port: { name: portName = '', number: portNumber = 0 } = {} } = service;
  const own = field.child('service');
  const port = own.child('port');
  const faults = name === '' ? [required(own.child('name'))] : checked(own.child('name'), name, dns1035LabelFaults);
  if (portName !== '' && portNumber !== 0) faults.push(invalid(port, service.port, 'cannot set both port name & port number'));
  else if (portName !== '') faults.push(...checked(port.child('name'), portName, portNameFaults));
  else if (portNumber !== 0) faults.push(...portNumberFaults(portNumber).map((fault) => invalid(port.child('number'), portNumber, fault)));
  else faults.push(required(own, 'port name or number is required'));
  return faults;
}
