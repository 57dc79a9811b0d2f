/** metav1.Condition lists: apimachinery pkg/api/meta/conditions.go SetStatusCondition. */
import type { components } from './generated/types.ts';

export type Condition = components['schemas']['io.k8s.apimachinery.pkg.apis.meta.v1.Condition'];

/** The list with this condition in it; the transition time moves only with the status. `now` as RFC 3339. */
export function withStatusCondition(
  conditions: readonly Condition[] | undefined,
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): Condition[] {
  const old = conditions?.find(({ type }) => type === condition.type);
  const next = { ...condition, lastTransitionTime: old?.status === condition.status ? old.lastTransitionTime : now };
  return old === undefined ? [...(conditions ?? []), next] : (conditions ?? []).map((one) => (one === old ? next : one));
}
