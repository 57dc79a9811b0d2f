/** Binds the volumes that were chosen, or has them made, and waits until that is done: volumebinding binder.go. */
import type { PersistentVolume, PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { keyOf } from '../../../client/informer-store.ts';
import type { Cluster, Reservation } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import { allowsNode, annotations, boundVolume, claimForNode, isFullyBound } from '../../volume-matching.ts';
import type { VolumeView } from '../../volume-view.ts';
import type { Binding, PodVolumes } from './find.ts';

interface Promised {
  readonly bindings: readonly Binding[];
  readonly provisions: readonly PersistentVolumeClaim[];
}

interface BindOptions {
  readonly node: NodeInfo;
  readonly cluster: Cluster;
  readonly timeoutMs: number;
}

/** Counts the volumes as taken from now on. */
export function reserveVolumes({ bindings, provisions }: PodVolumes, { node, cluster, timeoutMs }: BindOptions): Reservation {
  const { volumes } = cluster;
  const promised: Promised = {
    bindings: bindings.map(({ volume, claim }) => ({ volume: boundVolume(volume, claim) ?? volume, claim })),
    provisions: provisions.map((claim) => claimForNode(claim, node.name)),
  };
  for (const [at, { volume }] of promised.bindings.entries()) if (volume !== bindings[at]?.volume) volumes.promises.volume(volume);
  for (const claim of promised.provisions) volumes.promises.claim(claim);
  return {
    undo: () => {
      for (const { volume } of promised.bindings) volumes.promises.dropVolume(volume.metadata.name);
      for (const claim of promised.provisions) volumes.promises.dropClaim(keyOf(claim));
    },
    preBind: () => bindVolumes(promised, { node, cluster, timeoutMs }),
  };
}

async function bindVolumes({ bindings, provisions }: Promised, { node, cluster, timeoutMs }: BindOptions): Promise<void> {
  const { volumes } = cluster;
  const bound: Binding[] = [];
  for (const { volume, claim } of bindings) bound.push({ volume: await volumes.writer.updateVolume(volume), claim });
  const asked: PersistentVolumeClaim[] = [];
  for (const claim of provisions) asked.push(await volumes.writer.updateClaim(claim));
  const done = (): boolean =>
    bound.every((binding) => isBound(binding, node, volumes)) && asked.every((claim) => isProvisioned(claim, node, volumes));
  try {
    await volumes.writer.until(done, timeoutMs);
  } catch (error) {
    throw new Error(`binding volumes: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function newer(written: { metadata: { resourceVersion: string } }, seen: { metadata: { resourceVersion: string } }): boolean {
  return Number(written.metadata.resourceVersion) > Number(seen.metadata.resourceVersion);
}

function isBound({ volume: written, claim }: Binding, node: NodeInfo, volumes: VolumeView): boolean {
  const { name } = written.metadata;
  const volume = volumes.storedVolume(name);
  if (volume === undefined) throw new Error(`failed to check binding: could not find v1.PersistentVolume "${name}"`);
  const current = volumes.storedClaim(keyOf(claim));
  if (current === undefined) throw new Error(`failed to check binding: could not find v1.PersistentVolumeClaim "${keyOf(claim)}"`);
  if (newer(written, volume)) return false;
  checkNode(volume, node);
  if ((volume.spec.claimRef?.uid ?? '') === '') throw new Error(`ClaimRef got reset for pv "${name}"`);
  return isFullyBound(current);
}

function isProvisioned(written: PersistentVolumeClaim, node: NodeInfo, volumes: VolumeView): boolean {
  const key = keyOf(written);
  const claim = volumes.storedClaim(key);
  if (claim === undefined) throw new Error(`failed to check provisioning pvc: could not find v1.PersistentVolumeClaim "${key}"`);
  if (newer(written, claim)) return false;
  const { name, annotations: notes } = claim.metadata;
  if (notes === undefined) throw new Error(`selectedNode annotation reset for PVC "${name}"`);
  // Whoever makes volumes takes the annotation away when the node will not do.
  if (notes[annotations.selectedNode] !== node.name) throw new Error(`provisioning failed for PVC "${name}"`);
  const volumeName = claim.spec.volumeName ?? '';
  if (volumeName !== '') {
    const volume = volumes.storedVolume(volumeName);
    if (volume === undefined) return false;
    checkNode(volume, node);
  }
  return isFullyBound(claim);
}

function checkNode(volume: PersistentVolume, node: NodeInfo): void {
  if (allowsNode(volume, node)) return;
  throw new Error(`pv "${volume.metadata.name}" node affinity doesn't match node "${node.name}": no matching NodeSelectorTerms`);
}
