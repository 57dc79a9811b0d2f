/** What a Service's load balancer may report (ValidateLoadBalancerStatus), and what its users are warned of (pkg/api/service/warnings.go). */
import type { Service } from '../../../api/generated/types.ts';
import { type FieldError, forbiddenField, invalid, notSupported, path, type Path, required } from '../../../api/field-errors.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { addressWarnings, cidrWarnings, legacyAddressFaults, parseAddress } from '../../../api/ip.ts';

type Ingress = NonNullable<NonNullable<NonNullable<Service['status']>['loadBalancer']>['ingress']>[number];

const ipModes = ['Proxy', 'VIP'];

export function validateServiceStatus({ spec, status }: Service, old: Service): FieldError[] {
  const at = path('status', 'loadBalancer', 'ingress');
  const list = status.loadBalancer?.ingress ?? [];
  if (spec.type !== 'LoadBalancer' && list.length > 0) return [forbiddenField(at, "may only be used when `spec.type` is 'LoadBalancer'")];
  const before = (old.status.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip);
  return list.flatMap((ingress, index) => ingressErrors(ingress, before, at.index(index)));
}

function ingressErrors({ ip = '', ipMode, hostname = '' }: Ingress, before: readonly string[], at: Path): FieldError[] {
  const faults: FieldError[] = [];
  if (ip !== '') faults.push(...legacyAddressFaults(at.child('ip'), ip, before));
  const mode = at.child('ipMode');
  if (ipMode === undefined) {
    if (ip !== '') faults.push(required(mode, 'must be specified when `ip` is set'));
  } else if (ip === '') faults.push(forbiddenField(mode, 'may not be specified when `ip` is not set'));
  else if (!ipModes.includes(ipMode)) faults.push(notSupported(mode, ipMode, ipModes));
  if (hostname === '') return faults;
  faults.push(...dns1123SubdomainFaults(hostname).map((fault) => invalid(at.child('hostname'), hostname, fault)));
  if (parseAddress(hostname) !== undefined) faults.push(invalid(at.child('hostname'), hostname, 'must be a DNS name, not an IP address'));
  return faults;
}

export function serviceWarnings({ metadata, spec }: Service): string[] {
  const warnings: string[] = [];
  const hints = 'service.kubernetes.io/topology-aware-hints';
  if (metadata.annotations?.[hints] !== undefined)
    warnings.push(`annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`);
  const at = path('spec');
  const addresses = (field: string, list: readonly string[] | undefined): string[] =>
    (list ?? []).flatMap((ip, index) => addressWarnings(at.child(field).index(index), ip));
  if ((spec.clusterIP ?? '') !== '' && spec.clusterIP !== 'None') warnings.push(...addresses('clusterIPs', spec.clusterIPs));
  const external = (spec.externalIPs ?? []).length > 0;
  const headless = spec.type === 'ClusterIP' && spec.clusterIP === 'None';
  if (headless) {
    if ((spec.loadBalancerIP ?? '') !== '') warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (external) warnings.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  warnings.push(...addresses('externalIPs', spec.externalIPs));
  const elsewhere = spec.type === 'ExternalName';
  if (external && !headless && !elsewhere)
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  warnings.push(...addressWarnings(at.child('loadBalancerIP'), spec.loadBalancerIP ?? ''));
  for (const [index, cidr] of (spec.loadBalancerSourceRanges ?? []).entries())
    warnings.push(...cidrWarnings(at.child('loadBalancerSourceRanges').index(index), cidr));
  if (elsewhere && external) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (!elsewhere && (spec.externalName ?? '') !== '') warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}
