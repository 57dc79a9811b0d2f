/** Two lists of tolerations as one, without those that another one covers (pkg/util/tolerations). */
import { semanticEqual } from '../../api/json.ts';
import type { Toleration } from '../../api/generated/types.ts';

export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  all.forEach((toleration, at) => {
    const covered = merged.some((other) => covers(other, toleration));
    // Of equal ones the first stays.
    const coveredLater = all.slice(at + 1).some((other) => !semanticEqual(other, toleration) && covers(other, toleration));
    if (!covered && !coveredLater) merged.push(toleration);
  });
  return merged;
}

/** Whether `wide` tolerates everything that `narrow` does. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (semanticEqual(wide, narrow)) return true;
  const { key = '', operator = '', effect = '', tolerationSeconds } = wide;
  if ((narrow.key ?? '') !== key && (key !== '' || operator !== 'Exists')) return false;
  if ((narrow.effect ?? '') !== effect && effect !== '') return false;
  if (effect === 'NoExecute' && tolerationSeconds !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > tolerationSeconds) return false;
  }
  if (operator === 'Exists') return true;
  return (operator === 'Equal' || operator === '') && narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '');
}
