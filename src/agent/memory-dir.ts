/** A folder whose content never reaches a disk: secrets and tokens of pods live in it. */
import { mkdir, readFile } from 'node:fs/promises';
import type { CommandRunner } from '../base/command.ts';

/** Mounts a tmpfs on `dir` unless one is there; without the right to mount it is an ordinary folder. Answers `dir`. */
export async function ensureMemoryDir(dir: string, run: CommandRunner): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o750 });
  const mounts = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  if (mounts.split('\n').some((line) => line.split(' ')[1] === dir)) return dir;
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=0750', 'coracle', dir]).catch(() => '');
  return dir;
}
