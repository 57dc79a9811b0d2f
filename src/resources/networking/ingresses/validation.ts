/** pkg/apis/networking/validation/validation.go. */
import type { Ingress } from '../../../api/generated/types.ts';
import { asGiven } from '../../../api/schema/said-empty.ts';
import { invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { legacyAddressFaults, parseAddress } from '../../../api/ip.ts';
import {
  dns1123LabelFaults,
  dns1123SubdomainFaults,
  portNameFaults,
  portNumberFaults,
  wildcardSubdomainFaults,
} from '../../../api/names.ts';
import { checked } from '../../shared/names.ts';
import { objectReferenceErrors } from '../../shared/object-reference.ts';

type Rule = NonNullable<Ingress['spec']['rules']>[number];
type HttpPath = NonNullable<Rule['http']>['paths'][number];
type Backend = NonNullable<Ingress['spec']['defaultBackend']>;

const at = path('spec');

export function validateIngress({ spec }: Ingress): FieldError[] {
  const { rules, tls = [], defaultBackend, ingressClassName } = spec;
  return [
    ...((rules ?? []).length === 0 && defaultBackend === undefined
      ? [invalid(at, asGiven(spec, 'rules') ?? null, 'either `defaultBackend` or `rules` must be specified')]
      : []),
    ...(defaultBackend === undefined ? [] : backendErrors(defaultBackend, at.child('defaultBackend'))),
    ...(rules ?? []).flatMap((rule, index) => ruleErrors(rule, at.child('rules').index(index))),
    ...tls.flatMap((one, index) => tlsErrors(one, at.child('tls').index(index))),
    ...(ingressClassName === undefined ? [] : checked(at.child('ingressClassName'), ingressClassName, dns1123SubdomainFaults)),
  ];
}

const classAnnotation = 'kubernetes.io/ingress.class';

export function ingressWarnings({ metadata, spec }: Ingress, old: Ingress | undefined): string[] {
  if (old !== undefined || metadata.annotations?.[classAnnotation] === undefined || spec.ingressClassName !== undefined) return [];
  return [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`];
}

/** What a new Ingress must besides: the old annotation may not say another class. */
export function validateNewIngress(ingress: Ingress): FieldError[] {
  const { ingressClassName } = ingress.spec;
  const annotated = ingress.metadata.annotations?.[classAnnotation];
  const faults = validateIngress(ingress);
  if (annotated === undefined || ingressClassName === undefined || annotated === ingressClassName) return faults;
  return [
    ...faults,
    invalid(path('annotations').child(classAnnotation), annotated, 'must match `ingressClassName` when both are specified'),
  ];
}

export function validateIngressStatus({ status }: Ingress, old: Ingress): FieldError[] {
  const known = (old.status.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? '').filter((ip) => ip !== '');
  return (status.loadBalancer?.ingress ?? []).flatMap(({ ip = '', hostname = '' }, index) => {
    const own = path('status', 'loadBalancer', 'ingress').index(index);
    const isAddress = hostname !== '' && parseAddress(hostname) !== undefined;
    return [
      ...(ip === '' ? [] : legacyAddressFaults(own.child('ip'), ip, known)),
      ...(hostname === '' ? [] : checked(own.child('hostname'), hostname, dns1123SubdomainFaults)),
      ...(isAddress ? [invalid(own.child('hostname'), hostname, 'must be a DNS name, not an IP address')] : []),
    ];
  });
}

function tlsErrors({ hosts = [], secretName = '' }: NonNullable<Ingress['spec']['tls']>[number], field: Path): FieldError[] {
  return [
    ...hosts.flatMap((host, position) => hostErrors(host, field.child('hosts').index(position))),
    ...(secretName === '' ? [] : checked(field.child('secretName'), secretName, dns1123SubdomainFaults)),
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
  const given = (pathType as string | null | undefined) ?? undefined;
  if (given === undefined) return [required(field.child('pathType'), 'pathType must be specified')];
  const faults: FieldError[] = [];
  const own = field.child('path');
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!value.startsWith('/')) faults.push(invalid(own, value, 'must be an absolute path'));
    for (const wrong of ['//', '/./', '/../', '%2f', '%2F'])
      if (value.includes(wrong)) faults.push(invalid(own, value, `must not contain '${wrong}'`));
    for (const wrong of ['/..', '/.']) if (value.endsWith(wrong)) faults.push(invalid(own, value, `cannot end with '${wrong}'`));
  } else if (pathType === 'ImplementationSpecific') {
    if (value !== '' && !value.startsWith('/')) faults.push(invalid(own, value, 'must be an absolute path'));
  } else faults.push(notSupported(field.child('pathType'), given, ['Exact', 'ImplementationSpecific', 'Prefix']));
  return [...faults, ...backendErrors(backend, field.child('backend'))];
}

function backendErrors({ service, resource }: Backend, field: Path): FieldError[] {
  if (service !== undefined && resource !== undefined) return [invalid(field, '', 'cannot set both resource and service backends')];
  if (resource !== undefined) {
    return objectReferenceErrors(resource, field.child('resource'));
  }
  if (service === undefined) return [invalid(field, '', 'resource or service backend is required')];
  const { name, port: { name: portName = '', number: portNumber = 0 } = {} } = service;
  const own = field.child('service');
  const port = own.child('port');
  const faults = name === '' ? [required(own.child('name'))] : checked(own.child('name'), name, dns1123LabelFaults);
  if (portName !== '' && portNumber !== 0) faults.push(invalid(field, '', 'cannot set both port name & port number'));
  else if (portName !== '') faults.push(...checked(port.child('name'), portName, portNameFaults));
  else if (portNumber !== 0) faults.push(...portNumberFaults(portNumber).map((fault) => invalid(port.child('number'), portNumber, fault)));
  else faults.push(required(field, 'port name or number is required'));
  return faults;
}
