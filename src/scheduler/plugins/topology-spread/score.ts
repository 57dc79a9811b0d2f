/** Fewer matching pods near a node score higher: podtopologyspread scoring.go. */
import type { NodeScorer } from '../../framework.ts';
import { maxScore } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import { hostname } from './constraints.ts';
import type { Counts, SpreadTable } from './spread-table.ts';

interface Part {
  readonly counts: Counts;
  readonly weight: number;
  readonly isHost: boolean;
}

export function spreadScorer(table: SpreadTable, nodes: readonly NodeInfo[]): NodeScorer {
  const scored = nodes.filter((node) => table.hasKeys(node));
  const isIgnored = scored.length === nodes.length ? (): boolean => false : (node: NodeInfo): boolean => !table.hasKeys(node);
  const parts = table.counts.map((counts): Part => {
    const { topologyKey } = counts.constraint;
    const isHost = topologyKey === hostname;
    const size = isHost ? scored.length : new Set(scored.map((node) => node.labels[topologyKey] ?? '')).size;
    return { counts, isHost, weight: Math.log(size + 2) };
  });
  return {
    score(node) {
      if (isIgnored(node)) return 0;
      let sum = 0;
      for (const part of parts) sum += partOf(part, node);
      return Math.round(sum);
    },
    normalize: (scores) => normalize(scores, nodes, isIgnored),
  };
}

function partOf({ counts, weight, isHost }: Part, node: NodeInfo): number {
  const { topologyKey, maxSkew } = counts.constraint;
  const value = node.labels[topologyKey];
  if (value === undefined) return 0;
  const count = isHost ? (counts.own[node.slot] ?? 0) : (counts.domainOf(node.slot)?.count ?? counts.domains.get(value)?.count ?? 0);
  return count * weight + (maxSkew - 1);
}

/** The scale is turned around. */
function normalize(scores: number[], nodes: readonly NodeInfo[], isIgnored: (node: NodeInfo) => boolean): void {
  let most = 0;
  let least = Infinity;
  for (let at = 0; at < scores.length; at += 1) {
    if (isIgnored(nodes[at] as NodeInfo)) continue;
    const score = scores[at] ?? 0;
    most = Math.max(most, score);
    least = Math.min(least, score);
  }
  for (let at = 0; at < scores.length; at += 1) {
    if (isIgnored(nodes[at] as NodeInfo)) scores[at] = 0;
    else scores[at] = most === 0 ? maxScore : Math.trunc((maxScore * (most + least - (scores[at] ?? 0))) / most);
  }
}
