/** Nodes in the order they are looked at: in turn one of each zone (scheduler backend/cache/node_tree.go). */
import type { Node } from '../api/generated/types.ts';

const regionKeys = ['topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region'] as const;
const zoneKeys = ['topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone'] as const;

/** Region and zone of a node, '' when it says neither. */
export function zoneOf({ metadata: { labels = {} } }: Node): string {
  const pick = ([key, older]: readonly [string, string]): string => labels[key] ?? labels[older] ?? '';
  const region = pick(regionKeys);
  const zone = pick(zoneKeys);
  return region === '' && zone === '' ? '' : `${region}:\u0000:${zone}`;
}

export class NodeTree {
  readonly #zones = new Map<string, Set<string>>();
  readonly #zoneOf = new Map<string, string>();

  /** Adds the node, or moves it when its zone is another one now. Tells whether the order changed. */
  set(node: Node): boolean {
    const { name } = node.metadata;
    const zone = zoneOf(node);
    if (this.#zoneOf.get(name) === zone) return false;
    this.delete(name);
    this.#zoneOf.set(name, zone);
    const names = this.#zones.get(zone) ?? new Set<string>();
    this.#zones.set(zone, names.add(name));
    return true;
  }

  delete(name: string): void {
    const zone = this.#zoneOf.get(name);
    if (zone === undefined) return;
    this.#zoneOf.delete(name);
    const names = this.#zones.get(zone);
    names?.delete(name);
    if (names?.size === 0) this.#zones.delete(zone);
  }

  list(): string[] {
    const zones = [...this.#zones.values()].map((names) => [...names]);
    const longest = Math.max(0, ...zones.map((names) => names.length));
    const all: string[] = [];
    for (let at = 0; at < longest; at += 1) for (const names of zones) if (at < names.length) all.push(names[at] ?? '');
    return all;
  }
}
