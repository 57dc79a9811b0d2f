/**
 * Hints for Services with the annotation `service.kubernetes.io/topology-mode: Auto`: endpoints are shared out among the zones in
 * proportion to their processors. Rules and words: k8s.io/endpointslice/topologycache. Pure.
 */
import type { Endpoint, Node } from '../../api/generated/types.ts';
import { tryParseQuantity } from '../../api/quantity.ts';

/** How much more than its share an endpoint may get. */
const overload = 0.2;
const zoneLabel = 'topology.kubernetes.io/zone';
const excludedLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** Each zone's share of the cluster's processors; undefined: not known for every node, or there is only one zone. */
export type ZoneShares = ReadonlyMap<string, number>;

export function zoneShares(nodes: Iterable<Node>): ZoneShares | undefined {
  const millis = new Map<string, number>();
  let total = 0;
  for (const node of nodes) {
    const labels = node.metadata.labels ?? {};
    if (excludedLabels.some((label) => label in labels)) continue;
    if (node.status.conditions?.find((condition) => condition.type === 'Ready')?.status !== 'True') continue;
    const zone = labels[zoneLabel] ?? '';
    const cpu = Number(tryParseQuantity(node.status.allocatable?.['cpu'] ?? '0')?.milliValue() ?? 0);
    if (zone === '' || cpu === 0) return undefined;
    millis.set(zone, (millis.get(zone) ?? 0) + cpu);
    total += cpu;
  }
  return millis.size < 2 ? undefined : new Map([...millis].map(([zone, cpu]) => [zone, cpu / total]));
}

interface Allocation {
  readonly minimum: number;
  readonly maximum: number;
  readonly desired: number;
}

type Allocations = ReadonlyMap<string, Allocation>;

/** Says in upstream's words why there can be no hints. */
function allocate(shares: ZoneShares | undefined, endpoints: number): Allocations | string {
  if (shares === undefined) return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const numbers = `(${String(endpoints)} endpoints, ${String(shares.size)} zones)`;
  if (shares.size > endpoints) return `Insufficient number of endpoints ${numbers}`;
  const parts = [...shares].map(([zone, share]) => {
    const desired = share * endpoints;
    const minimum = Math.ceil(desired * (1 / (1 + overload)));
    return { zone, minimum, desired: Math.max(desired, minimum) };
  });
  const minimums = parts.reduce((sum, { minimum }) => sum + minimum, 0);
  if (minimums > endpoints)
    return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${numbers}`;
  return new Map(parts.map(({ zone, minimum, desired }) => [zone, { minimum, desired, maximum: minimum + endpoints - minimums }] as const));
}

/** The endpoints of one slice; `open`: it is written anyway, so that its hints may change. */
export interface SliceEndpoints {
  readonly endpoints: readonly Endpoint[];
  readonly open: boolean;
}

export type TopologyPlan =
  /** The slices in the order given, undefined for those that stay as they are; how many endpoints serve each zone. */
  | { readonly slices: readonly (readonly Endpoint[] | undefined)[]; readonly byZone: ReadonlyMap<string, number> }
  /** No hints, and why. */
  | { readonly refused: string };

export function planTopology(shares: ZoneShares | undefined, slices: readonly SliceEndpoints[]): TopologyPlan {
  const ready = slices.reduce((sum, { endpoints }) => sum + endpoints.filter(isReady).length, 0);
  const allocations = allocate(shares, ready);
  if (typeof allocations === 'string') return { refused: allocations };
  const byZone = new Map<string, number>();
  const open = slices.map((slice) => slice.open || !keepsHints(slice.endpoints, allocations, byZone));
  const changed = slices.map(({ endpoints }, at) => (open[at] === true ? endpoints.map(withOwnZone) : undefined));
  for (const endpoint of changed.flatMap((endpoints) => endpoints ?? [])) {
    if (!isReady(endpoint)) continue;
    const zone = endpoint.zone ?? '';
    if (zone === '') return { refused: 'One or more endpoints do not have a zone specified' };
    add(byZone, zone, 1);
  }
  share(changed, allocations, byZone);
  return byZone.size === 0 ? { refused: 'No hints allocated for zones' } : { slices: changed, byZone };
}

/** Whether a zone has fewer endpoints than its share needs: then the hints have to be made again. */
export function isOverloaded(byZone: ReadonlyMap<string, number>, shares: ZoneShares | undefined): boolean {
  if (byZone.size === 0) return false;
  if (shares === undefined) return true;
  const total = [...byZone.values()].reduce((sum, count) => sum + count, 0);
  return [...shares].some(([zone, part]) => (byZone.get(zone) ?? -1) < Math.ceil(total * part * (1 / (1 + overload))));
}

function isReady(endpoint: Endpoint): boolean {
  return endpoint.conditions?.ready === true;
}

function withOwnZone(endpoint: Endpoint): Endpoint {
  const { hints: _former, ...rest } = endpoint;
  return isReady(endpoint) && endpoint.zone !== undefined ? { ...rest, hints: { forZones: [{ name: endpoint.zone }] } } : rest;
}

/** Whether a slice's hints can stay as they are; if so they are counted. */
function keepsHints(endpoints: readonly Endpoint[], allocations: Allocations, byZone: Map<string, number>): boolean {
  const own = new Map<string, number>();
  for (const endpoint of endpoints.filter(isReady)) {
    const zones = endpoint.hints?.forZones ?? [];
    if (zones.length === 0 || zones.some(({ name }) => !allocations.has(name))) return false;
    for (const { name } of zones) add(own, name, 1);
  }
  for (const [zone, count] of own) if (count + (byZone.get(zone) ?? 0) > (allocations.get(zone)?.maximum ?? 0)) return false;
  for (const [zone, count] of own) add(byZone, zone, count);
  return true;
}

/** Zones with more endpoints than they want give some to those with fewer. */
function share(slices: readonly (Endpoint[] | undefined)[], allocations: Allocations, byZone: Map<string, number>): void {
  const { giving, receiving } = exchanges(allocations, byZone);
  for (const endpoints of slices) {
    for (const [at, endpoint] of (endpoints ?? []).entries()) {
      const from = endpoint.zone ?? '';
      const [to] = receiving.keys();
      if (to === undefined) return;
      if (endpoints === undefined || !isReady(endpoint) || !giving.has(from)) continue;
      endpoints[at] = { ...endpoint, hints: { forZones: [{ name: to }] } };
      for (const [map, zone] of [[giving, from] as const, [receiving, to] as const]) {
        if ((map.get(zone) ?? 0) <= 1) map.delete(zone);
        else add(map, zone, -1);
      }
      add(byZone, from, -1);
      add(byZone, to, 1);
    }
  }
}

function exchanges(
  allocations: Allocations,
  byZone: ReadonlyMap<string, number>,
): { giving: Map<string, number>; receiving: Map<string, number> } {
  const surplus = new Map<string, number>();
  const need = new Map<string, number>();
  for (const [zone, { desired }] of allocations) {
    const count = byZone.get(zone) ?? 0;
    if (count > desired) surplus.set(zone, count - desired);
    else if (count < desired) need.set(zone, desired - count);
  }
  const giving = new Map<string, number>();
  const receiving = new Map<string, number>();
  for (;;) {
    const [from, more] = most(surplus);
    const [to, less] = most(need);
    if (from === undefined || to === undefined || (more < 1 && less < 1) || more < 0.5 || less < 0.5) break;
    add(giving, from, 1);
    add(surplus, from, -1);
    add(receiving, to, 1);
    add(need, to, -1);
  }
  return { giving, receiving };
}

function most(zones: ReadonlyMap<string, number>): [string | undefined, number] {
  let found: [string | undefined, number] = [undefined, 0];
  for (const [zone, count] of zones) if (count > found[1]) found = [zone, count];
  return found;
}

function add(counts: Map<string, number>, zone: string, by: number): void {
  counts.set(zone, (counts.get(zone) ?? 0) + by);
}
