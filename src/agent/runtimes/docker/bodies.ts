/** What Docker is asked for to make a sandbox or a container; pure. */
import { type ContainerConfig, type LogLimits, type Sandbox, type SandboxConfig, usualLogs } from '../runtime.ts';
import type { Owner } from './labels.ts';
import { writeLabels } from './labels.ts';
import { sandboxImages } from './pause-image.ts';
import type { HostPrivileges } from './privileges.ts';
import { capabilityLists } from './privileges.ts';

export interface CreateRequest {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Docker's names: the dockershim's form, so that people recognise them; the uid keeps clusters apart. */
function containerName(
  container: string,
  pod: { readonly name: string; readonly namespace: string; readonly uid: string },
  attempt: number,
): string {
  return `k8s_${container}_${pod.name}_${pod.namespace}_${pod.uid}_${attempt}`;
}

/**
 * A cgroup path as the engine's driver wants it: systemd takes the name of a slice, in which each dash is a level
 * (pkg/kubelet/cm, ToSystemd).
 */
export function cgroupName(path: string, driver: CgroupDriver): string {
  if (driver === 'cgroupfs') return path;
  const parts = path.split('/').filter((part) => part !== '');
  return `${parts.map((part) => part.replaceAll('-', '_')).join('-')}.slice`;
}

export type CgroupDriver = 'cgroupfs' | 'systemd';

/** How the sandbox gets its network namespace: the host's, one of its own made by the pause program, or one made by Docker. */
export type NetworkMode = 'host' | 'unshare' | 'none';

/** Docker sets net sysctls only in a namespace it made itself. */
export function networkMode(config: SandboxConfig): NetworkMode {
  if (config.hostNetwork) return 'host';
  return Object.keys(config.sysctls).some((name) => name.startsWith('net.')) ? 'none' : 'unshare';
}

const ipv6Sysctls = {
  'net.ipv6.conf.all.disable_ipv6': '0',
  'net.ipv6.conf.default.disable_ipv6': '0',
  'net.ipv6.conf.lo.disable_ipv6': '0',
};

export function sandboxRequest(config: SandboxConfig, { owner, driver }: Pick<HostFacts, 'owner' | 'driver'>): CreateRequest {
  const mode = networkMode(config);
  return {
    name: containerName('POD', config.pod, config.attempt),
    body: {
      Image: mode === 'unshare' ? sandboxImages.own : sandboxImages.shared,
      Hostname: config.hostname,
      Labels: writeLabels(owner, { kind: 'sandbox', pod: config.pod, container: 'POD', attempt: config.attempt, handler: config.handler }),
      HostConfig: {
        NetworkMode: mode === 'none' ? 'none' : 'host',
        IpcMode: config.hostIPC ? 'host' : 'shareable',
        ...(config.hostPID ? { PidMode: 'host' } : {}),
        ...(config.handler === '' ? {} : { Runtime: config.handler }),
        CapDrop: ['ALL'],
        ...(mode === 'unshare' ? { CapAdd: ['SYS_ADMIN'] } : {}),
        CgroupParent: cgroupName(config.cgroupParent, driver),
        LogConfig: { Type: 'none' },
        CpuShares: 2,
        Sysctls: { ...(mode === 'none' ? ipv6Sysctls : {}), ...config.sysctls },
      },
    },
  };
}

/** `Binds` rather than `Mounts`: only they carry propagation and make a missing source. */
function binds(config: ContainerConfig): string[] {
  return config.mounts.map(({ hostPath, containerPath, readOnly, propagation }) => {
    const flags = [...(readOnly ? ['ro'] : []), ...(propagation === 'private' ? [] : [propagation])];
    return `${hostPath}:${containerPath}${flags.length === 0 ? '' : `:${flags.join(',')}`}`;
  });
}

function securityOptions(config: ContainerConfig): string[] {
  const { security } = config;
  const options: string[] = [];
  if (security.privileged || security.seccomp === 'unconfined') options.push('seccomp=unconfined');
  else if (security.seccomp !== 'default') options.push(`seccomp=${security.seccomp}`);
  const appArmor = security.appArmor === '' && security.privileged ? 'unconfined' : security.appArmor;
  if (appArmor !== '') options.push(`apparmor=${appArmor}`);
  if (security.noNewPrivileges && !security.privileged) options.push('no-new-privileges');
  return options;
}

/** A machine that lacks capabilities refuses `--privileged`; all it has, without the usual confinement, comes close. */
function privilege(config: ContainerConfig, host: HostPrivileges): Record<string, unknown> {
  if (config.security.privileged && host.complete) return { Privileged: true };
  const add = config.security.privileged ? ['ALL'] : config.security.addCapabilities;
  const lists = capabilityLists(add, config.security.privileged ? [] : config.security.dropCapabilities, host);
  return { CapAdd: lists.add, CapDrop: lists.drop };
}

function resourceFields(config: ContainerConfig, host: HostPrivileges): Record<string, unknown> {
  const { cpuShares, cpuQuota, cpuPeriod, memoryBytes, oomScoreAdj } = config.resources;
  return {
    ...(cpuShares === undefined ? {} : { CpuShares: cpuShares }),
    ...(cpuQuota === undefined ? {} : { CpuQuota: cpuQuota, CpuPeriod: cpuPeriod ?? 100_000 }),
    // Equal to memory: no swap. Docker refuses less than 6 MB.
    ...(memoryBytes === undefined ? {} : { Memory: Math.max(memoryBytes, 6 << 20), MemorySwap: Math.max(memoryBytes, 6 << 20) }),
    ...(oomScoreAdj === undefined || (oomScoreAdj < 0 && !host.complete) ? {} : { OomScoreAdj: oomScoreAdj }),
  };
}

function pidMode(config: ContainerConfig, sandbox: string): Record<string, unknown> {
  if (config.processes === 'own') return {};
  if (config.processes === 'host') return { PidMode: 'host' };
  return { PidMode: config.processes === 'pod' ? sandbox : `container:${config.processes.containerId}` };
}

export interface HostFacts {
  readonly owner: Owner;
  readonly host: HostPrivileges;
  readonly driver: CgroupDriver;
  readonly logs?: LogLimits | undefined;
}

/** What was rotated away is compressed, as the kubelet does; Docker refuses that where nothing is kept. */
function logConfig({ maxBytes, maxFiles }: LogLimits): object {
  const sizes = { 'max-size': String(maxBytes), 'max-file': String(maxFiles) };
  return { Type: 'json-file', Config: maxFiles > 1 ? { ...sizes, compress: 'true' } : sizes };
}

export function containerRequest(
  config: ContainerConfig,
  { id, handler }: Pick<Sandbox, 'id' | 'handler'>,
  { owner, host, driver, logs = usualLogs }: HostFacts,
): CreateRequest {
  const sandbox = `container:${id}`;
  const devices = config.devices.map((device) => ({
    PathOnHost: device.hostPath,
    PathInContainer: device.containerPath,
    CgroupPermissions: device.permissions,
  }));
  return {
    name: containerName(config.name, config.pod, config.restartCount),
    body: {
      // An image without a repository name can only be named by its id.
      Image: config.imageID === '' ? config.image : config.imageID,
      ...(config.command === undefined ? {} : { Entrypoint: config.command }),
      ...(config.args === undefined ? {} : { Cmd: config.args }),
      Env: config.env,
      WorkingDir: config.workingDir,
      User: config.security.user,
      OpenStdin: config.stdin,
      StdinOnce: config.stdin && config.stdinOnce,
      Tty: config.tty,
      ...(config.stopSignal === '' ? {} : { StopSignal: config.stopSignal }),
      Healthcheck: { Test: ['NONE'] },
      Labels: writeLabels(owner, { ...config, container: config.name, attempt: config.restartCount }),
      HostConfig: {
        NetworkMode: sandbox,
        ...(handler === undefined ? {} : { Runtime: handler }),
        IpcMode: sandbox,
        ...pidMode(config, sandbox),
        Binds: binds(config),
        ...(devices.length === 0 ? {} : { Devices: devices }),
        CgroupParent: cgroupName(config.cgroupParent, driver),
        GroupAdd: config.security.groups,
        ReadonlyRootfs: config.security.readOnlyRoot,
        SecurityOpt: securityOptions(config),
        ...(config.security.privileged || config.security.unmaskedProc ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
        LogConfig: logConfig(logs),
        ...privilege(config, host),
        ...resourceFields(config, host),
      },
    },
  };
}
