/** Node selectors: component-helpers scheduling/corev1/nodeaffinity. */
import type { NodeSelector, NodeSelectorTerm, PodSpec } from './generated/types.ts';
import type { Labels } from './label-selector.ts';
import { matchesExpression } from './label-selector.ts';

/** What a selector looks at of a node. */
export interface NodeFacts {
  readonly name: string;
  readonly labels: Labels;
}

/** All expressions and fields of one term; an empty term matches nothing. */
export function matchesNodeTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, { name, labels }: NodeFacts): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every((expression) => matchesExpression(expression, labels)) &&
    matchFields.every((field) => matchesExpression(field, { 'metadata.name': name }))
  );
}

/** One term is enough. */
export function matchesNodeSelector({ nodeSelectorTerms }: NodeSelector, node: NodeFacts): boolean {
  return nodeSelectorTerms.some((term) => matchesNodeTerm(term, node));
}

/** spec.nodeSelector and the required node affinity. */
export function matchesPodNodeSelection({ nodeSelector = {}, affinity }: PodSpec, node: NodeFacts): boolean {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    Object.entries(nodeSelector).every(([key, value]) => node.labels[key] === value) &&
    (required === undefined || matchesNodeSelector(required, node))
  );
}
