/** Node selectors over what the scheduler keeps of nodes. */
import type { Pod, PreferredSchedulingTerm } from '../api/generated/types.ts';
import type { NodeFacts } from '../api/node-selector.ts';
import { matchesNodeTerm, matchesPodNodeSelection } from '../api/node-selector.ts';

/** spec.nodeSelector and the required node affinity as a predicate; undefined: every node will do. */
export function requiredNodes({ spec }: Pod): ((node: NodeFacts) => boolean) | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (Object.keys(spec.nodeSelector ?? {}).length === 0 && terms === undefined) return undefined;
  return (node) => matchesPodNodeSelection(spec, node);
}

export function preferenceScore(terms: readonly PreferredSchedulingTerm[], node: NodeFacts): number {
  let sum = 0;
  for (const { weight, preference } of terms) if (matchesNodeTerm(preference, node)) sum += weight;
  return sum;
}
