import type { CSINode, PersistentVolumeClaim, Pod, VolumeAttachment } from '../../../api/generated/types.ts';
import { joinKey } from '../../../client/informer-store.ts';
import { actions } from '../../cluster-events.ts';
import type { Cluster, Plugin, Rejection } from '../../framework.ts';
import { reject, rejectForGood } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { PodInfo } from '../../pod-info.ts';
import { checkOwned, claimNameOf, storageClassOf, usesClaim } from '../../volume-matching.ts';

/** Volumes by a name of their own, with their driver. */
type Drivers = Map<string, string>;

/** A driver attaches no more volumes to a node than its CSINode says. */
export const nodeVolumeLimits: Plugin = {
  name: 'NodeVolumeLimits',
  events: [
    { resource: 'CSINode', actions: actions.add },
    { resource: 'CSINode', actions: actions.update, helps: (_pod, event) => raised(event.old as CSINode, event.object as CSINode) },
    {
      resource: 'Pod',
      actions: actions.delete,
      helps: (_pod, event) => hasClaims(event.old as Pod),
    },
    {
      resource: 'PersistentVolumeClaim',
      actions: actions.add,
      helps: (pod, event) => usesClaim(pod, event.object as PersistentVolumeClaim),
    },
    {
      resource: 'VolumeAttachment',
      actions: actions.delete,
      helps: ({ class: { claims } }, event) => (event.old as VolumeAttachment | undefined) !== undefined && claims.length > 0,
    },
  ],
  preFilter(pod, cluster) {
    if (!pod.class.volumes.some((volume) => claimNameOf(pod.pod, volume) !== undefined)) return undefined;
    return { filter: { filter: (node) => check(pod, node, cluster) } };
  },
};

function check(pod: PodInfo, node: NodeInfo, cluster: Cluster): Rejection | undefined {
  const wanted: Drivers = new Map();
  const missing = collect(pod, cluster, { into: wanted, isNew: true });
  if (missing !== undefined) return rejectForGood(missing);
  if (wanted.size === 0) return undefined;
  const limits = limitsOf(cluster.volumes.csiNode(node.name));
  if (limits.size === 0) return undefined;
  const attached: Drivers = new Map();
  for (const other of node.pods) if (other.class.volumes.length > 0) collect(other, cluster, { into: attached, isNew: false });
  const added = [...wanted].filter(([name]) => !attached.has(name));
  for (const { spec } of cluster.volumes.attachments(node.name)) {
    const handle = cluster.volumes.storedVolume(spec.source.persistentVolumeName ?? '')?.spec.csi?.volumeHandle;
    if (handle !== undefined) attached.set(`${spec.attacher}/${handle}`, spec.attacher);
  }
  for (const [driver, limit] of limits) {
    const count = countOf(attached, driver);
    const more = added.filter(([, of]) => of === driver).length;
    if (more > 0 && count + more > limit) return reject('node(s) exceed max volume count');
  }
  return undefined;
}

function countOf(drivers: Drivers, wanted: string): number {
  let count = 0;
  for (const driver of drivers.values()) if (driver === wanted) count += 1;
  return count;
}

/** What is said when a claim of a new pod is missing. */
function collect(
  { pod, namespace }: PodInfo,
  { volumes }: Cluster,
  { into, isNew }: { into: Drivers; isNew: boolean },
): string | undefined {
  for (const volume of pod.spec.volumes ?? []) {
    const name = claimNameOf(pod, volume);
    if (name === undefined) continue;
    const key = joinKey(namespace, name);
    const claim = volumes.storedClaim(key);
    if (claim === undefined) {
      if (isNew) return `looking up PVC ${key}: persistentvolumeclaim "${name}" not found`;
      continue;
    }
    if (volume.ephemeral !== undefined) checkOwned(pod, claim);
    const csi = volumes.storedVolume(claim.spec.volumeName ?? '')?.spec;
    // Without a volume yet, the class tells the driver; the claim stands for the volume.
    const driver = csi === undefined ? (volumes.storageClass(storageClassOf(claim))?.provisioner ?? '') : (csi.csi?.driver ?? '');
    const handle = csi === undefined ? `claim ${key}` : (csi.csi?.volumeHandle ?? '');
    if (driver !== '' && handle !== '') into.set(`${driver}/${handle}`, driver);
  }
  return undefined;
}

/** A list of no drivers is null in the API. */
function limitsOf(node: CSINode | undefined): Map<string, number> {
  const drivers = node?.spec.drivers as CSINode['spec']['drivers'] | null | undefined;
  return new Map(drivers?.flatMap(({ name, allocatable }) => (allocatable?.count === undefined ? [] : [[name, allocatable.count]])));
}

function raised(old: CSINode, node: CSINode): boolean {
  const before = limitsOf(old);
  return [...limitsOf(node)].some(([driver, limit]) => limit > (before.get(driver) ?? 0));
}

function hasClaims(pod: Pod): boolean {
  return pod.spec.volumes?.some((volume) => claimNameOf(pod, volume) !== undefined) === true;
}
