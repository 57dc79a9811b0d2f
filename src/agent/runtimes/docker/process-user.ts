/** As whom a container runs, from what the kernel says of its first process: the engine does not tell. */
import { readFile } from 'node:fs/promises';
import type { Container, ContainerUser } from '../runtime.ts';

/** From the text of /proc/PID/status; undefined when it is not that. */
export function userOf(status: string): ContainerUser | undefined {
  const numbers = (name: string): number[] | undefined =>
    new RegExp(`^${name}:\\t([\\d\\t ]*)$`, 'm')
      .exec(status)?.[1]
      ?.split(/\s+/)
      .filter((text) => text !== '')
      .map(Number);
  const [[uid], [gid], groups] = [numbers('Uid') ?? [], numbers('Gid') ?? [], numbers('Groups')];
  return uid === undefined || gid === undefined || groups === undefined ? undefined : { uid, gid, groups };
}

/** The same container with its user, if it runs and is not gone by now. */
export async function withUser(container: Container): Promise<Container> {
  if (container.state !== 'running' || container.pid === 0) return container;
  const user = userOf(await readFile(`/proc/${String(container.pid)}/status`, 'utf8').catch(() => ''));
  return user === undefined ? container : { ...container, user };
}
