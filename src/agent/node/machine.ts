/** What this machine is and has. */
import { readdir, readFile, statfs } from 'node:fs/promises';
import { arch, cpus, release, totalmem } from 'node:os';
import type { NodeSystemInfo } from '../../api/generated/types.ts';

export interface Machine {
  readonly capacity: Readonly<Record<string, string>>;
  readonly info: NodeSystemInfo;
}

/** Names of architectures as Go and so Kubernetes spell them. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  ia32: '386',
  s390x: 's390x',
  ppc64: 'ppc64le',
  riscv64: 'riscv64',
};

export const kubeletVersion = 'v1.36.3+coracle';

async function text(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return '';
  }
}

/** PRETTY_NAME of /etc/os-release. */
export function osImage(osRelease: string): string {
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(osRelease)?.[1] ?? 'Linux';
}

export async function readMachine(options: {
  readonly dataDir: string;
  readonly maxPods: number;
  /** 0: however many processors there are. */
  readonly podsPerCore?: number;
  readonly runtimeVersion: string;
}): Promise<Machine> {
  const { maxPods, podsPerCore = 0 } = options;
  const [machineID, bootID, systemUUID, osRelease, meminfo, pages, disk] = await Promise.all([
    text('/etc/machine-id'),
    text('/proc/sys/kernel/random/boot_id'),
    text('/sys/class/dmi/id/product_uuid'),
    text('/etc/os-release'),
    text('/proc/meminfo'),
    hugePages(),
    statfs(options.dataDir).catch(() => undefined),
  ]);
  const storage = disk === undefined ? 0 : Math.floor((disk.blocks * disk.bsize) / 1024);
  return {
    capacity: {
      cpu: String(cpus().length),
      'ephemeral-storage': `${storage}Ki`,
      ...pages,
      memory: `${Math.floor(totalmem() / 1024)}Ki`,
      pods: String(podsPerCore > 0 ? Math.min(maxPods, podsPerCore * cpus().length) : maxPods),
    },
    info: {
      architecture: architectures[arch()] ?? arch(),
      bootID,
      containerRuntimeVersion: options.runtimeVersion,
      kernelVersion: release(),
      kubeletVersion,
      kubeProxyVersion: '',
      machineID,
      operatingSystem: 'linux',
      osImage: osImage(osRelease),
      systemUUID: systemUUID === '' ? machineID : systemUUID,
      ...swap(meminfo),
    },
  };
}

function swap(meminfo: string): { swap?: { capacity: number } } {
  const kib = Number(/^SwapTotal:\s+(\d+)/m.exec(meminfo)?.[1] ?? 0);
  return kib === 0 ? {} : { swap: { capacity: kib * 1024 } };
}

/** `hugepages-2Mi` and its like, by the sizes that this kernel has; x86's two where it tells none. */
async function hugePages(): Promise<Record<string, string>> {
  const root = '/sys/kernel/mm/hugepages';
  const found = await readdir(root).catch(() => []);
  const sizes = await Promise.all(
    found.map(async (name) => {
      const kib = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0);
      const bytes = Number(await text(`${root}/${name}/nr_hugepages`)) * kib * 1024;
      const [size, unit] = kib % (1 << 20) === 0 ? [kib >> 20, 'Gi'] : [kib >> 10, 'Mi'];
      return [`hugepages-${String(size)}${unit}`, bytes === 0 ? '0' : `${String(bytes >> 20)}Mi`] as const;
    }),
  );
  return sizes.length === 0 ? { 'hugepages-1Gi': '0', 'hugepages-2Mi': '0' } : Object.fromEntries(sizes.sort());
}
