/** Node selectors: component-helpers scheduling/corev1/nodeaffinity. */
import type { NodeSelectorTerm } from '../api/generated/types.ts';
import { matchesExpression } from '../api/label-selector.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** All expressions and fields of one term; an empty term matches nothing. */
export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: NodeInfo): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const fields = { 'metadata.name': node.name };
  return (
    matchExpressions.every((expression) => matchesExpression(expression, node.labels)) &&
    matchFields.every((field) => matchesExpression(field, fields))
  );
}

/** spec.nodeSelector and the required node affinity. */
export function matchesNodeSelection(pod: PodInfo, node: NodeInfo): boolean {
  const labels = node.labels;
  for (const [key, value] of Object.entries(pod.pod.spec.nodeSelector ?? {})) if (labels[key] !== value) return false;
  return pod.requiredNodeTerms?.some((term) => matchesTerm(term, node)) ?? true;
}
