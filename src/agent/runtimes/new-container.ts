import type { Container, ContainerConfig } from './runtime.ts';

/** A container as it is when it has just been made. */
export function newContainer(
  id: string,
  { sandboxId, createdAt }: Pick<Container, 'sandboxId' | 'createdAt'>,
  config: ContainerConfig,
): Container {
  const { pod, name, kind, restartCount, specHash, image, imageID, terminationLog, tty, stdin } = config;
  const made = { sandboxId, pod, name, kind, restartCount, specHash, image, imageID, terminationLog, tty, stdin, createdAt };
  return { id, ...made, state: 'created', pid: 0, startedAt: 0, finishedAt: 0, exitCode: 0, oomKilled: false, startError: '' };
}
