/** Taints and tolerations: component-helpers scheduling/corev1/helpers.go, api core/v1 toleration.go. */
import type { Taint, Toleration } from './generated/types.ts';

export function tolerates(tolerations: readonly Toleration[] | undefined, taint: Taint): boolean {
  return tolerations?.some((toleration) => toleratesTaint(toleration, taint)) === true;
}

function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  if ((toleration.effect ?? '') !== '' && toleration.effect !== taint.effect) return false;
  if ((toleration.key ?? '') !== '' && toleration.key !== taint.key) return false;
  const operator = (toleration.operator ?? '') === '' ? 'Equal' : toleration.operator;
  if (operator === 'Exists') return true;
  return operator === 'Equal' && (toleration.key ?? '') !== '' && (toleration.value ?? '') === (taint.value ?? '');
}

/** The first taint with one of these effects that is not tolerated. */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined {
  return taints?.find((taint) => effects.includes(taint.effect) && !tolerates(tolerations, taint));
}
