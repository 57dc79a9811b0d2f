/** metav1.LabelSelector objects as predicates (apimachinery pkg/apis/meta/v1/helpers.go); text selectors are in selectors.ts. */
import type { LabelSelector } from './generated/types.ts';
import { entryOf } from './entry-of.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelMatcher = (labels: Labels | undefined) => boolean;

const none: Labels = {};

/** Nothing matches a missing selector, everything an empty one. Unknown operators match nothing. */
export function labelMatcher(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined) return () => false;
  const equal = Object.entries(selector.matchLabels ?? {});
  const expressions = selector.matchExpressions ?? [];
  return (labels = none) =>
    equal.every(([key, value]) => labels[key] === value) && expressions.every((expression) => matchesExpression(expression, labels));
}

/** A plain map selector, as ReplicationControllers and Services have; a missing or empty one matches nothing. */
export function mapMatcher(selector: Labels | undefined): LabelMatcher {
  const equal = Object.entries(selector ?? {});
  return (labels = none) => equal.length > 0 && equal.every(([key, value]) => labels[key] === value);
}

export interface LabelExpression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** In, NotIn, Exists and DoesNotExist, and the node selector's Gt and Lt (component-helpers scheduling/corev1/nodeaffinity). */
export function matchesExpression({ key, operator, values = [] }: LabelExpression, labels: Labels): boolean {
  const value = entryOf(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && isInteger(value) && isInteger(values[0]) && BigInt(value) > BigInt(values[0] ?? '');
    case 'Lt':
      return value !== undefined && isInteger(value) && isInteger(values[0]) && BigInt(value) < BigInt(values[0] ?? '');
    default:
      return false;
  }
}

function isInteger(text: string | undefined): boolean {
  return text !== undefined && /^-?\d+$/.test(text);
}

/** A selector as Go prints the struct, which events, columns and names of metrics quote (apimachinery pkg/apis/meta/v1/generated.pb.go). */
export function goSelectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'nil';
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key] ?? ''},`);
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}
