/** From a Service and its pods to EndpointSlices, and what to write to get there: k8s.io/endpointslice reconciler.go. Pure. */
import type { DiscoveryV1EndpointPort as EndpointPort, Endpoint, EndpointSlice, Node, Pod, Service } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import { refs } from '../../client/refs.ts';
import { controllerReference } from '../shared/owners.ts';
import { isPodReady } from '../shared/pods.ts';
import type { Family } from '../shared/service-endpoints.ts';
import { addressesOf, familyOf, hostnameOf, isEndpoint, isHeadless, targetPortOf } from '../shared/service-endpoints.ts';
import { triggerTimeAnnotation } from '../shared/trigger-times.ts';
import type { TopologyPlan, ZoneShares } from './topology.ts';
import { planTopology } from './topology.ts';
import { asksForTopology, distributionHints, distributionOf } from './traffic-distribution.ts';

export const managedBy = 'endpointslice.kubernetes.io/managed-by';
export const serviceName = 'kubernetes.io/service-name';
const headless = 'service.kubernetes.io/headless';
export const controllerName = 'endpointslice-controller.k8s.io';
const maxEndpoints = 100;

export interface SlicePlan {
  readonly create: readonly New<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
  /** How endpoints were shared out among zones, for Services that ask for it. */
  readonly topology: ReadonlyMap<Family, TopologyPlan>;
}

type FamilyPlan = Omit<SlicePlan, 'topology'> & { readonly topology?: TopologyPlan };

export interface PlanOptions {
  readonly service: Service;
  readonly pods: readonly Pod[];
  readonly existing: readonly EndpointSlice[];
  readonly nodeOf: (name: string) => Node | undefined;
  readonly shares?: ZoneShares | undefined;
  /** For the annotation of what is written; undefined: none. */
  readonly triggerTime?: string | undefined;
}

/** The families slices are kept for; a headless Service without stated families takes both. */
export function familiesOf(service: Service): Family[] {
  const stated = (service.spec.ipFamilies ?? []).map((family) => family as Family);
  if (stated.length > 0) return stated;
  return isHeadless(service) ? ['IPv4', 'IPv6'] : [familyOf(service.spec.clusterIP ?? '')];
}

export function planSlices(options: PlanOptions): SlicePlan {
  const families = familiesOf(options.service);
  const ours = (slice: EndpointSlice): boolean => (families as string[]).includes(slice.addressType) && isOwned(slice, options.service);
  const plans = families.map((family) => {
    const existing = options.existing.filter((slice) => ours(slice) && slice.addressType === family);
    const plan = planFamily(family, { ...options, existing });
    return { family, ...reuseDeleted(asksForTopology(options.service) ? withTopology(plan, existing, options.shares) : plan) };
  });
  const stamp = stampOf(options.triggerTime);
  return {
    create: plans.flatMap((plan) => plan.create).map(stamp),
    update: plans.flatMap((plan) => plan.update).map(stamp),
    delete: [...options.existing.filter((slice) => !ours(slice)), ...plans.flatMap((plan) => plan.delete)],
    topology: new Map(plans.flatMap(({ family, topology }) => (topology === undefined ? [] : [[family, topology] as const]))),
  };
}

/** What would be created takes the place of what would be deleted, whose name so stays. */
function reuseDeleted(plan: FamilyPlan): FamilyPlan {
  const count = Math.min(plan.create.length, plan.delete.length);
  const reused = plan.create.slice(0, count).flatMap((slice, at) => {
    const former = plan.delete[at];
    if (former === undefined) return [];
    const { labels = {}, ownerReferences = [] } = slice.metadata;
    return [{ ...former, ...slice, metadata: { ...former.metadata, labels, ownerReferences } }];
  });
  return { ...plan, create: plan.create.slice(count), update: [...plan.update, ...reused], delete: plan.delete.slice(count) };
}

function withTopology(plan: FamilyPlan, existing: readonly EndpointSlice[], shares: ZoneShares | undefined): FamilyPlan {
  const written = new Set([...plan.update, ...plan.delete].map((slice) => slice.metadata.name));
  const unchanged = existing.filter((slice) => !written.has(slice.metadata.name));
  const all = [...plan.create, ...plan.update, ...unchanged];
  const topology = planTopology(
    shares,
    all.map(({ endpoints = [] }, at) => ({ endpoints, open: at < plan.create.length + plan.update.length })),
  );
  const hinted = <S extends { endpoints?: Endpoint[] | null }>(slice: S, at: number): S | undefined => {
    if ('refused' in topology) return { ...slice, endpoints: (slice.endpoints ?? []).map(({ hints: _hints, ...endpoint }) => endpoint) };
    const endpoints = topology.slices[at];
    return endpoints === undefined ? undefined : { ...slice, endpoints: [...endpoints] };
  };
  const create = plan.create.flatMap((slice, at) => hinted(slice, at) ?? []);
  const update = [...plan.update, ...unchanged].flatMap((slice, at) => {
    const changed = hinted(slice, plan.create.length + at);
    const same = changed === undefined || (at >= plan.update.length && jsonEqual(changed.endpoints, slice.endpoints));
    return same ? [] : [changed];
  });
  return { ...plan, create, update, topology };
}

function stampOf(time: string | undefined): <S extends { metadata: { annotations?: Record<string, string> } }>(slice: S) => S {
  return (slice) => {
    const { annotations: before = {}, ...metadata } = slice.metadata;
    const { [triggerTimeAnnotation]: _former, ...annotations } = before;
    if (time !== undefined) annotations[triggerTimeAnnotation] = time;
    return { ...slice, metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations } };
  };
}

function isOwned(slice: EndpointSlice, service: Service): boolean {
  return slice.metadata.ownerReferences?.some((owner) => owner.uid === service.metadata.uid && owner.kind === 'Service') === true;
}

interface Group {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: Map<string, Endpoint>;
}

function planFamily(family: Family, options: PlanOptions): FamilyPlan {
  const groups = desiredGroups(family, options);
  const byPorts = Map.groupBy(options.existing, (slice) => portsKey(slice.ports ?? []));
  const create: New<EndpointSlice>[] = [];
  const update: EndpointSlice[] = [];
  const remove: EndpointSlice[] = [];
  for (const [key, group] of groups) {
    const plan = planGroup(family, group, { service: options.service, slices: byPorts.get(key) ?? [] });
    create.push(...plan.create);
    update.push(...plan.update);
    remove.push(...plan.delete);
  }
  for (const [key, slices] of byPorts) if (!groups.has(key)) remove.push(...slices);
  // A Service without endpoints keeps one empty slice a family.
  if (create.length === 0 && remove.length === options.existing.length) {
    const placeholder = newSlice(options.service, family, { ports: [], endpoints: [] });
    const kept = remove.find(
      (slice) =>
        (slice.ports ?? []).length === 0 &&
        (slice.endpoints ?? []).length === 0 &&
        jsonEqual(slice.metadata.labels, placeholder.metadata.labels),
    );
    if (kept === undefined) create.push(placeholder);
    else remove.splice(remove.indexOf(kept), 1);
  }
  return { create, update, delete: remove };
}

function desiredGroups(family: Family, { service, pods, nodeOf }: PlanOptions): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const pod of pods) {
    if (!isEndpoint(pod, true)) continue;
    const node = nodeOf(pod.spec.nodeName ?? '');
    if (node === undefined && service.spec.publishNotReadyAddresses !== true) continue;
    const addresses = addressesOf(pod).filter((address) => familyOf(address) === family);
    if (addresses.length === 0) continue;
    const ports = portsOf(service, pod);
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: new Map<string, Endpoint>() };
    groups.set(key, group);
    group.endpoints.set(pod.metadata.uid, endpointOf(pod, { service, node, addresses }));
  }
  return groups;
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const target = targetPortOf(pod, port);
    if (target === undefined) return [];
    const app = port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol };
    return [{ name: port.name ?? '', port: target, protocol: port.protocol ?? 'TCP', ...app }];
  });
}

function portsKey(ports: readonly EndpointPort[]): string {
  const texts = ports.map(({ name, port, protocol, appProtocol }) => JSON.stringify([name ?? '', port, protocol ?? 'TCP', appProtocol]));
  return texts.sort().join();
}

function endpointOf(pod: Pod, at: { service: Service; node: Node | undefined; addresses: string[] }): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const hostname = hostnameOf(pod, at.service);
  const zone = at.node?.metadata.labels?.['topology.kubernetes.io/zone'] ?? '';
  const { name, namespace = '', uid } = pod.metadata;
  const endpoint: Endpoint = {
    addresses: at.addresses,
    conditions: { ready: at.service.spec.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...((pod.spec.nodeName ?? '') === '' ? {} : { nodeName: pod.spec.nodeName ?? '' }),
    targetRef: { kind: 'Pod', name, namespace, uid },
    ...(zone === '' ? {} : { zone }),
  };
  return { ...endpoint, ...distributionHints(endpoint, distributionOf(at.service)) };
}

/** Keeps endpoints where they are, drops those gone, fills up, and opens new slices only when all are full. */
function planGroup(family: Family, group: Group, at: { service: Service; slices: readonly EndpointSlice[] }): FamilyPlan {
  const keepsHints = asksForTopology(at.service);
  const missing = new Map(group.endpoints);
  const kept = at.slices.map((slice) => ({
    slice,
    endpoints: (slice.endpoints ?? []).flatMap((endpoint) => {
      const wanted = missing.get(endpoint.targetRef?.uid ?? '');
      missing.delete(endpoint.targetRef?.uid ?? '');
      if (wanted === undefined) return [];
      // Hints by topology are worked out for all slices together, later.
      return [keepsHints && endpoint.hints !== undefined ? { ...wanted, hints: endpoint.hints } : wanted];
    }),
  }));
  const waiting = [...missing.values()];
  for (const { endpoints } of [...kept].sort((a, b) => b.endpoints.length - a.endpoints.length)) {
    endpoints.push(...waiting.splice(0, Math.max(0, maxEndpoints - endpoints.length)));
  }
  const create: New<EndpointSlice>[] = [];
  while (waiting.length > 0) create.push(newSlice(at.service, family, { ports: group.ports, endpoints: waiting.splice(0, maxEndpoints) }));
  const labels = labelsOf(at.service);
  const full = kept.filter(({ endpoints }) => endpoints.length > 0);
  const update = full
    .filter(({ slice, endpoints }) => !jsonEqual(slice.endpoints ?? [], endpoints) || !jsonEqual(slice.metadata.labels, labels))
    .map(({ slice, endpoints }) => ({ ...slice, metadata: { ...slice.metadata, labels }, endpoints }));
  return { create, update, delete: kept.filter(({ endpoints }) => endpoints.length === 0).map(({ slice }) => slice) };
}

function labelsOf(service: Service): Record<string, string> {
  const own = Object.entries(service.metadata.labels ?? {}).filter(([key]) => ![managedBy, serviceName, headless].includes(key));
  return {
    ...Object.fromEntries(own),
    ...(isHeadless(service) ? { [headless]: '' } : {}),
    [serviceName]: service.metadata.name,
    [managedBy]: controllerName,
  };
}

function newSlice(
  service: Service,
  family: Family,
  content: { ports: readonly EndpointPort[]; endpoints: Endpoint[] },
): New<EndpointSlice> {
  return {
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace ?? '',
      labels: labelsOf(service),
      ownerReferences: [controllerReference(refs.services, service)],
    },
    addressType: family,
    ports: [...content.ports],
    endpoints: content.endpoints,
  };
}
