/** Node selectors over what the scheduler keeps of nodes and pods. */
import { matchesNodeTerm } from '../api/node-selector.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** spec.nodeSelector and the required node affinity. */
export function matchesNodeSelection(pod: PodInfo, node: NodeInfo): boolean {
  const labels = node.labels;
  for (const [key, value] of Object.entries(pod.pod.spec.nodeSelector ?? {})) if (labels[key] !== value) return false;
  return pod.requiredNodeTerms?.some((term) => matchesNodeTerm(term, node)) ?? true;
}
