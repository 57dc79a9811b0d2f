/**
 * The inter-related fields clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy of a Service: what is filled in from what, and
 * what an update may leave out. pkg/registry/core/service/{strategy.go,storage/storage.go,storage/alloc.go}.
 */
import { semanticEqual } from '../../../api/json.ts';
import type { Service } from '../../../api/generated/types.ts';
import { invalid, path, type FieldError } from '../../../api/field-errors.ts';
import { familyOf, type Family } from '../../shared/ip.ts';

export type Spec = Service['spec'];

export const headless = ({ clusterIPs }: Spec): boolean => clusterIPs?.length === 1 && clusterIPs[0] === 'None';
export const needsClusterIP = ({ type }: Spec): boolean => type !== 'ExternalName';
/** Its ports may have node ports. */
export const hasNodePorts = ({ type }: Spec): boolean => type === 'NodePort' || type === 'LoadBalancer';
/** They are given some. */
export const needsNodePort = ({ type, allocateLoadBalancerNodePorts }: Spec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
export const needsHealthCheckPort = ({ type, externalTrafficPolicy }: Spec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
export const externallyAccessible = ({ type, externalIPs }: Spec): boolean =>
  type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs ?? []).length > 0);

/** Keeps the singular and the plural of clusterIP together, whichever of them the client changed. */
export function normalizeClusterIPs(spec: Spec, old: Spec | undefined): void {
  const single = spec.clusterIP ?? '';
  if (old === undefined) {
    if (single !== '' && (spec.clusterIPs ?? []).length === 0) spec.clusterIPs = [single];
    return;
  }
  const oldSingle = old.clusterIP ?? '';
  const sameSingle = single === oldSingle;
  const samePlural = semanticEqual(spec.clusterIPs ?? [], old.clusterIPs ?? []);
  if (single === '' && oldSingle !== '' && samePlural) delete spec.clusterIPs;
  else if (single !== '' && oldSingle !== single && samePlural) spec.clusterIPs = [single];
  else if (sameSingle && !samePlural && (spec.clusterIPs ?? []).length === 0 && single !== '') delete spec.clusterIP;
}

/** What was given out before and the client left out of its update stays. */
export function keepAllocated(spec: Spec, old: Spec): void {
  if (needsClusterIP(old) && needsClusterIP(spec)) {
    if ((spec.clusterIP ?? '') === '' && old.clusterIP !== undefined) spec.clusterIP = old.clusterIP;
    if ((spec.clusterIPs ?? []).length === 0 && old.clusterIPs !== undefined) spec.clusterIPs = [...old.clusterIPs];
  }
  if (needsNodePort(old) && needsNodePort(spec)) keepNodePorts(spec, old);
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec) && old.healthCheckNodePort !== undefined)
    spec.healthCheckNodePort ||= old.healthCheckNodePort;
}

function keepNodePorts(spec: Spec, old: Spec): void {
  const still = new Set((spec.ports ?? []).map((port) => port.nodePort ?? 0));
  const before = new Map((old.ports ?? []).map((port) => [port.name ?? '', port.nodePort]));
  for (const port of spec.ports ?? []) {
    const value = before.get(port.name ?? '');
    if ((port.nodePort ?? 0) === 0 && value !== undefined && value !== 0 && !still.has(value)) port.nodePort = value;
  }
}

/** Drops what the new type has no use for, unless the client touched it (then validation speaks). */
export function dropForType({ spec, status }: Service, { spec: old }: Service): void {
  const same = (...fields: (keyof Spec)[]): boolean => fields.every((field) => semanticEqual(spec[field], old[field]));
  if (needsClusterIP(old) && !needsClusterIP(spec)) {
    if (same('clusterIP', 'clusterIPs')) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (same('ipFamilies')) delete spec.ipFamilies;
    if (same('ipFamilyPolicy')) delete spec.ipFamilyPolicy;
  }
  // Ports may have come and gone, as long as no node port is new.
  const before = new Set([0, ...(old.ports ?? []).map(({ nodePort }) => nodePort ?? 0)]);
  if (hasNodePorts(old) && !hasNodePorts(spec) && (spec.ports ?? []).every(({ nodePort = 0 }) => before.has(nodePort)))
    for (const port of spec.ports ?? []) delete port.nodePort;
  const sameHealthPort = (spec.healthCheckNodePort ?? 0) === (old.healthCheckNodePort ?? 0);
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec) && sameHealthPort) delete spec.healthCheckNodePort;
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (same('allocateLoadBalancerNodePorts')) delete spec.allocateLoadBalancerNodePorts;
    if (same('loadBalancerClass')) delete spec.loadBalancerClass;
  }
  if (externallyAccessible(old) && !externallyAccessible(spec) && same('externalTrafficPolicy')) delete spec.externalTrafficPolicy;
  if (spec.type !== 'LoadBalancer') status.loadBalancer = {};
}

/** Fills in ipFamilyPolicy and ipFamilies. `families` are the cluster's, the primary one first. Faults that keep it from doing so are returned. */
export function fillFamilies(spec: Spec, old: Spec | undefined, families: readonly Family[]): FieldError[] {
  if (spec.type === 'ExternalName' || (old !== undefined && keepsPreferred(spec, old))) return [];
  const selectorless = Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.ipFamilyPolicy ?? (spec.clusterIP === 'None' && selectorless ? 'RequireDualStack' : 'SingleStack');
  const faults = old === undefined ? [] : shrink(spec, old);
  if (spec.ipFamilyPolicy === 'SingleStack') {
    const at = path('spec', 'ipFamilyPolicy');
    const wanted = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    if (spec.clusterIPs?.length === 2) faults.push(invalid(at, spec.ipFamilyPolicy, `${wanted} cluster IPs are specified`));
    if (spec.ipFamilies?.length === 2) faults.push(invalid(at, spec.ipFamilyPolicy, `${wanted} IP families are specified`));
  }
  faults.push(...inferFamilies(spec, families));
  if (faults.length > 0) return faults;
  if (spec.clusterIP === 'None' && selectorless) {
    const chosen = (spec.ipFamilies ??= families.slice(0, 1));
    if (chosen.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') chosen.push(chosen[0] === 'IPv4' ? 'IPv6' : 'IPv4');
    return [];
  }
  return completeFamilies(spec, families);
}

function completeFamilies(spec: Spec, families: readonly Family[]): FieldError[] {
  const faults: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack' && families.length < 2) {
    faults.push(invalid(path('spec', 'ipFamilyPolicy'), spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'));
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (!families.includes(family as Family))
      faults.push(invalid(path('spec', 'ipFamilies').index(index), family, 'not configured on this cluster'));
  }
  if (faults.length > 0) return faults;
  const chosen = (spec.ipFamilies ??= families.slice(0, 1));
  const other = families.find((family) => !chosen.includes(family));
  if (spec.ipFamilyPolicy !== 'SingleStack' && chosen.length === 1 && other !== undefined) chosen.push(other);
  return [];
}

function inferFamilies(spec: Spec, families: readonly Family[]): FieldError[] {
  const faults: FieldError[] = [];
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === 'None') break;
    if (index < (spec.ipFamilies?.length ?? 0)) continue;
    const family = familyOf(address);
    if (families.includes(family)) (spec.ipFamilies ??= []).push(family);
    else faults.push(invalid(path('spec', 'clusterIPs').index(index), spec.clusterIPs, `${family} is not configured on this cluster`));
  }
  return faults;
}

/** On update: a change to SingleStack gives up the second address and family; giving them up needs that policy. */
function shrink(spec: Spec, old: Spec): FieldError[] {
  const at = path('spec', 'ipFamilyPolicy');
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (semanticEqual(spec.clusterIPs, old.clusterIPs) && (spec.clusterIPs?.length ?? 0) > 1)
      spec.clusterIPs = spec.clusterIPs?.slice(0, 1) ?? [];
    if (semanticEqual(spec.ipFamilies, old.ipFamilies) && (spec.ipFamilies?.length ?? 0) > 1)
      spec.ipFamilies = spec.ipFamilies?.slice(0, 1) ?? [];
    return [];
  }
  const reduced = (now: readonly string[] | undefined, before: readonly string[] | undefined): boolean =>
    (now?.length ?? 0) > 0 && (now?.length ?? 0) < (before?.length ?? 0);
  return [
    ...(reduced(spec.clusterIPs, old.clusterIPs)
      ? [invalid(at, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP")]
      : []),
    ...(reduced(spec.ipFamilies, old.ipFamilies)
      ? [invalid(at, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family")]
      : []),
  ];
}

/** A PreferDualStack Service does not follow the cluster's change to or from dual-stack by itself. */
export function keepsPreferred(spec: Spec, old: Spec): boolean {
  return (
    spec.type === old.type &&
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    old.ipFamilyPolicy === 'PreferDualStack' &&
    semanticEqual(spec.clusterIPs, old.clusterIPs) &&
    semanticEqual(spec.ipFamilies, old.ipFamilies)
  );
}
