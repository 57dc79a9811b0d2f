/** ValidatePodSpec of pkg/apis/core/validation/validation.go: everything about a pod that concerns it as a whole. */
import type { PodSpec } from '../../../api/generated/types.ts';
import { duplicate, forbiddenField, invalid, notSupported, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { legacyAddressFaults } from '../../../api/ip.ts';
import {
  dns1123LabelFaults,
  dns1123SubdomainFaults,
  dns1123SubdomainWithUnderscoreFaults,
  qualifiedNameFaults,
} from '../../../api/names.ts';
import { checked, labelsErrors } from '../names.ts';
import { affinityErrors, spreadErrors, tolerationErrors } from './validate-scheduling.ts';
import { containersErrors, ephemeralContainersErrors, imageSpaceErrors, initContainersErrors } from './validate-containers.ts';
import { fileVolumeErrors, hostnameOverrideErrors, hostUsersErrors } from './validate-host.ts';
import { hostProcessErrors, osErrors } from './validate-os.ts';
import { podClaimErrors } from './validate-pod-claims.ts';
import { podResourceErrors } from './validate-pod-resources.ts';
import { resourceErrors } from './validate-resources.ts';
import { podSecurityErrors } from './validate-security.ts';
import { volumesErrors } from './validate-volumes.ts';

const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const longestSearches = 2048;
const maxInt32 = 2 ** 31 - 1;

/** Faults come in upstream's order: clients show them so. `podName` is the pod's own, where the spec is one's. */
export function validatePodSpec(spec: PodSpec, at: Path, podName?: string): FieldError[] {
  const faults: FieldError[] = [];
  const volumes = volumesErrors(spec.volumes, at.child('volumes'), { faults, podName });
  const claims = new Set((spec.resourceClaims ?? []).map(({ name }) => name).filter((name) => name !== ''));
  if (spec.resourceClaims !== undefined) faults.push(...podClaimErrors(spec.resourceClaims, at.child('resourceClaims')));
  const around = { volumes, claims, spec, faults };
  containersErrors(spec.containers, at.child('containers'), around);
  if (spec.initContainers !== undefined) initContainersErrors(spec.initContainers, at.child('initContainers'), around);
  if (spec.ephemeralContainers !== undefined) ephemeralContainersErrors(spec.ephemeralContainers, at.child('ephemeralContainers'), around);
  faults.push(...podResourceErrors(spec, at, claims));
  if (spec.hostNetwork === true) hostNetworkErrors(spec, at, faults);
  choice(at.child('restartPolicy'), spec.restartPolicy, restartPolicies, faults);
  choice(at.child('dnsPolicy'), spec.dnsPolicy, dnsPolicies, faults);
  if (spec.nodeSelector !== undefined) faults.push(...labelsErrors(at.child('nodeSelector'), spec.nodeSelector));
  podSecurityErrors(spec, at, faults);
  if (spec.affinity !== undefined) affinityErrors(spec.affinity, at.child('affinity'), faults);
  dnsErrors(spec, at, faults);
  gatesErrors(spec, at, faults);
  if (spec.topologySpreadConstraints !== undefined)
    spreadErrors(spec.topologySpreadConstraints, at.child('topologySpreadConstraints'), faults);
  faults.push(...hostProcessErrors(spec, at), ...hostUsersErrors(spec, at), ...hostnameOverrideErrors(spec, at));
  namesErrors(spec, at, faults);
  faults.push(...osErrors(spec, at), ...fileVolumeErrors(spec, at));
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
  if (spec.tolerations !== undefined) tolerationErrors(spec.tolerations, at.child('tolerations'), faults);
  hostAliasErrors(spec, at, faults);
  named('priorityClassName', spec.priorityClassName, dns1123SubdomainFaults);
  if (spec.runtimeClassName !== undefined)
    faults.push(...checked(at.child('runtimeClassName'), spec.runtimeClassName, dns1123SubdomainFaults));
  if (preemptionPolicy !== undefined) choice(at.child('preemptionPolicy'), preemptionPolicy, ['PreemptLowerPriority', 'Never'], faults);
  if (spec.overhead !== undefined) resourceErrors({ limits: spec.overhead }, at.child('overhead'), { claims: new Set(), faults });
}

function hostAliasErrors({ hostAliases = [] }: PodSpec, at: Path, faults: FieldError[]): void {
  for (const [index, { ip, hostnames = [] }] of hostAliases.entries()) {
    const field = at.child('hostAliases').index(index);
    faults.push(...legacyAddressFaults(field.child('ip'), ip));
    for (const [place, hostname] of hostnames.entries())
      faults.push(...checked(field.child('hostnames').index(place), hostname, dns1123SubdomainFaults));
  }
}

/** Conditions that count for readiness, and what keeps the pod from being scheduled. */
function gatesErrors(spec: PodSpec, at: Path, faults: FieldError[]): void {
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    faults.push(...checked(at.child('readinessGates').index(index).child('conditionType'), conditionType, qualifiedNameFaults));
  }
  const gates = spec.schedulingGates ?? [];
  for (const [index, { name }] of gates.entries()) {
    const field = at.child('schedulingGates').index(index);
    faults.push(...checked(field, name, qualifiedNameFaults));
    if (gates.findIndex((other) => other.name === name) < index) faults.push(duplicate(field, name));
  }
}

/** validatePodDNSConfig. */
function dnsErrors({ dnsPolicy, dnsConfig }: PodSpec, at: Path, faults: FieldError[]): void {
  const field = at.child('dnsConfig');
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) return void faults.push(required(field, 'must provide `dnsConfig` when `dnsPolicy` is None'));
    if ((dnsConfig.nameservers ?? []).length === 0)
      return void faults.push(required(field.child('nameservers'), 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  if (nameservers.length > 3) faults.push(invalid(field.child('nameservers'), nameservers, 'must not have more than 3 nameservers'));
  for (const [index, server] of nameservers.entries()) faults.push(...legacyAddressFaults(field.child('nameservers').index(index), server));
  if (searches.length > 32) faults.push(invalid(field.child('searches'), searches, 'must not have more than 32 search paths'));
  if (Buffer.byteLength(searches.join(' ')) > longestSearches) {
    const why = `must not have more than ${String(longestSearches)} characters (including spaces) in the search list`;
    faults.push(invalid(field.child('searches'), searches, why));
  }
  for (const [index, search] of searches.entries()) {
    if (search !== '.')
      faults.push(...checked(field.child('searches').index(index), search.replace(/\.$/, ''), dns1123SubdomainWithUnderscoreFaults));
  }
  for (const [index, option] of options.entries()) {
    if ((option.name ?? '') === '') faults.push(required(field.child('options').index(index), 'must not be empty'));
  }
}

function tokenErrors(spec: PodSpec, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, { projected }] of ((spec.serviceAccountName ?? '') === '' ? (spec.volumes ?? []) : []).entries()) {
    for (const [place, { serviceAccountToken }] of (projected?.sources ?? []).entries()) {
      if (serviceAccountToken === undefined) continue;
      const own = at.child('volumes').index(index).child('projected', 'sources').index(place).child('serviceAccountToken');
      faults.push(forbiddenField(own, 'must not be specified when serviceAccountName is not set'));
    }
  }
  return faults;
}

/** The rules that hold for pods but not for templates of them. */
export function onlyForPods(spec: PodSpec, at: Path): FieldError[] {
  const faults = tokenErrors(spec, at);
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[field] ?? []).entries())
      faults.push(...imageSpaceErrors(container, at.child(field).index(index)));
  }
  return faults;
}
