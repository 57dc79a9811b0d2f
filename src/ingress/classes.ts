/** Which Ingresses this controller serves (networking/v1 IngressSpec.ingressClassName and the annotation that came before it). */
import type { Ingress, IngressClass } from '../api/generated/types.ts';
import type { New } from '../api/object.ts';
import { isReason } from '../api/errors.ts';
import type { Client } from '../client/client.ts';
import { refs } from '../client/refs.ts';

/** What IngressClasses name to be served here. */
export const controllerName = 'coracle.io/ingress';
const className = 'coracle';
const classAnnotation = 'kubernetes.io/ingress.class';

export function servedClasses(classes: Iterable<IngressClass>): Set<string> {
  const names = new Set<string>();
  for (const { metadata, spec } of classes) if (spec?.controller === controllerName) names.add(metadata.name);
  return names;
}

/** The annotation counts where the field is missing. An Ingress that names no class is nobody's: admission gives it the default one. */
export function isServed({ metadata, spec }: Ingress, classes: ReadonlySet<string>): boolean {
  const name = spec?.ingressClassName ?? metadata.annotations?.[classAnnotation];
  return name !== undefined && classes.has(name);
}

/** Makes the class, the default one, when it is not there; what somebody changed stays. */
export async function ensureIngressClass(client: Client): Promise<void> {
  const wanted: New<IngressClass> = {
    metadata: { name: className, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: controllerName },
  };
  try {
    await client.resource(refs.ingressClasses).create('', wanted);
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
  }
}
