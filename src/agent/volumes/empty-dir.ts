/** emptyDir volumes (pkg/volume/emptydir). */
import { chmod, lstat, mkdir, readFile } from 'node:fs/promises';
import type { EmptyDirVolumeSource, Pod } from '../../api/generated/types.ts';
import { tryParseQuantity } from '../../api/quantity.ts';
import type { CommandRunner } from '../../base/command.ts';
import { podLimits } from '../containers/resources.ts';
import { VolumeError } from './content.ts';
import { mountPoints } from './mount-points.ts';
import { giveToGroup } from './ownership.ts';

export interface EmptyDirInput {
  readonly pod: Pod;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly run: CommandRunner;
}

/** Bytes of a volume in memory: no more than its pod, or all pods together, may have (calculateEmptyDirMemorySize); undefined: nobody knows. */
export function memoryVolumeBytes(source: EmptyDirVolumeSource, pod: Pod, allocatable: EmptyDirInput['allocatable']): number | undefined {
  const amount = (text: string | undefined): number => (text === undefined ? 0 : (tryParseQuantity(text)?.value() ?? 0));
  const bounds = [amount(allocatable['memory']), podLimits(pod).memoryBytes ?? 0, amount(source.sizeLimit)].filter((bytes) => bytes > 0);
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}

/** Makes the folder, unless it is there. Rejects with a VolumeError for a medium that this node does not have. */
export async function makeEmptyDir(dir: string, source: EmptyDirVolumeSource, input: EmptyDirInput): Promise<void> {
  const { medium = '' } = source;
  if (medium.startsWith('HugePages')) throw new VolumeError(`storage medium "${medium}" is not offered by this node`);
  if (medium !== '' && medium !== 'Memory') throw new VolumeError(`unknown storage medium "${medium}"`);
  const isThere = (await lstat(dir).catch(() => undefined)) !== undefined;
  // A mount may be missing: it failed, or the machine has started again.
  if (isThere && (medium === '' || mountPoints(await readFile('/proc/self/mounts', 'utf8')).includes(dir))) return;
  await mkdir(dir, { recursive: true });
  if (medium === 'Memory') {
    const bytes = memoryVolumeBytes(source, input.pod, input.allocatable);
    await input.run('mount', ['-t', 'tmpfs', '-o', `mode=0777${bytes === undefined ? '' : `,size=${String(bytes)}`}`, 'tmpfs', dir]);
  }
  await chmod(dir, 0o777);
  const fsGroup = input.pod.spec.securityContext?.fsGroup;
  if (fsGroup !== undefined) await giveToGroup(dir, { group: fsGroup });
}
