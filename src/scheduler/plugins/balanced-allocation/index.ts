import type { Plugin } from '../../framework.ts';
import { maxScore } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { Amounts } from '../../resources.ts';

const names = ['cpu', 'memory'] as const;

/** Nodes score by how much the pod evens out the shares of cpu and memory in use; pods without requests are not judged. */
export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  wakesOn: [],
  preScore({ requests }) {
    if (names.every((name) => (requests.get(name) ?? 0) === 0)) return undefined;
    return {
      score: (node) => Math.trunc(maxScore / 2) + Math.trunc((maxScore / 2 + balance(node, requests) - balance(node, undefined)) / 2),
    };
  },
};

function balance(node: NodeInfo, extra: Amounts | undefined): number {
  const shares = names
    .filter((name) => (node.allocatable.get(name) ?? 0) > 0)
    .map((name) => Math.min(1, ((node.requested.get(name) ?? 0) + (extra?.get(name) ?? 0)) / (node.allocatable.get(name) ?? 1)));
  const deviation = shares.length === 2 ? Math.abs((shares[0] ?? 0) - (shares[1] ?? 0)) / 2 : 0;
  return Math.trunc((1 - deviation) * maxScore);
}
