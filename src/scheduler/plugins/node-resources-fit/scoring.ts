/** How much of a node is in use, as a score: noderesources least_allocated.go, most_allocated.go, requested_to_capacity_ratio.go. */
import { maxScore } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { Resources } from '../../resources.ts';
import { amountOf, isScalar } from '../../resources.ts';

export interface ResourceWeight {
  readonly name: string;
  readonly weight: number;
}

export interface ShapePoint {
  /** In percent. */
  readonly utilization: number;
  /** 0 to 10. */
  readonly score: number;
}

export type ScoringStrategy =
  | { readonly type: 'LeastAllocated' | 'MostAllocated'; readonly resources: readonly ResourceWeight[] }
  | { readonly type: 'RequestedToCapacityRatio'; readonly resources: readonly ResourceWeight[]; readonly shape: readonly ShapePoint[] };

type ResourceScore = (requested: number, capacity: number) => number;

const least: ResourceScore = (requested, capacity) =>
  requested > capacity ? 0 : Math.trunc(((capacity - requested) * maxScore) / capacity);
const most: ResourceScore = (requested, capacity) => Math.trunc((Math.min(requested, capacity) * maxScore) / capacity);

/** The score of a pod with these requests on a node. */
export function strategyScorer(strategy: ScoringStrategy, requests: Resources): (node: NodeInfo) => number {
  const isRatio = strategy.type === 'RequestedToCapacityRatio';
  const scoreOf = isRatio ? ratio(strategy.shape) : strategy.type === 'LeastAllocated' ? least : most;
  const wanted = strategy.resources
    .map(({ name, weight }) => ({ name, weight, amount: amountOf(requests, name), scored: name === 'cpu' || name === 'memory' }))
    .filter(({ name, amount }) => amount > 0 || !isScalar(name));
  return (node) => {
    let sum = 0;
    let weights = 0;
    for (const { name, weight, amount, scored } of wanted) {
      const capacity = amountOf(node.allocatable, name);
      if (capacity === 0) continue;
      const score = scoreOf(amountOf(scored ? node.scoring : node.requested, name) + amount, capacity);
      // A ratio of no score counts as if the resource were not there.
      if (isRatio && score <= 0) continue;
      sum += score * weight;
      weights += weight;
    }
    if (weights === 0) return 0;
    return isRatio ? Math.round(sum / weights) : Math.trunc(sum / weights);
  };
}

/** Straight lines between the points of the shape. */
export function brokenLine(shape: readonly { readonly utilization: number; readonly score: number }[]): (at: number) => number {
  return (at) => {
    for (const [index, { utilization, score }] of shape.entries()) {
      if (at > utilization) continue;
      const before = shape[index - 1];
      if (before === undefined) return score;
      return before.score + Math.trunc(((score - before.score) * (at - before.utilization)) / (utilization - before.utilization));
    }
    return shape.at(-1)?.score ?? 0;
  };
}

function ratio(shape: readonly ShapePoint[]): ResourceScore {
  const line = brokenLine(shape.map(({ utilization, score }) => ({ utilization, score: score * 10 })));
  return (requested, capacity) => line(requested > capacity ? 100 : Math.trunc((requested * 100) / capacity));
}
