/** Makes a pod ready for its containers: folders, volumes, sandbox, network, and the files every container gets. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../api/generated/types.ts';
import { refs } from '../../client/refs.ts';
import { cgroupParent } from '../containers/resources.ts';
import { hostsFile, parseResolvConf, podHostname, resolvConf } from '../containers/etc-files.ts';
import type { HostPort } from '../network/pod-network.ts';
import type { Sandbox } from '../runtimes/runtime.ts';
import type { PodDeps } from './deps.ts';
import { podText } from './model.ts';
import { sysctlName } from './unsupported.ts';

export interface PreparedSandbox {
  readonly sandbox: Sandbox;
  readonly podIPs: readonly string[];
}

export interface SandboxInput {
  readonly deps: PodDeps;
  readonly pod: Pod;
  readonly podDir: string;
  /** The sandbox that is there already, if it runs. */
  readonly existing: Sandbox | undefined;
  readonly attempt: number;
  /** Called as soon as there is a new sandbox, so that it is not lost when a later step fails. */
  made(sandbox: Sandbox): void;
}

export function hostPorts(pod: Pod): HostPort[] {
  if (pod.spec.hostNetwork === true) return [];
  const containers = [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always'),
  ];
  return containers.flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort = 0, hostIP = '', containerPort, protocol = 'TCP' }) =>
      hostPort === 0 ? [] : [{ hostIP, hostPort, containerPort, protocol: protocol as HostPort['protocol'] }],
    ),
  );
}

export async function prepareSandbox(input: SandboxInput): Promise<PreparedSandbox> {
  const { deps, pod } = input;
  const { hostname, domain } = podHostname(pod, deps.clusterDomain);
  const handler = input.existing === undefined ? await handlerOf(deps, pod) : '';
  const network = pod.spec.hostNetwork === true ? undefined : await deps.network;
  const sandbox =
    input.existing ??
    (await deps.runtime.runSandbox(
      sandboxConfig(input, domain !== '' && pod.spec.setHostnameAsFQDN === true ? `${hostname}.${domain}` : hostname, handler),
    ));
  input.made(sandbox);
  const podIPs = await connect(input, sandbox, network);
  if (deps.runtime.real) {
    const nodeHosts = pod.spec.hostNetwork === true ? await readFile('/etc/hosts', 'utf8').catch(() => '') : '';
    await Promise.all([
      writeIfChanged(join(input.podDir, 'etc-hosts'), hostsFile({ pod, podIPs, hostname, domain, nodeHosts })),
      resolverFile(deps, pod).then((text) => writeIfChanged(join(input.podDir, 'resolv.conf'), text)),
    ]);
  }
  return { sandbox, podIPs };
}

/** The runtime's handler for the pod. Rejects what no sandbox here can do, in the kubelet's words. */
async function handlerOf({ runtime, client }: PodDeps, pod: Pod): Promise<string> {
  const { hostUsers, runtimeClassName = '' } = pod.spec;
  const failed = (why: string): Error => new Error(`Failed to create sandbox for pod "${podText(pod)}": ${why}`);
  let handler = '';
  if (runtimeClassName !== '') {
    try {
      ({ handler } = await client.resource(refs.runtimeClasses).get('', runtimeClassName));
    } catch (error) {
      throw failed(error instanceof Error ? error.message : String(error));
    }
  }
  if (hostUsers === false) {
    const who = handler === '' ? 'runtime' : `RuntimeClass handler "${handler}"`;
    const why = `can't set \`spec.hostUsers: false\`, ${who} does not support user namespaces`;
    throw new Error(`Failed to generate sandbox config for pod "${podText(pod)}": ${why}`);
  }
  if (handler !== '' && !(await runtime.handlers()).includes(handler)) throw failed(`no runtime for "${handler}" is configured`);
  return handler;
}

function sandboxConfig({ pod, attempt }: SandboxInput, hostname: string, handler: string): Parameters<PodDeps['runtime']['runSandbox']>[0] {
  const { metadata, spec } = pod;
  return {
    pod: { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid },
    attempt,
    // With the host's network goes the host's name.
    hostname: spec.hostNetwork === true ? '' : hostname,
    hostNetwork: spec.hostNetwork === true,
    hostPID: spec.hostPID === true,
    hostIPC: spec.hostIPC === true,
    cgroupParent: cgroupParent(pod),
    sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map(({ name, value }) => [sysctlName(name), value])),
    handler,
    annotations: metadata.annotations ?? {},
  };
}

async function connect(input: SandboxInput, sandbox: Sandbox, network: Awaited<PodDeps['network']>): Promise<readonly string[]> {
  const { deps, pod } = input;
  if (pod.spec.hostNetwork === true) return deps.hostIPs;
  if (!deps.runtime.real) return [simulatedIP(pod.metadata.uid)];
  if (network === undefined) return [];
  const { uid, name, namespace = '' } = pod.metadata;
  return network.attach({ uid, namespace, name, pid: sandbox.pid }, hostPorts(pod));
}

/** An address in 10.0.0.0/8 that is the pod's as long as it lives; nothing answers there. */
function simulatedIP(uid: string): string {
  const hex = uid.replaceAll('-', '');
  return `10.${[0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) || 1).join('.')}`;
}

async function resolverFile(deps: PodDeps, pod: Pod): Promise<string> {
  const node = parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''));
  return resolvConf({ pod, clusterDNS: deps.clusterDNS, clusterDomain: deps.clusterDomain, node });
}

/** In place: the file is mounted into containers, a new one in its stead would not be seen. */
async function writeIfChanged(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) !== text) await writeFile(path, text, { mode: 0o644 });
}

export async function makePodFolders(podDir: string): Promise<void> {
  await mkdir(podDir, { recursive: true, mode: 0o750 });
}
