/** ValidatePodSpec of pkg/apis/core/validation/validation.go: everything about a pod that concerns it as a whole. */
import type { PodSpec } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { addressFaults } from '../../../api/ip.ts';
import {
  dns1123LabelFaults,
  dns1123SubdomainFaults,
  dns1123SubdomainWithUnderscoreFaults,
  qualifiedNameFaults,
} from '../../../api/names.ts';
import { checked, labelsErrors } from '../names.ts';
import { affinityErrors, spreadErrors, tolerationErrors } from './validate-scheduling.ts';
import { containersErrors, ephemeralContainersErrors, initContainersErrors } from './validate-containers.ts';
import { fileVolumeErrors, hostnameOverrideErrors, hostUsersErrors } from './validate-host.ts';
import { podSecurityErrors } from './validate-security.ts';
import { volumesErrors } from './validate-volumes.ts';

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const maxInt32 = 2 ** 31 - 1;

export function validatePodSpec(spec: PodSpec, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  const volumes = volumesErrors(spec.volumes, at.child('volumes'), faults);
  const around = { volumes, claims: new Set((spec.resourceClaims ?? []).map((claim) => claim.name)), spec, faults };
  containersErrors(spec.containers, at.child('containers'), around);
  if (spec.initContainers !== undefined) initContainersErrors(spec.initContainers, at.child('initContainers'), around);
  if (spec.ephemeralContainers !== undefined) ephemeralContainersErrors(spec.ephemeralContainers, at.child('ephemeralContainers'), around);
  if (spec.hostNetwork === true) hostNetworkErrors(spec, at, faults);
  choice(at.child('restartPolicy'), spec.restartPolicy, restartPolicies, faults);
  choice(at.child('dnsPolicy'), spec.dnsPolicy, dnsPolicies, faults);
  if (spec.nodeSelector !== undefined) faults.push(...labelsErrors(at.child('nodeSelector'), spec.nodeSelector));
  podSecurityErrors(spec, at, faults);
  if (spec.affinity !== undefined) affinityErrors(spec.affinity, at.child('affinity'), faults);
  if (spec.tolerations !== undefined) tolerationErrors(spec.tolerations, at.child('tolerations'), faults);
  if (spec.topologySpreadConstraints !== undefined)
    spreadErrors(spec.topologySpreadConstraints, at.child('topologySpreadConstraints'), faults);
  dnsErrors(spec, at, faults);
  faults.push(...hostUsersErrors(spec, at), ...hostnameOverrideErrors(spec, at));
  namesErrors(spec, at, faults);
  listsErrors(spec, at, faults);
  faults.push(...fileVolumeErrors(spec, at));
  return faults;
}

function choice(at: Path, value: string | undefined, supported: readonly string[], faults: FieldError[]): void {
  if (value === undefined || value === '') faults.push(required(at));
  else if (!supported.includes(value)) faults.push(notSupported(at, value, supported));
}

function hostNetworkErrors({ containers }: PodSpec, at: Path, faults: FieldError[]): void {
  for (const [index, { ports = [] }] of containers.entries()) {
    for (const [position, port] of ports.entries()) {
      if ((port.hostPort ?? 0) === 0 || port.hostPort === port.containerPort) continue;
      const field = at.child('containers').index(index).child('ports').index(position).child('hostPort');
      faults.push(invalid(field, port.hostPort, 'must match `containerPort` when `hostNetwork` is true'));
    }
  }
}

/** Single names and numbers. */
function namesErrors(spec: PodSpec, at: Path, faults: FieldError[]): void {
  const named = (field: string, value: string | undefined, rule: (value: string) => string[]): void => {
    if (value !== undefined && value !== '') faults.push(...checked(at.child(field), value, rule));
  };
  named('serviceAccountName', spec.serviceAccountName, dns1123SubdomainFaults);
  named('nodeName', spec.nodeName, dns1123SubdomainFaults);
  const { activeDeadlineSeconds, preemptionPolicy } = spec;
  if (activeDeadlineSeconds !== undefined && (activeDeadlineSeconds < 1 || activeDeadlineSeconds > maxInt32)) {
    faults.push(invalid(at.child('activeDeadlineSeconds'), activeDeadlineSeconds, `must be between 1 and ${String(maxInt32)}, inclusive`));
  }
  named('hostname', spec.hostname, dns1123LabelFaults);
  named('subdomain', spec.subdomain, dns1123LabelFaults);
  named('priorityClassName', spec.priorityClassName, dns1123SubdomainFaults);
  named('runtimeClassName', spec.runtimeClassName, dns1123SubdomainFaults);
  if (preemptionPolicy !== undefined) choice(at.child('preemptionPolicy'), preemptionPolicy, ['PreemptLowerPriority', 'Never'], faults);
  if (spec.os !== undefined) choice(at.child('os', 'name'), spec.os.name, ['linux', 'windows'], faults);
}

function listsErrors(spec: PodSpec, at: Path, faults: FieldError[]): void {
  for (const [index, { name }] of (spec.imagePullSecrets ?? []).entries()) {
    if ((name ?? '') === '') faults.push(required(at.child('imagePullSecrets').index(index).child('name')));
  }
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    faults.push(...checked(at.child('readinessGates').index(index).child('conditionType'), conditionType, qualifiedNameFaults));
  }
  const gates = spec.schedulingGates ?? [];
  for (const [index, { name }] of gates.entries()) {
    const field = at.child('schedulingGates').index(index);
    faults.push(...checked(field, name, qualifiedNameFaults));
    if (gates.findIndex((other) => other.name === name) < index) faults.push(duplicate(field, name));
  }
  for (const [index, { ip, hostnames = [] }] of (spec.hostAliases ?? []).entries()) {
    const field = at.child('hostAliases').index(index);
    faults.push(...addressFaults(field.child('ip'), ip));
    for (const hostname of hostnames) faults.push(...checked(field.child('hostnames'), hostname, dns1123SubdomainFaults));
  }
}

/** validatePodDNSConfig. */
function dnsErrors({ dnsPolicy, dnsConfig }: PodSpec, at: Path, faults: FieldError[]): void {
  const field = at.child('dnsConfig');
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) return void faults.push(required(field, 'must provide `dnsConfig` when `dnsPolicy` is None'));
    if ((dnsConfig.nameservers ?? []).length === 0)
      faults.push(required(field.child('nameservers'), 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  if (nameservers.length > 3) faults.push(invalid(field.child('nameservers'), nameservers, 'must not have more than 3 nameservers'));
  for (const [index, server] of nameservers.entries()) faults.push(...addressFaults(field.child('nameservers').index(index), server));
  if (searches.length > 32) faults.push(invalid(field.child('searches'), searches, 'must not have more than 32 search paths'));
  for (const [index, search] of searches.entries()) {
    if (search !== '.')
      faults.push(...checked(field.child('searches').index(index), search.replace(/\.$/, ''), dns1123SubdomainWithUnderscoreFaults));
  }
  for (const [index, option] of options.entries()) {
    if ((option.name ?? '') === '') faults.push(required(field.child('options').index(index), 'must not be empty'));
  }
}

/** The rules that hold for pods but not for templates of them. */
export function onlyForPods(spec: PodSpec, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [index, { image = '' }] of (spec[field] ?? []).entries()) {
      if (image !== '' && image !== image.trim())
        faults.push(invalid(at.child(field).index(index).child('image'), image, 'must not have leading or trailing whitespace'));
    }
  }
  if ((spec.schedulingGates ?? []).length > 0 && (spec.nodeName ?? '') !== '') {
    faults.push(forbiddenField(at.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'));
  }
  return faults;
}
