/** What is remembered of Services whose endpoints are shared out among zones, and what is to be told of it: topologycache's state. */
import type { Node } from '../../api/generated/types.ts';
import type { Family } from '../shared/service-endpoints.ts';
import type { TopologyPlan, ZoneShares } from './topology.ts';
import { isOverloaded, zoneShares } from './topology.ts';

export interface TopologyNews {
  readonly enabled: boolean;
  readonly message: string;
}

export class TopologyHints {
  #shares: ZoneShares | undefined;
  readonly #counts = new Map<string, ReadonlyMap<Family, ReadonlyMap<string, number>>>();

  /** Each zone's share of the processors, as last told. */
  get shares(): ZoneShares | undefined {
    return this.#shares;
  }

  setNodes(nodes: Iterable<Node>): void {
    this.#shares = zoneShares(nodes);
  }

  /** Services whose hints no longer fit the nodes. */
  overloaded(): string[] {
    const isOver = (zones: ReadonlyMap<string, number>): boolean => isOverloaded(zones, this.#shares);
    return [...this.#counts].filter(([, families]) => [...families.values()].some(isOver)).map(([key]) => key);
  }

  /** Takes in what was planned for a Service; answers what its events should say. */
  note(key: string, plans: ReadonlyMap<Family, TopologyPlan>): TopologyNews[] {
    const had = this.#counts.has(key);
    const counts = new Map<Family, ReadonlyMap<string, number>>();
    const news: TopologyNews[] = [];
    for (const [family, plan] of plans) {
      const tell = (enabled: boolean, message: string): unknown => news.push({ enabled, message: `${message}, addressType: ${family}` });
      if ('refused' in plan) tell(false, plan.refused);
      else {
        if (!had && counts.size === 0) tell(true, 'Topology Aware Hints has been enabled');
        counts.set(family, plan.byZone);
      }
    }
    if (plans.size === 0 && had)
      for (const family of this.#counts.get(key)?.keys() ?? [])
        news.push({ enabled: false, message: `Topology Aware Hints has been disabled, addressType: ${family}` });
    if (counts.size === 0) this.#counts.delete(key);
    else this.#counts.set(key, counts);
    return news;
  }

  forget(key: string): void {
    this.#counts.delete(key);
  }
}
