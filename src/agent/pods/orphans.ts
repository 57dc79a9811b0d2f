/** What an earlier agent left of pods that nobody knows any more (cleanupOrphanedPodDirs, HandlePodCleanups). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PodState } from '../runtimes/runtime.ts';
import { removeVolumes } from '../volumes/pod-volumes.ts';
import type { PodDeps } from './deps.ts';

/** A pod that the API does not know: its containers end at once. */
export async function removeOrphan(deps: PodDeps, state: PodState): Promise<void> {
  const { runtime, podLogs, logger } = deps;
  logger.info({ pod: `${state.pod.namespace}/${state.pod.name}` }, 'removing containers of a pod that is not there any more');
  try {
    await Promise.all(state.containers.map(({ id }) => runtime.stopContainer(id, 1000).then(() => runtime.removeContainer(id))));
    for (const { id } of state.sandboxes) await runtime.removeSandbox(id);
    await (await deps.network)?.detach(state.pod.uid);
    await podLogs?.removed(state.pod);
    await removeFolders(deps, state.pod.uid);
  } catch (error) {
    logger.warn({ err: error }, 'containers of a pod that is gone could not be removed');
  }
}

/** Volumes of pods that have no containers any more; `isKnown` is asked right before each is removed. */
export async function removeOrphanFolders(deps: PodDeps, isKnown: (uid: string) => boolean): Promise<void> {
  if (!deps.runtime.real) return;
  for (const uid of await readdir(deps.podsDir).catch(() => [])) {
    if (isKnown(uid)) continue;
    deps.logger.info({ uid }, 'removing volumes of a pod that is not there any more');
    await removeFolders(deps, uid).catch((error: unknown) =>
      deps.logger.warn({ err: error, uid }, 'volumes of a pod that is gone could not be removed'),
    );
  }
}

async function removeFolders({ runtime, podsDir, memoryDir, run }: PodDeps, uid: string): Promise<void> {
  if (runtime.real) await removeVolumes({ podDir: join(podsDir, uid), memoryDir: join(memoryDir, uid) }, run);
}
