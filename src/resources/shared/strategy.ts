/** The parts that most kinds' strategies are made of. */
import { cloneJson, semanticEqual } from '../../api/json.ts';
import type { KubeObject } from '../../api/object.ts';
import { saysEmptyInside } from '../../api/schema/said-empty.ts';
import type { Strategy } from '../../registry/definition.ts';

interface Generational {
  metadata: KubeObject['metadata'];
  spec?: unknown;
  status?: unknown;
}

/** A kind with a status subresource: a client's status counts for nothing on create and on update of the object itself. */
export function resetsStatus<T extends Generational>(empty: () => unknown = () => ({})): Strategy<T> {
  return {
    prepareForCreate(object) {
      object.status = empty();
    },
    prepareForUpdate(object, old) {
      object.status = cloneJson(old.status);
    },
  };
}

/** metadata.generation is 1 at first and one more after each change of the spec (`part` picks something else than spec). */
export function countsGeneration<T extends Generational>(part: (object: T) => unknown = (object) => object.spec): Strategy<T> {
  return {
    prepareForCreate(object) {
      object.metadata.generation = 1;
    },
    prepareForUpdate(object, old) {
      if (!semanticEqual(part(object), part(old))) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
  };
}

/** As {@link countsGeneration} where upstream compares by reflection: a list that is said to be empty is another than none. */
export function countsGenerationExactly<T extends Generational>(part: (object: T) => unknown): Strategy<T> {
  return {
    ...countsGeneration(part),
    prepareForUpdate(object, old) {
      if (saysEmptyInside(part(object)) || !semanticEqual(part(object), part(old)))
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
  };
}

/** Status and generation both. */
export function specAndStatus<T extends Generational>(empty?: () => unknown): Strategy<T> {
  return together<T>(resetsStatus<T>(empty), countsGeneration<T>());
}

/**
 * One strategy of several: prepare hooks and `default` run in order, faults and warnings are added up, of everything else the
 * last one counts.
 */
export function together<T>(...parts: readonly Strategy<T>[]): Strategy<T> {
  const all = <Name extends keyof Strategy<T>>(name: Name): NonNullable<Strategy<T>[Name]>[] =>
    parts.flatMap((part) => {
      const hook = part[name];
      return hook === undefined ? [] : [hook];
    });
  const merged: { -readonly [Name in keyof Strategy<T>]: Strategy<T>[Name] } = Object.assign({}, ...parts) as Strategy<T>;
  const defaults = all('default');
  if (defaults.length > 1) merged.default = (object) => defaults.forEach((hook) => hook(object));
  const creates = all('prepareForCreate');
  if (creates.length > 1) merged.prepareForCreate = (object, context) => creates.forEach((hook) => hook(object, context));
  const updates = all('prepareForUpdate');
  if (updates.length > 1) merged.prepareForUpdate = (object, old, context) => updates.forEach((hook) => hook(object, old, context));
  const checks = all('validate');
  if (checks.length > 1) merged.validate = (object, context) => checks.flatMap((hook) => hook(object, context));
  const updateChecks = all('validateUpdate');
  if (updateChecks.length > 1) merged.validateUpdate = (object, old, context) => updateChecks.flatMap((hook) => hook(object, old, context));
  return merged;
}
