/** From Endpoints to the EndpointSlices that say the same: one a subset and family. Pure. */
import { isIP } from 'node:net';
import type { DiscoveryV1EndpointPort as EndpointPort, Endpoint, EndpointSlice, Endpoints } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import { refs } from '../../client/refs.ts';
import { controllerReference } from '../shared/owners.ts';
import { familyOf, type Family } from '../shared/service-endpoints.ts';

export const managedBy = 'endpointslice.kubernetes.io/managed-by';
export const serviceName = 'kubernetes.io/service-name';
export const mirrorName = 'endpointslicemirroring-controller.k8s.io';
/** Of one subset; the rest is left out. */
const maxAddresses = 1000;
const notMirrored = ['endpoints.kubernetes.io/last-change-trigger-time', 'kubectl.kubernetes.io/last-applied-configuration'];

export interface MirrorPlan {
  readonly create: readonly New<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
  /** Addresses left out because they are none, and because they were too many. */
  readonly invalid: number;
  readonly tooMany: number;
}

interface Group {
  readonly family: Family;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: Map<string, Endpoint>;
}

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

export function planMirror(source: Endpoints, existing: readonly EndpointSlice[]): MirrorPlan {
  const { groups, invalid, tooMany } = groupsOf(source);
  const left = Map.groupBy(existing, (slice) => groupKey(slice.addressType, slice.ports ?? []));
  const missing: Group[] = [];
  const update: EndpointSlice[] = [];
  const spare: EndpointSlice[] = [];
  for (const [key, group] of groups) {
    const [kept, ...others] = left.get(key) ?? [];
    left.delete(key);
    spare.push(...others);
    if (kept === undefined) missing.push(group);
    else if (!says(kept, source, group)) update.push(filled(kept, source, group));
  }
  spare.push(...[...left.values()].flat());
  const create: New<EndpointSlice>[] = [];
  for (const group of missing) {
    const at = spare.findIndex((slice) => slice.addressType === group.family);
    const reused = at < 0 ? undefined : spare.splice(at, 1)[0];
    if (reused === undefined) create.push(newSlice(source, group));
    else update.push(filled(reused, source, group));
  }
  return { create, update, delete: spare, invalid, tooMany };
}

function groupsOf({ subsets = [] }: Endpoints): { groups: Map<string, Group>; invalid: number; tooMany: number } {
  const groups = new Map<string, Group>();
  let invalid = 0;
  let tooMany = 0;
  for (const subset of subsets) {
    const ports = (subset.ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }));
    let taken = 0;
    for (const [address, ready] of addressesOf(subset)) {
      if (taken >= maxAddresses) tooMany++;
      else if (isIP(address.ip) === 0) invalid++;
      else {
        taken++;
        add(groups, { family: familyOf(address.ip), ports }, endpointOf(address, ready));
      }
    }
  }
  return { groups, invalid, tooMany };
}

function addressesOf({ addresses = [], notReadyAddresses = [] }: Subset): [Address, boolean][] {
  return [
    ...addresses.map((address): [Address, boolean] => [address, true]),
    ...notReadyAddresses.map((address): [Address, boolean] => [address, false]),
  ];
}

/** An address that is both ready and not ready for the same ports is not ready. */
function add(groups: Map<string, Group>, { family, ports }: Pick<Group, 'family' | 'ports'>, endpoint: Endpoint): void {
  const key = groupKey(family, ports);
  let group = groups.get(key);
  if (group === undefined) groups.set(key, (group = { family, ports, endpoints: new Map() }));
  group.endpoints.set(JSON.stringify([endpoint.addresses, endpoint.targetRef?.uid]), endpoint);
}

function endpointOf({ ip, hostname = '', nodeName, targetRef }: Address, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === '' ? {} : { hostname }),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

function groupKey(family: string, ports: readonly EndpointPort[]): string {
  const texts = ports.map(({ name = '', port, protocol = 'TCP', appProtocol }) => JSON.stringify([name, port, protocol, appProtocol]));
  return `${family}${texts.sort().join()}`;
}

function labelsOf({ metadata: { name, labels } }: Endpoints): Record<string, string> {
  return { ...labels, [serviceName]: name, [managedBy]: mirrorName };
}

function annotationsOf({ metadata: { annotations = {} } }: Endpoints): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !notMirrored.includes(key)));
}

function says({ metadata, endpoints }: EndpointSlice, source: Endpoints, group: Group): boolean {
  const byAddress = (list: readonly Endpoint[]): Endpoint[] =>
    [...list].sort((a, b) => (String(a.addresses) < String(b.addresses) ? -1 : 1));
  return (
    jsonEqual(metadata.labels ?? {}, labelsOf(source)) &&
    jsonEqual(metadata.annotations ?? {}, annotationsOf(source)) &&
    (metadata.ownerReferences ?? []).some((owner) => owner.kind === 'Endpoints' && owner.uid === source.metadata.uid) &&
    jsonEqual(byAddress(endpoints ?? []), byAddress([...group.endpoints.values()]))
  );
}

function newSlice(source: Endpoints, { family, ports, endpoints }: Group): New<EndpointSlice> {
  const annotations = annotationsOf(source);
  return {
    metadata: {
      generateName: `${source.metadata.name}-`,
      namespace: source.metadata.namespace ?? '',
      labels: labelsOf(source),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ownerReferences: [controllerReference(refs.endpoints, source)],
    },
    addressType: family,
    ports: [...ports],
    endpoints: [...endpoints.values()],
  };
}

function filled(slice: EndpointSlice, source: Endpoints, group: Group): EndpointSlice {
  const { metadata, ...content } = newSlice(source, group);
  const { labels = {}, annotations, ownerReferences = [] } = metadata;
  const { annotations: _before, ...kept } = slice.metadata;
  return { ...slice, ...content, metadata: { ...kept, labels, ...(annotations === undefined ? {} : { annotations }), ownerReferences } };
}
