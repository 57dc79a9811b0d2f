/** Image volumes of a container: pulled as the images of containers are, when the container is about to start (kubelet_pods.go, getImageVolumes). */
import type { Pod } from '../../api/generated/types.ts';
import type { PreparedVolume } from '../volumes/mounts.ts';
import type { PodDeps } from './deps.ts';
import type { ImageRequest } from './images.ts';
import type { ContainerSpec } from './model.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface ImageVolumeInput {
  readonly deps: PodDeps;
  readonly pod: Pod;
  readonly spec: ContainerSpec;
  readonly volumes: ReadonlyMap<string, PreparedVolume>;
  readonly references: ImageRequest['references'];
  readonly signal: AbortSignal;
}

/** Resolves when the files are there, or the pod is ending. Rejects with ImageFailure. */
export async function mountImageVolumes(input: ImageVolumeInput, event: ImageRequest['event']): Promise<void> {
  const { deps, pod, references, spec } = input;
  const used = new Set((spec.container.volumeMounts ?? []).map(({ name }) => name));
  for (const { name, image } of pod.spec.volumes ?? []) {
    const place = input.volumes.get(name);
    if (image === undefined || place === undefined || !used.has(name)) continue;
    const request = { pod, image: image.reference ?? '', policy: image.pullPolicy, references, event };
    const found = await unlessAborted(deps.images.ensure(request), input.signal);
    if (found === undefined) return;
    await deps.runtime.mountImage(found, place.hostPath);
  }
}
