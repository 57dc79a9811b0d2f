/** Fields behind feature gates that 1.36 leaves off: what a client sends in them is dropped, unless the old object has it already. */
import type { Strategy } from '../../registry/definition.ts';

/** `drop` takes out of the object what the old one does not have. */
export function withoutDisabled<T>(drop: (object: T, old: T | undefined) => void): Strategy<T> {
  return { prepareForCreate: (object) => drop(object, undefined), prepareForUpdate: drop };
}
