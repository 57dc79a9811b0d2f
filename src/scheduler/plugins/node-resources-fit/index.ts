import type { Plugin, Rejection } from '../../framework.ts';
import { maxScore } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { Amounts } from '../../resources.ts';

/** The pod's requests must fit beside those of the pods there; emptier nodes score higher. */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  wakesOn: ['node-add', 'node-allocatable', 'assigned-pod-delete', 'assigned-pod-update'],
  preFilter:
    ({ requests }) =>
    (node) =>
      fits(requests, node),
  preScore: ({ scoring }) => ({
    score: (node) => {
      let sum = 0;
      let counted = 0;
      for (const name of ['cpu', 'memory'] as const) {
        const capacity = node.allocatable.get(name) ?? 0;
        if (capacity === 0) continue;
        const requested = node.scoring[name] + scoring[name];
        sum += requested > capacity ? 0 : Math.trunc(((capacity - requested) * maxScore) / capacity);
        counted += 1;
      }
      return counted === 0 ? 0 : Math.trunc(sum / counted);
    },
  }),
};

function fits(requests: Amounts, node: NodeInfo): Rejection | undefined {
  const reasons: string[] = [];
  let unresolvable = false;
  if (node.podCount + 1 > (node.allocatable.get('pods') ?? 0)) reasons.push('Too many pods');
  for (const [name, amount] of requests) {
    const capacity = node.allocatable.get(name) ?? 0;
    if (amount === 0 || amount <= capacity - (node.requested.get(name) ?? 0)) continue;
    reasons.push(`Insufficient ${name}`);
    unresolvable ||= amount > capacity;
  }
  return reasons.length === 0 ? undefined : { reasons, unresolvable };
}
