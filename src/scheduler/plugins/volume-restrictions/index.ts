import type { PersistentVolumeClaim, Pod, Volume } from '../../../api/generated/types.ts';
import { joinKey } from '../../../client/informer-store.ts';
import { actions } from '../../cluster-events.ts';
import type { Plugin, Rejection, TrialFilter } from '../../framework.ts';
import { reject, rejectForGood } from '../../framework.ts';
import type { NodeInfo } from '../../node-info.ts';
import type { PodInfo } from '../../pod-info.ts';
import { usesClaim } from '../../volume-matching.ts';

const diskConflict = reject('node(s) had no available disk');
const claimInUse = reject(
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
);

/** Disks that only one pod of a node may have, and claims that only one pod at all may have. */
export const volumeRestrictions: Plugin = {
  name: 'VolumeRestrictions',
  events: [
    {
      resource: 'Pod',
      actions: actions.delete,
      helps: (pod, event) => sharesVolumes(pod, event.old as Pod),
    },
    { resource: 'Node', actions: actions.add },
    {
      resource: 'PersistentVolumeClaim',
      actions: actions.add,
      helps: (pod, event) => usesClaim(pod, event.object as PersistentVolumeClaim),
    },
  ],
  preFilter(pod, cluster) {
    const { volumes, claims } = pod.class;
    if (volumes.length === 0) return undefined;
    const disks = volumes.filter(isDisk);
    const exclusive: string[] = [];
    for (const name of claims) {
      const claim = cluster.volumes.claim(joinKey(pod.namespace, name));
      if (claim === undefined) return { rejection: rejectForGood(`persistentvolumeclaim "${name}" not found`) };
      if (claim.spec.accessModes?.includes('ReadWriteOncePod') === true) exclusive.push(name);
    }
    const inUse =
      new Set(exclusive).size === 0 ? 0 : [...new Set(exclusive)].filter((name) => cluster.isClaimUsed(pod.namespace, name)).length;
    if (disks.length === 0 && inUse === 0) return undefined;
    return { filter: new RestrictionFilter(disks, new Set(exclusive), { pod, inUse }) };
  },
};

class RestrictionFilter implements TrialFilter {
  readonly #disks: readonly Volume[];
  readonly #exclusive: ReadonlySet<string>;
  readonly #of: { readonly pod: PodInfo; readonly inUse: number };
  #uses: number;

  constructor(disks: readonly Volume[], exclusive: ReadonlySet<string>, of: { readonly pod: PodInfo; readonly inUse: number }) {
    this.#disks = disks;
    this.#exclusive = exclusive;
    this.#of = of;
    this.#uses = of.inUse;
  }

  fork(): RestrictionFilter {
    return new RestrictionFilter(this.#disks, this.#exclusive, this.#of);
  }

  place(pod: PodInfo, _node: NodeInfo, sign: 1 | -1): void {
    for (const name of pod.class.claims) if (this.#exclusive.has(name)) this.#uses += sign;
  }

  filter(node: NodeInfo): Rejection | undefined {
    if (this.#disks.length > 0) {
      for (const { volumes } of node.classes.keys())
        if (this.#disks.some((disk) => volumes.some((other) => clash(disk, other)))) return diskConflict;
    }
    return this.#uses > 0 ? claimInUse : undefined;
  }
}

function sharesVolumes({ namespace, class: { volumes, claims } }: PodInfo, gone: Pod): boolean {
  if (gone.metadata.namespace !== namespace) return false;
  const theirs = gone.spec.volumes ?? [];
  return theirs.some(
    (other) => volumes.some((volume) => clash(volume, other)) || claims.includes(other.persistentVolumeClaim?.claimName ?? ''),
  );
}

function isDisk({ gcePersistentDisk, awsElasticBlockStore, rbd, iscsi }: Volume): boolean {
  return (gcePersistentDisk ?? awsElasticBlockStore ?? rbd ?? iscsi) !== undefined;
}

/** Whether two pods on a node cannot both have these disks. */
function clash(a: Volume, b: Volume): boolean {
  const shared = (one: { readOnly?: boolean }, other: { readOnly?: boolean }): boolean => one.readOnly === true && other.readOnly === true;
  if (a.gcePersistentDisk !== undefined && b.gcePersistentDisk !== undefined)
    if (a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && !shared(a.gcePersistentDisk, b.gcePersistentDisk)) return true;
  if (a.awsElasticBlockStore !== undefined && a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore?.volumeID) return true;
  if (a.iscsi !== undefined && b.iscsi !== undefined) if (a.iscsi.iqn === b.iscsi.iqn && !shared(a.iscsi, b.iscsi)) return true;
  if (a.rbd === undefined || b.rbd === undefined || shared(a.rbd, b.rbd)) return false;
  const { monitors, pool = 'rbd', image } = a.rbd;
  return (b.rbd.pool ?? 'rbd') === pool && b.rbd.image === image && b.rbd.monitors.some((monitor) => monitors.includes(monitor));
}
