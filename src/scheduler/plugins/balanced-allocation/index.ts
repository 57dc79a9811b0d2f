import type { Plugin } from '../../framework.ts';
import { maxScore } from '../../framework.ts';
import { amountOf, isScalar } from '../../resources.ts';

export interface BalancedAllocationArgs {
  /** Names of the resources whose shares are compared. */
  readonly resources: readonly string[];
}

/** Nodes score by how much the pod evens out the shares of resources in use; pods without requests are not judged. */
export function balancedAllocation({ resources }: BalancedAllocationArgs): Plugin {
  return {
    name: 'NodeResourcesBalancedAllocation',
    localScore({ requests }) {
      const wanted = resources
        .map((name) => ({ name, amount: amountOf(requests, name) }))
        .filter(({ name, amount }) => amount > 0 || !isScalar(name));
      if (wanted.every(({ amount }) => amount === 0)) return undefined;
      return {
        score: (node) => {
          const before: number[] = [];
          const after: number[] = [];
          for (const { name, amount } of wanted) {
            const capacity = amountOf(node.allocatable, name);
            if (capacity === 0) continue;
            const used = amountOf(node.requested, name);
            before.push(Math.min(1, used / capacity));
            after.push(Math.min(1, (used + amount) / capacity));
          }
          return maxScore / 2 + Math.trunc((maxScore / 2 + balance(after) - balance(before)) / 2);
        },
      };
    },
  };
}

/** 100 when all shares are equal. */
function balance(shares: readonly number[]): number {
  return Math.trunc((1 - deviation(shares)) * maxScore);
}

function deviation(shares: readonly number[]): number {
  const [first = 0, second = 0] = shares;
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs((first - second) / 2);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) * (share - mean), 0) / shares.length);
}
