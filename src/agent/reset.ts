/** Takes away what an agent made on its machine: containers, mounts, control groups, the sandbox images. For an instance that does not run any more. */
import { readFile } from 'node:fs/promises';
import type { CommandRunner } from '../base/command.ts';
import { removeCgroups } from './containers/cgroups.ts';
import { type LogDirs, removeDeadLinks } from './pods/pod-logs.ts';
import { createEngine, type Engine } from './runtimes/docker/engine.ts';
import { instanceLabel } from './runtimes/docker/labels.ts';
import { sandboxImages } from './runtimes/docker/pause-image.ts';

export interface ResetContainersOptions {
  readonly socket: string;
  readonly instance: string;
  readonly logDirs: LogDirs;
}

/** Containers first (they hold mounts); the images stay while another cluster uses them. */
export async function resetContainers({ socket, instance, logDirs }: ResetContainersOptions): Promise<void> {
  const engine = createEngine(socket);
  try {
    await removeContainers(engine, instance);
    await removeDeadLinks(logDirs);
    for (const image of Object.values(sandboxImages))
      await engine.json({ method: 'DELETE', path: `/images/${image}` }).catch(() => undefined);
  } finally {
    engine.close();
  }
}

interface Listed {
  readonly Id: string;
}

async function removeContainers(engine: Engine, instance: string): Promise<void> {
  const filters = JSON.stringify({ label: [`${instanceLabel}=${instance}`] });
  const listed = await engine.json<readonly Listed[]>({ method: 'GET', path: '/containers/json', query: { all: 'true', filters } });
  const groups = new Set<string>();
  for (const { Id } of listed) {
    const found = await engine.find<{ HostConfig: { CgroupParent: string } }>({ method: 'GET', path: `/containers/${Id}/json` });
    if (found !== undefined) groups.add(found.HostConfig.CgroupParent);
    await engine.find({ method: 'DELETE', path: `/containers/${Id}`, query: { force: 'true', v: 'true' } });
  }
  for (const group of groups) if (group !== '') await removeCgroups(group);
}

/** Unmounts everything below the folder, the deepest first, so that it can be removed. */
export async function unmountBelow(dir: string, run: CommandRunner): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '));
  const below = mounts.filter((mount) => mount.startsWith(`${dir}/`));
  for (const mount of below.sort((a, b) => b.length - a.length)) await run('umount', ['--lazy', mount]);
}
