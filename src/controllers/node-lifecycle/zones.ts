/** How much of each zone is lost, and how fast pods of lost nodes are sent away for it: nodelifecycle ComputeZoneState, handleDisruption. */
import type { Node } from '../../api/generated/types.ts';
import { readyCondition } from './health.ts';

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

export interface Zone {
  readonly state: ZoneState;
  readonly size: number;
}

/** From this share of a zone's nodes on (and three at least) the zone is partially disrupted. */
const unhealthyShare = 0.55;
/** Zones beyond this size still lose nodes while partially disrupted, only slowly. */
const largeZone = 50;
/** One node every so many ms (upstream's --node-eviction-rate 0.1 and --secondary-node-eviction-rate 0.01). */
const normalMs = 10_000;
const slowMs = 100_000;

export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const label = (name: string, old: string): string =>
    labels[`topology.kubernetes.io/${name}`] ?? labels[`failure-domain.beta.kubernetes.io/${old}`] ?? '';
  return JSON.stringify([label('region', 'region'), label('zone', 'zone')]);
}

/** Zones by key; nodes that ask for it are not counted. */
export function zonesOf(nodes: Iterable<Node>): ReadonlyMap<string, Zone> {
  const counts = new Map<string, { size: number; lost: number }>();
  for (const node of nodes) {
    if (node.metadata.labels?.['node.kubernetes.io/exclude-disruption'] !== undefined) continue;
    const key = zoneOf(node);
    const count = counts.get(key) ?? { size: 0, lost: 0 };
    counts.set(key, count);
    count.size += 1;
    if (readyCondition(node)?.status !== 'True') count.lost += 1;
  }
  return new Map([...counts].map(([key, { size, lost }]) => [key, { size, state: stateOf(size, lost) }]));
}

function stateOf(size: number, lost: number): ZoneState {
  if (lost === size) return 'FullDisruption';
  return lost > 2 && lost / size >= unhealthyShare ? 'PartialDisruption' : 'Normal';
}

/** No node is left: the fault is more likely here than there, and nobody is sent away. */
export function isAllLost(zones: ReadonlyMap<string, Zone>): boolean {
  return zones.size > 0 && [...zones.values()].every(({ state }) => state === 'FullDisruption');
}

/** Ms between two nodes of the zone; Infinity: none. */
function intervalOf({ state, size }: Zone): number {
  if (state !== 'PartialDisruption') return normalMs;
  return size > largeZone ? slowMs : Infinity;
}

/** Lets nodes of a zone be given up one after the other. */
export class EvictionPace {
  readonly #last = new Map<string, number>();

  /** Ms until the next node of the zone may be given up; 0 takes the turn. `now` is monotonic. */
  take(key: string, zone: Zone, now: number): number {
    const last = this.#last.get(key);
    const wait = last === undefined && intervalOf(zone) !== Infinity ? 0 : Math.max(0, (last ?? now) + intervalOf(zone) - now);
    if (wait === 0) this.#last.set(key, now);
    return wait;
  }
}
