/** What pods use, measured only when somebody has to know. */
import { join } from 'node:path';
import type { CommandRunner } from '../../base/command.ts';
import type { PodWorker } from '../pods/worker.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type DiskUse, diskVolumes } from './local-limits.ts';
import type { Starved } from './thresholds.ts';

export interface UsageDeps {
  readonly runtime: Runtime;
  readonly run: CommandRunner;
  readonly podsDir: string;
}

function running(worker: PodWorker): { readonly name: string; readonly id: string }[] {
  return worker.records.flatMap(({ name, current }) => (current?.state === 'running' ? [{ name, id: current.id }] : []));
}

/** Bytes of volumes on disk, and of containers' own layers and logs. */
export async function diskUse({ runtime, run, podsDir }: UsageDeps, worker: PodWorker): Promise<DiskUse> {
  const dir = join(podsDir, worker.pod.metadata.uid, 'volumes', 'kubernetes.io~empty-dir');
  const volumes = diskVolumes(worker.pod).map(async ({ name }) => [name, await folderUse(run, join(dir, name), '--block-size=1')] as const);
  const containers = running(worker).map(async ({ name, id }) => [name, (await runtime.diskUse(id)) ?? 0] as const);
  return { volumes: new Map(await Promise.all(volumes)), containers: new Map(await Promise.all(containers)) };
}

/** Undefined when it cannot be told. */
export async function used(deps: UsageDeps, worker: PodWorker, starved: Starved): Promise<number | undefined> {
  if (starved === 'memory') return memoryUse(deps, worker);
  if (starved === 'pids') return undefined;
  if (starved === 'inodes') return folderUse(deps.run, join(deps.podsDir, worker.pod.metadata.uid), '--inodes');
  const { volumes, containers } = await diskUse(deps, worker);
  return [...volumes.values(), ...containers.values()].reduce((sum, bytes) => sum + bytes, 0);
}

async function memoryUse({ runtime }: UsageDeps, worker: PodWorker): Promise<number | undefined> {
  const current = worker.records.flatMap((record) => (record.current?.state === 'running' ? [record.current] : []));
  const stats = await Promise.all(current.map((container) => runtime.stats(container)));
  return stats.includes(undefined) ? undefined : stats.reduce((sum, one) => sum + (one?.workingSet ?? 0), 0);
}

/** A folder that is not there, or goes while it is looked at, uses nothing. */
async function folderUse(run: CommandRunner, dir: string, unit: string): Promise<number> {
  const text = await run('du', ['--summarize', '--one-file-system', unit, dir]).catch(() => '0');
  return Number.parseInt(text, 10) || 0;
}
