/**
 * Where programs that gather logs look for those of containers: `PODS/NAMESPACE_NAME_UID/CONTAINER/RESTARTS.log`, and for older ones
 * `CONTAINERS/NAME_NAMESPACE_CONTAINER-ID.log` (pkg/kubelet/kuberuntime/legacy.go). Both are links, the first to the engine's own
 * file, as with dockershim and cri-dockerd: its lines are Docker's JSON.
 */
import { lstat, mkdir, readdir, readlink, rm, rmdir, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../base/logger.ts';
import type { Container, PodIdentity } from '../runtimes/runtime.ts';

export interface LogDirs {
  /** Upstream's podLogsDir: /var/log/pods. */
  readonly pods: string;
  /** /var/log/containers */
  readonly containers: string;
}

/** What the functions return is only for whoever wants to wait; they never reject. */
export interface PodLogs {
  /** `logFile`: where the engine writes. Links of the container's starts before the last one go. */
  started(container: Pick<Container, 'id' | 'pod' | 'name' | 'restartCount'>, logFile: string): Promise<void>;
  removed(pod: PodIdentity): Promise<void>;
}

/** The longest name of a file. */
const longestName = 255;

function podLogDir(dirs: LogDirs, { namespace, name, uid }: PodIdentity): string {
  return join(dirs.pods, `${namespace}_${name}_${uid}`);
}

function containerLink(dirs: LogDirs, { namespace, name }: PodIdentity, container: { name: string; id: string }): string {
  const text = `${name}_${namespace}_${container.name}-${container.id}`;
  return join(dirs.containers, `${text.slice(0, longestName - '.log'.length)}.log`);
}

export function createPodLogs(dirs: LogDirs, logger: Logger): PodLogs {
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> =>
    (last = last
      .then(work)
      .catch((error: unknown) => logger.warn({ err: error }, 'the links to logs of a pod could not be made or removed')));
  return {
    started: ({ id, pod, name, restartCount }, logFile) =>
      inTurn(async () => {
        const dir = join(podLogDir(dirs, pod), name);
        await mkdir(dir, { recursive: true, mode: 0o755 });
        await mkdir(dirs.containers, { recursive: true, mode: 0o755 });
        await removeLinks(dirs, { pod, name }, (attempt) => attempt < restartCount - 1);
        const link = join(dir, `${String(restartCount)}.log`);
        await replaceLink(logFile, link);
        await replaceLink(link, containerLink(dirs, pod, { name, id }));
      }),
    removed: (pod) =>
      inTurn(async () => {
        const dir = podLogDir(dirs, pod);
        for (const name of await readdir(dir).catch(() => [])) await removeLinks(dirs, { pod, name }, () => true);
        await rm(dir, { recursive: true, force: true });
      }),
  };
}

async function replaceLink(target: string, path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
  await symlink(target, path);
}

async function removeLinks(
  dirs: LogDirs,
  { pod, name }: { readonly pod: PodIdentity; readonly name: string },
  isOld: (attempt: number) => boolean,
): Promise<void> {
  const dir = join(podLogDir(dirs, pod), name);
  for (const file of await readdir(dir).catch(() => [])) {
    const attempt = Number(/^(\d+)\.log$/.exec(file)?.[1] ?? NaN);
    if (!isOld(attempt)) continue;
    const id = containerOfLog(await readlink(join(dir, file)).catch(() => ''));
    await unlink(join(dir, file)).catch(() => undefined);
    if (id !== '') await unlink(containerLink(dirs, pod, { name, id })).catch(() => undefined);
  }
}

/** `.../ID/ID-json.log` */
function containerOfLog(path: string): string {
  return /([0-9a-f]{64})-json\.log$/.exec(path)?.[1] ?? '';
}

/** Links to logs that are gone, whoever's they were, and folders without any; for a cluster whose containers have been removed. */
export async function removeDeadLinks(dirs: LogDirs): Promise<void> {
  const entries = (dir: string): Promise<string[]> => readdir(dir).catch(() => []);
  for (const pod of await entries(dirs.pods)) {
    for (const container of await entries(join(dirs.pods, pod))) {
      for (const log of await entries(join(dirs.pods, pod, container))) await unlinkDead(join(dirs.pods, pod, container, log));
      await rmdir(join(dirs.pods, pod, container)).catch(() => undefined);
    }
    await rmdir(join(dirs.pods, pod)).catch(() => undefined);
  }
  for (const link of await entries(dirs.containers)) await unlinkDead(join(dirs.containers, link));
}

/** Of two links in a row the first is dead when the second is gone. */
async function unlinkDead(path: string): Promise<void> {
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined || (await lstat(target).catch(() => undefined)) !== undefined) return;
  await unlink(path).catch(() => undefined);
}
