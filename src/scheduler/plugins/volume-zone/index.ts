import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../api/generated/types.ts';
import { jsonEqual } from '../../../base/json-equal.ts';
import { joinKey } from '../../../client/informer-store.ts';
import { actions } from '../../cluster-events.ts';
import type { Cluster, Plugin, Rejection } from '../../framework.ts';
import { rejectForGood } from '../../framework.ts';
import type { PodInfo } from '../../pod-info.ts';
import { storageClassOf, usesClaim } from '../../volume-matching.ts';

/** Older names of topology labels and what they are called now. */
const topologyLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region': 'topology.kubernetes.io/region',
};

interface Topology {
  readonly key: string;
  readonly values: readonly string[];
}

/** A volume that says in its labels which zone or region it is in is only used there. */
export const volumeZone: Plugin = {
  name: 'VolumeZone',
  events: [
    {
      resource: 'StorageClass',
      actions: actions.add,
      helps: (_pod, event) => (event.object as StorageClass).volumeBindingMode === 'WaitForFirstConsumer',
    },
    { resource: 'Node', actions: actions.add | actions.nodeLabel },
    {
      resource: 'PersistentVolumeClaim',
      actions: actions.add | actions.update,
      helps: (pod, event) => usesClaim(pod, event.object as PersistentVolumeClaim),
    },
    {
      resource: 'PersistentVolume',
      actions: actions.add | actions.update,
      helps: (_pod, event) =>
        event.old === undefined || !jsonEqual(topologiesOf(event.old as PersistentVolume), topologiesOf(event.object as PersistentVolume)),
    },
  ],
  preFilter(pod, cluster) {
    if (pod.class.claims.length === 0) return undefined;
    const topologies = podTopologies(pod, cluster);
    if ('reasons' in topologies) return { rejection: topologies };
    if (topologies.length === 0) return undefined;
    return {
      filter: {
        filter: ({ labels }) => {
          if (!Object.keys(topologyLabels).some((key) => key in labels)) return undefined;
          const suits = topologies.every(({ key, values }) => values.includes(labels[key] ?? labels[topologyLabels[key] ?? key] ?? ''));
          return suits ? undefined : rejectForGood('node(s) had no available volume zone');
        },
      },
    };
  },
};

function podTopologies(pod: PodInfo, { volumes }: Cluster): readonly Topology[] | Rejection {
  const all: Topology[] = [];
  for (const name of pod.class.claims) {
    const claim = volumes.storedClaim(joinKey(pod.namespace, name));
    if (claim === undefined) return rejectForGood(`persistentvolumeclaim "${name}" not found`);
    const volumeName = claim.spec.volumeName ?? '';
    if (volumeName === '') {
      const className = storageClassOf(claim);
      if (className === '') return rejectForGood('PersistentVolumeClaim had no pv name and storageClass name');
      const storageClass = volumes.storageClass(className);
      if (storageClass === undefined) return rejectForGood(`storageclass.storage.k8s.io "${className}" not found`);
      if (storageClass.volumeBindingMode === 'WaitForFirstConsumer') continue;
      return rejectForGood('PersistentVolume had no name');
    }
    const volume = volumes.storedVolume(volumeName);
    if (volume === undefined) return rejectForGood(`persistentvolume "${volumeName}" not found`);
    all.push(...topologiesOf(volume));
  }
  return all;
}

/** Labels may name several zones: `a__b`. */
function topologiesOf({ metadata: { labels = {} } }: PersistentVolume): Topology[] {
  return Object.keys(topologyLabels).flatMap((key) => {
    const values = labels[key]?.split('__').map((value) => value.trim()) ?? [];
    return values.length === 0 || values.includes('') ? [] : [{ key, values }];
  });
}
