/** ValidateService* of pkg/apis/core/validation/validation.go. */
import type { Service, ServicePort } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { legacyAddressFaults, legacyCidrFaults } from '../../../api/ip.ts';
import { familyOf } from '../../shared/ip.ts';
import { endpointAddressErrors } from '../../shared/endpoint-address.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults, portNumberFaults, qualifiedNameFaults } from '../../../api/names.ts';
import { checked, labelsErrors, portOrNameErrors } from '../../shared/names.ts';
import { externallyAccessible, headless, needsHealthCheckPort, type Spec } from './families.ts';

const at = path('spec');
const trafficPolicies = ['Cluster', 'Local'];

const oneOf = (field: Path, value: string | undefined, supported: readonly string[]): FieldError[] =>
  (value ?? '') === '' ? [required(field)] : supported.includes(value ?? '') ? [] : [notSupported(field, value, supported)];

export function validateService({ spec, metadata }: Service, old: Service | undefined): FieldError[] {
  return [
    ...annotationErrors(metadata.annotations ?? {}),
    ...typeErrors(spec),
    ...(spec.ports ?? []).flatMap((port, index, all) => portErrors(port, at.child('ports').index(index), all)),
    ...labelsErrors(at.child('selector'), spec.selector),
    ...affinityErrors(spec),
    ...clusterIPErrors(spec, old?.spec),
    ...(spec.externalIPs ?? []).flatMap((address, index) => externalIPErrors(address, index, old?.spec)),
    ...oneOf(at.child('type'), spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']),
    ...nodePortErrors(spec),
    ...duplicatePorts(spec),
    ...loadBalancerErrors(spec, old?.spec),
    ...trafficErrors(spec),
  ];
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const { spec } = service;
  return [
    ...changedAddresses(spec, old.spec),
    ...changedFamilies(spec, old.spec),
    ...(spec.type === 'LoadBalancer' && old.spec.type === 'LoadBalancer' && spec.loadBalancerClass !== old.spec.loadBalancerClass
      ? [invalid(at.child('loadBalancerClass'), spec.loadBalancerClass, 'may not change once set')]
      : []),
    // Upstream looks at it here and with all the rest.
    ...loadBalancerClassErrors(spec),
    ...(needsHealthCheckPort(spec) && needsHealthCheckPort(old.spec) && spec.healthCheckNodePort !== old.spec.healthCheckNodePort
      ? [forbiddenField(at.child('healthCheckNodePort'), 'field is immutable')]
      : []),
    ...validateService(service, old),
  ];
}

function annotationErrors(annotations: Readonly<Record<string, string>>): FieldError[] {
  const mode = annotations['service.kubernetes.io/topology-mode'];
  const hints = annotations['service.kubernetes.io/topology-aware-hints'];
  if (mode === undefined || hints === undefined || mode === hints) return [];
  const field = path('metadata', 'annotations').key('service.kubernetes.io/topology-mode');
  return [invalid(field, mode, 'must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified')];
}

function typeErrors(spec: Spec): FieldError[] {
  const faults: FieldError[] = [];
  if ((spec.ports ?? []).length === 0 && !headless(spec) && spec.type !== 'ExternalName') faults.push(required(at.child('ports')));
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && headless(spec)) {
    faults.push(invalid(at.child('clusterIPs').index(0), 'None', `may not be set to 'None' for ${spec.type} services`));
  }
  if (spec.type !== 'ExternalName') return faults;
  const unset = (field: string, is: boolean): FieldError[] =>
    is ? [forbiddenField(at.child(field), 'may not be set for ExternalName services')] : [];
  faults.push(
    ...unset('clusterIPs', (spec.clusterIPs ?? []).length > 0),
    ...unset('ipFamilies', (spec.ipFamilies ?? []).length > 0),
    ...unset('ipFamilyPolicy', spec.ipFamilyPolicy !== undefined),
  );
  const target = (spec.externalName ?? '').replace(/\.$/, '');
  return [
    ...faults,
    ...(target === '' ? [required(at.child('externalName'))] : checked(at.child('externalName'), target, dns1123SubdomainFaults)),
  ];
}

function portErrors(port: ServicePort, field: Path, all: readonly ServicePort[]): FieldError[] {
  const named = (port.name ?? '') !== '';
  const isTaken = named && all.findIndex((other) => other.name === port.name) < all.indexOf(port);
  return [
    ...(named ? checked(field.child('name'), port.name ?? '', dns1123LabelFaults) : all.length > 1 ? [required(field.child('name'))] : []),
    ...(isTaken ? [duplicate(field.child('name'), port.name)] : []),
    ...portNumberFaults(port.port).map((fault) => invalid(field.child('port'), port.port, fault)),
    ...oneOf(field.child('protocol'), port.protocol, ['SCTP', 'TCP', 'UDP']),
    ...portOrNameErrors(field.child('targetPort'), port.targetPort),
    ...(port.appProtocol === undefined ? [] : checked(field.child('appProtocol'), port.appProtocol, qualifiedNameFaults)),
  ];
}

/** First all node ports, then all ports. */
function duplicatePorts({ ports = [] }: Spec): FieldError[] {
  const again = (same: (a: ServicePort, b: ServicePort) => boolean): [ServicePort, Path][] =>
    ports.flatMap((port, index): [ServicePort, Path][] =>
      ports.findIndex((other) => same(other, port)) < index ? [[port, at.child('ports').index(index)]] : [],
    );
  const nodePorts = again((a, b) => a.protocol === b.protocol && a.nodePort === b.nodePort);
  return [
    ...nodePorts.flatMap(([{ nodePort = 0 }, field]) => (nodePort === 0 ? [] : [duplicate(field.child('nodePort'), nodePort)])),
    ...again((a, b) => a.protocol === b.protocol && a.port === b.port).map(([{ port, protocol }, field]) =>
      duplicate(field, internalForm('core.ServicePort', { port, protocol })),
    ),
  ];
}

function affinityErrors({ sessionAffinity, sessionAffinityConfig }: Spec): FieldError[] {
  const field = at.child('sessionAffinityConfig');
  const faults = oneOf(at.child('sessionAffinity'), sessionAffinity, ['ClientIP', 'None']);
  if (sessionAffinity !== 'ClientIP') return faults;
  const timeout = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 0;
  const range = 'must be greater than 0 and less than 86400';
  return [...faults, ...(timeout <= 0 || timeout > 86_400 ? [invalid(field.child('clientIP', 'timeoutSeconds'), timeout, range)] : [])];
}

/** ValidateServiceClusterIPsRelatedFields. */
export function clusterIPErrors(spec: Spec, old: Spec | undefined): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const field = at.child('clusterIPs');
  const { clusterIP = '', clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  const faults: FieldError[] = [];
  if (clusterIP !== '' && clusterIPs.length === 0) faults.push(required(field));
  else if (clusterIP !== '' && clusterIPs[0] !== clusterIP) faults.push(invalid(field, clusterIPs, 'first value must match `clusterIP`'));
  else if (clusterIP === '' && clusterIPs.length !== 0)
    faults.push(invalid(field, clusterIPs, 'must be empty when `clusterIP` is not specified'));
  for (const [index, family] of ipFamilies.entries()) {
    const own = at.child('ipFamilies').index(index);
    if (family !== 'IPv4' && family !== 'IPv6') faults.push(notSupported(own, family, ['IPv4', 'IPv6']));
    if (ipFamilies.indexOf(family) < index) faults.push(duplicate(own, family));
  }
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
  if (ipFamilyPolicy !== undefined && !policies.includes(ipFamilyPolicy))
    faults.push(notSupported(at.child('ipFamilyPolicy'), ipFamilyPolicy, policies));
  const wrong = clusterIPs.flatMap((address, index) => {
    if (index === 0 && address === 'None')
      return clusterIPs.length > 1 ? [invalid(field, clusterIPs, "'None' must be the first and only value")] : [];
    return legacyAddressFaults(field.index(index), address, old?.clusterIPs);
  });
  faults.push(...wrong);
  if (clusterIPs.length > 2) faults.push(invalid(field, clusterIPs, 'may only hold up to 2 values'));
  if (wrong.length > 0) return faults;
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(familyOf)).size < clusterIPs.length) {
    faults.push(invalid(field, clusterIPs, 'may specify no more than one IP for each IP family'));
  }
  if (headless(spec)) return faults;
  for (const [index, address] of clusterIPs.entries()) {
    const family = ipFamilies[index];
    if ((family !== 'IPv4' && family !== 'IPv6') || familyOf(address) === family) continue;
    faults.push(invalid(field.index(index), address, `expected an ${family} value as indicated by \`ipFamilies[${String(index)}]\``));
  }
  return faults;
}

function externalIPErrors(address: string, index: number, old: Spec | undefined): FieldError[] {
  const field = at.child('externalIPs').index(index);
  const faults = legacyAddressFaults(field, address, old?.externalIPs);
  return faults.length > 0 ? faults : endpointAddressErrors(field, address);
}

function nodePortErrors({ type, ports = [] }: Spec): FieldError[] {
  if (type !== 'ClusterIP') return [];
  return ports.flatMap((port, index) =>
    (port.nodePort ?? 0) === 0
      ? []
      : [forbiddenField(at.child('ports').index(index).child('nodePort'), "may not be used when `type` is 'ClusterIP'")],
  );
}

function loadBalancerErrors(spec: Spec, old: Spec | undefined): FieldError[] {
  const only = "may only be used when `type` is 'LoadBalancer'";
  const balanced = spec.type === 'LoadBalancer';
  const ranges = at.child('LoadBalancerSourceRanges');
  const { loadBalancerSourceRanges = [] } = spec;
  return [
    ...(loadBalancerSourceRanges.length > 0 && !balanced ? [forbiddenField(ranges, only)] : []),
    ...loadBalancerSourceRanges.flatMap((range, index) =>
      legacyCidrFaults(ranges.index(index), range.trim(), old?.loadBalancerSourceRanges),
    ),
    ...(spec.allocateLoadBalancerNodePorts !== undefined && !balanced
      ? [forbiddenField(at.child('allocateLoadBalancerNodePorts'), only)]
      : []),
    ...(balanced && spec.allocateLoadBalancerNodePorts === undefined ? [required(path('allocateLoadBalancerNodePorts'))] : []),
    ...loadBalancerClassErrors(spec),
  ];
}

function loadBalancerClassErrors({ type, loadBalancerClass }: Spec): FieldError[] {
  const field = at.child('loadBalancerClass');
  if (loadBalancerClass === undefined) return [];
  if (type === 'LoadBalancer') return checked(field, loadBalancerClass, qualifiedNameFaults);
  return [forbiddenField(field, "may only be used when `type` is 'LoadBalancer'")];
}

function trafficErrors(spec: Spec): FieldError[] {
  const faults: FieldError[] = [];
  const external = at.child('externalTrafficPolicy');
  if (externallyAccessible(spec)) faults.push(...oneOf(external, spec.externalTrafficPolicy, ['Cluster', 'Local']));
  else if ((spec.externalTrafficPolicy ?? '') !== '') {
    faults.push(invalid(external, spec.externalTrafficPolicy, 'may only be set for externally-accessible services'));
  }
  const healthPort = at.child('healthCheckNodePort');
  const port = spec.healthCheckNodePort ?? 0;
  if (!needsHealthCheckPort(spec) && port !== 0) {
    faults.push(invalid(healthPort, port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"));
  }
  if (needsHealthCheckPort(spec) && port === 0) faults.push(required(healthPort));
  else if (needsHealthCheckPort(spec)) faults.push(...portNumberFaults(port).map((fault) => invalid(healthPort, port, fault)));
  const { internalTrafficPolicy, trafficDistribution } = spec;
  if (internalTrafficPolicy !== undefined && !trafficPolicies.includes(internalTrafficPolicy))
    faults.push(notSupported(at.child('internalTrafficPolicy'), internalTrafficPolicy, trafficPolicies));
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution)) {
    faults.push(notSupported(at.child('trafficDistribution'), trafficDistribution, distributions));
  }
  return faults;
}

/** validateUpgradeDowngradeClusterIPs. */
function changedAddresses(spec: Spec, old: Spec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || (headless(spec) && headless(old))) return [];
  const [now, before] = [spec.clusterIPs ?? [], old.clusterIPs ?? []];
  const field = at.child('clusterIPs');
  if (now.length === before.length) {
    return before.flatMap((address, index) =>
      address === now[index] ? [] : [invalid(field.index(index), now, 'may not change once set')],
    );
  }
  const faults =
    before.length > 0 && now.length > 0 && now[0] !== before[0] ? [invalid(field.index(0), now, 'may not change once set')] : [];
  if (before.length > now.length) {
    if (now.length === 0) faults.push(invalid(field.index(0), spec.clusterIPs, 'primary clusterIP can not be unset'));
    if (now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
      faults.push(
        invalid(at.child('ipFamilyPolicy'), spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP"),
      );
    }
  }
  return faults;
}

/** validateUpgradeDowngradeIPFamilies. */
function changedFamilies(spec: Spec, old: Spec): FieldError[] {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || headless(spec) || headless(old)) return [];
  const [now, before] = [spec.ipFamilies ?? [], old.ipFamilies ?? []];
  const field = at.child('ipFamilies').index(0);
  if (now.length === before.length)
    return before.flatMap((family, index) => (family === now[index] ? [] : [invalid(field, now, 'may not change once set')]));
  const faults =
    before.length > 0 && now.length > 0 && now[0] !== before[0] ? [invalid(field, spec.clusterIPs ?? [], 'may not change once set')] : [];
  if (before.length > now.length && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    faults.push(
      invalid(at.child('ipFamilyPolicy'), spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily"),
    );
  }
  return faults;
}
