/** What ConfigMap, Secret, downward API and projected volumes hold. */
import type {
  ConfigMap,
  Container,
  KeyToPath,
  Pod,
  ProjectedVolumeSource,
  Secret,
  DownwardAPIVolumeFile,
} from '../../api/generated/types.ts';
import type { PodAddresses } from '../containers/field-refs.ts';
import { defaultLimits, fieldValue, resourceValue } from '../containers/field-refs.ts';
import type { PodReferences } from '../references.ts';
import type { FileContent, Payload } from './atomic-writer.ts';
import type { TokenSource } from './tokens.ts';

/** A volume cannot be made now; the pod waits and tries again. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
  /** The persistent volume that it is about, and the step that failed, where events name them. */
  readonly volume: string | undefined;
  readonly step: string | undefined;
  constructor(message: string, { volume, step }: { volume?: string; step?: string } = {}) {
    super(message);
    this.volume = volume;
    this.step = step;
  }
}

export interface ContentInput extends PodAddresses {
  readonly pod: Pod;
  readonly references: PodReferences;
  readonly tokens: TokenSource;
  readonly allocatable: Readonly<Record<string, string>>;
}

interface KeyedSource {
  readonly kind: 'configmap' | 'secret';
  readonly name: string;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean;
  readonly defaultMode: number;
}

type Files = Map<string, FileContent>;

export async function configMapFiles(
  input: ContentInput,
  source: { name?: string; items?: KeyToPath[]; optional?: boolean },
  defaultMode: number,
): Promise<Files> {
  const { name = '', items, optional = false } = source;
  const found = await input.references.configMap(name);
  return pick(found === undefined ? undefined : configMapData(found), { kind: 'configmap', name, items, optional, defaultMode });
}

export async function secretFiles(
  input: ContentInput,
  source: { name?: string; items?: KeyToPath[]; optional?: boolean },
  defaultMode: number,
): Promise<Files> {
  const { name = '', items, optional = false } = source;
  const found = await input.references.secret(name);
  return pick(found === undefined ? undefined : secretData(found), { kind: 'secret', name, items, optional, defaultMode });
}

function configMapData(object: ConfigMap): Map<string, Buffer> {
  const text = Object.entries(object.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const);
  const binary = Object.entries(object.binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const);
  return new Map([...text, ...binary]);
}

function secretData(object: Secret): Map<string, Buffer> {
  return new Map(Object.entries(object.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

function pick(data: Map<string, Buffer> | undefined, source: KeyedSource): Files {
  const { kind, name, items, optional, defaultMode } = source;
  if (data === undefined && !optional) throw new VolumeError(`${kind} "${name}" not found`);
  const files: Files = new Map();
  if (items === undefined || items.length === 0) {
    for (const [key, value] of data ?? []) files.set(key, { data: value, mode: defaultMode });
    return files;
  }
  for (const { key, path, mode } of items) {
    const value = data?.get(key);
    if (value !== undefined) files.set(path, { data: value, mode: mode ?? defaultMode });
    else if (!optional)
      throw new VolumeError(
        kind === 'secret' ? `references non-existent secret key: ${key}` : `configmap references non-existent config key: ${key}`,
      );
  }
  return files;
}

export function downwardFiles(input: ContentInput, items: readonly DownwardAPIVolumeFile[], defaultMode: number): Files {
  const files: Files = new Map();
  for (const { path, fieldRef, resourceFieldRef, mode } of items) {
    const value = fieldRef === undefined ? resourceText(input, resourceFieldRef) : fieldValue(input.pod, fieldRef.fieldPath, input);
    if (value === undefined) throw new VolumeError(`unsupported field of downward API item ${path}`);
    files.set(path, { data: Buffer.from(value), mode: mode ?? defaultMode });
  }
  return files;
}

function resourceText(input: ContentInput, source: DownwardAPIVolumeFile['resourceFieldRef']): string | undefined {
  if (source === undefined) return undefined;
  const all: readonly Container[] = [...input.pod.spec.containers, ...(input.pod.spec.initContainers ?? [])];
  const container = all.find((other) => other.name === source.containerName);
  if (container === undefined) return undefined;
  return resourceValue(container, source.resource, {
    ...(source.divisor === undefined ? {} : { divisor: source.divisor }),
    limits: defaultLimits(input.pod, input.allocatable),
  });
}

/** The one user all containers run as; a token file belongs to it. */
function commonUser(pod: Pod): number | undefined {
  const users = pod.spec.containers.map((container) => container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser);
  return users.every((user) => user === users[0]) ? users[0] : undefined;
}

export async function projectedFiles(input: ContentInput, source: ProjectedVolumeSource): Promise<Payload> {
  const mode = source.defaultMode ?? 0o644;
  const files: Files = new Map();
  const add = (more: Files): void => {
    for (const [path, file] of more) files.set(path, file);
  };
  for (const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } of source.sources ?? []) {
    // Both are off unless somebody turns them on (ClusterTrustBundleProjection, PodCertificateRequest).
    if (clusterTrustBundle !== undefined) throw new VolumeError('ClusterTrustBundle projection is not supported by this node');
    if (podCertificate !== undefined) throw new VolumeError('PodCertificate projection is not supported by this node');
    if (configMap !== undefined) add(await configMapFiles(input, configMap, mode));
    if (secret !== undefined) add(await secretFiles(input, secret, mode));
    if (downwardAPI !== undefined) add(downwardFiles(input, downwardAPI.items ?? [], mode));
    if (serviceAccountToken !== undefined) {
      const { path, audience = '', expirationSeconds = 3600 } = serviceAccountToken;
      const uid = commonUser(input.pod);
      const guarded = uid !== undefined || input.pod.spec.securityContext?.fsGroup !== undefined;
      const data = Buffer.from(await input.tokens.token(input.pod, audience, expirationSeconds));
      files.set(path, { data, mode: guarded ? 0o600 : mode, ...(uid === undefined ? {} : { uid }) });
    }
  }
  return files;
}
