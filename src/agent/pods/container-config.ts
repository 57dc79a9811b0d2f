/** Everything a container is made of, out of its pod and what the pod names. */
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { Pod } from '../../api/generated/types.ts';
import { ConfigError, containerEnv } from '../containers/env.ts';
import { expand } from '../containers/expand.ts';
import { cgroupParent, resourceLimits } from '../containers/resources.ts';
import { securityConfig } from '../containers/security.ts';
import type { PodReferences } from '../references.ts';
import type { ContainerConfig, Image, Mount } from '../runtimes/runtime.ts';
import type { PreparedVolume } from '../volumes/mounts.ts';
import { containerDevices, containerMounts, ensureWritableFile } from '../volumes/mounts.ts';
import { subPathsDir } from '../volumes/pod-volumes.ts';
import type { PodDeps } from './deps.ts';
import type { ContainerSpec } from './model.ts';
import { specHash } from './model.ts';

export interface ConfigInput {
  readonly deps: PodDeps;
  readonly pod: Pod;
  readonly spec: ContainerSpec;
  readonly attempt: number;
  readonly image: Image;
  readonly podDir: string;
  readonly podIPs: readonly string[];
  readonly volumes: ReadonlyMap<string, PreparedVolume>;
  readonly references: PodReferences;
  /** Container whose processes an ephemeral one looks at. */
  readonly targetId: string | undefined;
}

/** Rejects with a ConfigError when something the container names is not there. */
export async function containerConfig(input: ConfigInput): Promise<ContainerConfig> {
  const { deps, pod, spec, image } = input;
  const { container } = spec;
  await deps.servicesSynced;
  const env = await containerEnv({
    pod,
    container,
    services: deps.services(),
    references: input.references,
    allocatable: deps.allocatable,
    podIPs: input.podIPs,
    hostIPs: deps.hostIPs,
    volumeFile: (volume, path) => volumeFile(input.volumes, volume, path),
  });
  const lookup = (name: string): string | undefined => env.get(name);
  const expanded = (texts: readonly string[] | undefined): string[] | undefined =>
    texts === undefined || texts.length === 0 ? undefined : texts.map((text) => expand(text, lookup));
  const security = securityConfig({ pod, container, imageUser: image.user, seccompProfile: (name) => profile(deps.seccompDir, name) });
  const terminationLog = deps.runtime.real ? join(input.podDir, 'containers', container.name, String(input.attempt)) : '';
  const command = expanded(container.command);
  const args = expanded(container.args);
  return {
    pod: { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
    name: container.name,
    kind: spec.role === 'init' ? 'init' : spec.role === 'ephemeral' ? 'ephemeral' : 'main',
    restartCount: input.attempt,
    specHash: specHash(spec),
    image: imageName(container.image ?? ''),
    imageID: image.id,
    command,
    args,
    env: [...env].map(([name, value]) => `${name}=${value}`),
    workingDir: container.workingDir ?? '',
    mounts: deps.runtime.real ? await allMounts(input, env, terminationLog) : [],
    devices: deps.runtime.real ? containerDevices(container, input.volumes) : [],
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    stopSignal: container.lifecycle?.stopSignal ?? '',
    resources: resourceLimits(pod, container, deps.machineMemory),
    security,
    cgroupParent: cgroupParent(pod),
    terminationLog,
    processes:
      input.targetId !== undefined
        ? { containerId: input.targetId }
        : pod.spec.hostPID === true
          ? 'host'
          : pod.spec.shareProcessNamespace === true
            ? 'pod'
            : 'own',
  };
}

async function volumeFile(volumes: ConfigInput['volumes'], name: string, path: string): Promise<string> {
  const volume = volumes.get(name);
  if (volume === undefined) throw new ConfigError(`cannot find the volume "${name}" referenced by FileKeyRef`);
  try {
    const root = await realpath(volume.hostPath);
    const file = await realpath(join(root, path));
    if (!file.startsWith(`${root}/`)) throw new Error('the path leads out of the volume');
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError("couldn't parse env file", { cause });
  }
}

function imageName(image: string): string {
  return image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`;
}

function profile(dir: string, name: string): string | undefined {
  if (normalize(name).startsWith('..')) return undefined;
  try {
    return readFileSync(join(dir, name), 'utf8');
  } catch {
    return undefined;
  }
}

async function allMounts(input: ConfigInput, env: ReadonlyMap<string, string>, terminationLog: string): Promise<Mount[]> {
  const { container } = input.spec;
  const subPaths = { dir: join(input.podDir, subPathsDir), run: input.deps.run };
  const mounts = await containerMounts({ container, volumes: input.volumes, env, subPaths });
  const taken = new Set(mounts.map((mount) => mount.containerPath));
  const add = (hostPath: string, containerPath: string): void => {
    if (!taken.has(containerPath)) mounts.push({ hostPath, containerPath, readOnly: false, propagation: 'private' });
  };
  add(join(input.podDir, 'etc-hosts'), '/etc/hosts');
  add(join(input.podDir, 'resolv.conf'), '/etc/resolv.conf');
  const path = container.terminationMessagePath ?? '/dev/termination-log';
  if (path !== '') {
    await mkdir(join(input.podDir, 'containers', container.name), { recursive: true });
    await ensureWritableFile(terminationLog);
    add(terminationLog, path);
  }
  return mounts;
}

/** At most so many bytes, the last ones, of a termination message, and of the log that stands in for it (pkg/kubelet/container). */
const maxMessage = 4096;
const maxLogMessage = 2048;

/** What a container left to say: its file, or after a failure the end of its log when the pod asks for that. */
export async function terminationMessage(
  deps: PodDeps,
  spec: ContainerSpec,
  ended: { id: string; exitCode: number; terminationLog: string },
): Promise<string> {
  if (ended.terminationLog !== '') {
    const text = await readFile(ended.terminationLog).catch(() => Buffer.alloc(0));
    if (text.length > 0) return lastBytes(text, maxMessage);
  }
  if (spec.container.terminationMessagePolicy !== 'FallbackToLogsOnError' || ended.exitCode === 0) return '';
  try {
    const stream = await deps.runtime.logs(ended.id, { follow: false, timestamps: false, tailLines: 80, streams: 'all' });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
    return lastBytes(Buffer.concat(chunks), maxLogMessage);
  } catch {
    return '';
  }
}

function lastBytes(text: Buffer, bytes: number): string {
  return text.subarray(Math.max(0, text.length - bytes)).toString();
}
