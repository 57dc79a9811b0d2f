/** The environment of a container. The order of precedence is makeEnvironmentVariables of pkg/kubelet/kubelet_pods.go. */
import type { Container, EnvVar, FileKeySelector, Pod, Service } from '../../api/generated/types.ts';
import type { PodReferences } from '../references.ts';
import { expand } from './expand.ts';
import type { PodAddresses } from './field-refs.ts';
import { envFileValue } from './env-file.ts';
import { defaultLimits, fieldValue, resourceValue } from './field-refs.ts';
import { serviceEnv } from './service-env.ts';

export interface EnvInput extends PodAddresses {
  readonly pod: Pod;
  readonly container: Container;
  readonly services: Iterable<Service>;
  readonly references: PodReferences;
  readonly allocatable: Readonly<Record<string, string>>;
  /** The text of a file of one of the pod's volumes, by the volume's name and the path in it; rejects when there is none. */
  readonly volumeFile: (volume: string, path: string) => Promise<string>;
}

/** Something the container asks for is not there; the container cannot be made until it is. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export async function containerEnv(input: EnvInput): Promise<Map<string, string>> {
  const { pod, container } = input;
  const services = serviceEnv(input.services, pod.metadata.namespace ?? '', pod.spec.enableServiceLinks ?? true);
  const env = await envFrom(input);
  const lookup = (name: string): string | undefined => env.get(name) ?? services.get(name);
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom === undefined ? expand(variable.value ?? '', lookup) : await sourcedValue(input, variable);
    if (value !== undefined) env.set(variable.name, value);
  }
  for (const [name, value] of services) if (!env.has(name)) env.set(name, value);
  return env;
}

async function envFrom({ container, references }: EnvInput): Promise<Map<string, string>> {
  const env = new Map<string, string>();
  for (const { configMapRef, secretRef, prefix = '' } of container.envFrom ?? []) {
    if (configMapRef !== undefined) {
      const found = await references.configMap(configMapRef.name ?? '');
      if (found === undefined && configMapRef.optional !== true) throw missing('configmap', configMapRef.name);
      for (const [name, value] of Object.entries(found?.data ?? {})) env.set(prefix + name, value);
    }
    if (secretRef !== undefined) {
      const found = await references.secret(secretRef.name ?? '');
      if (found === undefined && secretRef.optional !== true) throw missing('secret', secretRef.name);
      for (const [name, value] of Object.entries(found?.data ?? {})) env.set(prefix + name, decode(value));
    }
  }
  return env;
}

function missing(kind: string, name = ''): ConfigError {
  return new ConfigError(`${kind} "${name}" not found`);
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

async function sourcedValue(input: EnvInput, { valueFrom = {} }: EnvVar): Promise<string | undefined> {
  const { pod, references } = input;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = valueFrom;
  if (fileKeyRef !== undefined) return fileValue(input, fileKeyRef);
  if (fieldRef !== undefined) {
    const value = fieldValue(pod, fieldRef.fieldPath, input);
    if (value === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    return value;
  }
  if (resourceFieldRef !== undefined) {
    const { containerName, resource, divisor } = resourceFieldRef;
    const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
    const of = containerName === undefined || containerName === '' ? input.container : all.find((other) => other.name === containerName);
    const value =
      of === undefined
        ? undefined
        : resourceValue(of, resource, { ...(divisor === undefined ? {} : { divisor }), limits: defaultLimits(pod, input.allocatable) });
    if (value === undefined) throw new ConfigError(`unsupported container resource : ${resource}`);
    return value;
  }
  if (configMapKeyRef !== undefined) {
    const { name = '', key, optional = false } = configMapKeyRef;
    const found = await references.configMap(name);
    const value = found?.data?.[key];
    if (value !== undefined || optional) return value;
    if (found === undefined) throw missing('configmap', name);
    throw new ConfigError(`couldn't find key ${key} in ConfigMap ${pod.metadata.namespace ?? ''}/${name}`);
  }
  if (secretKeyRef !== undefined) {
    const { name = '', key, optional = false } = secretKeyRef;
    const found = await references.secret(name);
    const value = found?.data?.[key];
    if (value !== undefined) return decode(value);
    if (optional) return undefined;
    if (found === undefined) throw missing('secret', name);
    throw new ConfigError(`couldn't find key ${key} in Secret ${pod.metadata.namespace ?? ''}/${name}`);
  }
  return undefined;
}

async function fileValue(
  { volumeFile }: EnvInput,
  { volumeName, path, key, optional = false }: FileKeySelector,
): Promise<string | undefined> {
  const text = await volumeFile(volumeName, path);
  let value: string;
  try {
    value = envFileValue(text, key);
  } catch (cause) {
    throw new ConfigError("couldn't parse env file", { cause });
  }
  if (value !== '' || optional) return value === '' ? undefined : value;
  throw new ConfigError(`environment variable key "${key}" not found in file "${path}"`);
}
