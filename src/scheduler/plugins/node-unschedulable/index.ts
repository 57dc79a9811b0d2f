import type { Node, Pod } from '../../../api/generated/types.ts';
import { tolerates } from '../../../api/tolerations.ts';
import type { ClusterEvent } from '../../cluster-events.ts';
import { actions } from '../../cluster-events.ts';
import type { Plugin } from '../../framework.ts';
import { rejectForGood } from '../../framework.ts';
import type { PodInfo } from '../../pod-info.ts';

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  events: [
    {
      resource: 'Node',
      actions: actions.add | actions.nodeTaint,
      helps: nodeHelps,
    },
    {
      resource: 'Pod',
      actions: actions.podToleration,
      helps: podHelps,
    },
  ],
  localFilter({ pod }) {
    if (tolerates(pod.spec.tolerations, taint)) return undefined;
    return (node) => (node.node?.spec.unschedulable === true ? rejectForGood('node(s) were unschedulable') : undefined);
  },
};

function nodeHelps(_pod: PodInfo, { old, object }: ClusterEvent): boolean {
  const isOpen = (object as Node | undefined)?.spec.unschedulable !== true;
  return isOpen && (old === undefined || (old as Node).spec.unschedulable === true);
}

function podHelps(pod: PodInfo, { object }: ClusterEvent): boolean {
  const { metadata, spec } = object as Pod;
  return metadata.uid === pod.uid && tolerates(spec.tolerations, taint);
}
