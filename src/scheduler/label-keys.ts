/** matchLabelKeys and mismatchLabelKeys: selectors that take values from the pod that states them. */
import type { LabelSelector, Pod } from '../api/generated/types.ts';

interface Keys {
  readonly labelSelector?: LabelSelector;
  readonly matchLabelKeys?: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** The selector with the owner's own values pinned (or excluded). The API server merges those of affinity terms in, too. */
export function selectorWithKeys(
  owner: Pod,
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: Keys,
): LabelSelector | undefined {
  const labels = owner.metadata.labels ?? {};
  const expressions = (keys: readonly string[], operator: string) =>
    keys.filter((key) => key in labels).map((key) => ({ key, operator, values: [labels[key] ?? ''] }));
  const more = [...expressions(matchLabelKeys, 'In'), ...expressions(mismatchLabelKeys, 'NotIn')];
  if (labelSelector === undefined || more.length === 0) return labelSelector;
  return { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...more] };
}
