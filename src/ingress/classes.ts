/** Which Ingresses this controller serves (networking/v1 IngressSpec.ingressClassName and the annotation that came before it). */
import type { ConfigMap, Ingress, IngressClass } from '../api/generated/types.ts';
import type { New } from '../api/object.ts';
import { isReason } from '../api/errors.ts';
import type { Client } from '../client/client.ts';
import { joinKey } from '../client/informer-store.ts';
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

export function classNameOf({ metadata, spec }: Ingress): string | undefined {
  return spec?.ingressClassName ?? metadata.annotations?.[classAnnotation];
}

/**
 * The annotation counts where the field is missing. An Ingress that names no class is served too: a cluster that has no default class would
 * leave it to nobody, and in one that has it admission has given it that.
 */
export function isServed(ingress: Ingress, classes: ReadonlySet<string>): boolean {
  const name = classNameOf(ingress);
  return name === undefined || classes.has(name);
}

type ConfigMaps = (key: string) => ConfigMap | undefined;

/** What the parameters of the Ingress's class say for all Ingresses of it; an Ingress without a class is as one of `coracle`. */
export function defaultsOf(
  ingress: Ingress,
  ingressClass: (name: string) => IngressClass | undefined,
  configMap: ConfigMaps,
): Readonly<Record<string, string>> {
  const found = ingressClass(classNameOf(ingress) ?? className);
  return (found && parametersOf(found, configMap)?.data) ?? {};
}

/** Parameters are a ConfigMap of some namespace. */
function parametersOf({ spec }: IngressClass, configMap: ConfigMaps): ConfigMap | undefined {
  const { apiGroup = '', kind, namespace, name } = spec?.parameters ?? {};
  return apiGroup === '' && kind === 'ConfigMap' && namespace !== undefined && name !== undefined
    ? configMap(joinKey(namespace, name))
    : undefined;
}

/** Why a class's parameters do not count; undefined when they do, or it has none. */
export function parametersFault(ingressClass: IngressClass, configMap: ConfigMaps): string | undefined {
  const { metadata, spec } = ingressClass;
  if (spec?.parameters === undefined || parametersOf(ingressClass, configMap) !== undefined) return undefined;
  return `the parameters of IngressClass "${metadata.name}" are not a ConfigMap of a namespace that is there`;
}

/**
 * Makes the class when it is not there; what somebody changed stays. It is not the default one: that is for the cluster's owner to say, as
 * everywhere.
 */
export async function ensureIngressClass(client: Client): Promise<void> {
  const wanted: New<IngressClass> = { metadata: { name: className }, spec: { controller: controllerName } };
  try {
    await client.resource(refs.ingressClasses).create('', wanted);
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error;
  }
}
