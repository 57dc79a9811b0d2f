import type { Node, Pod, Taint, Toleration } from '../../../api/generated/types.ts';
import { tolerates, untolerated } from '../../../api/tolerations.ts';
import type { ClusterEvent } from '../../cluster-events.ts';
import { actions } from '../../cluster-events.ts';
import type { Plugin } from '../../framework.ts';
import { normalizeByMax, rejectForGood } from '../../framework.ts';
import type { PodInfo } from '../../pod-info.ts';

const keepingOff = ['NoSchedule', 'NoExecute'];

function keptOff(taints: readonly Taint[] | undefined, tolerations: readonly Toleration[] | undefined): boolean {
  return untolerated(taints, tolerations, keepingOff) !== undefined;
}

/** NoSchedule and NoExecute taints keep pods off; PreferNoSchedule ones cost score. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  events: [
    {
      resource: 'Node',
      actions: actions.add | actions.nodeTaint,
      helps: nodeHelps,
    },
    { resource: 'Pod', actions: actions.podToleration, helps: (pod, event) => (event.object as Pod).metadata.uid === pod.uid },
  ],
  localFilter({ pod }) {
    return (node) =>
      node.taints.length > 0 && keptOff(node.taints, pod.spec.tolerations) ? rejectForGood('node(s) had untolerated taint(s)') : undefined;
  },
  localScore({ pod }) {
    const tolerations = pod.spec.tolerations?.filter(({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule');
    return {
      score: ({ taints }) => taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(tolerations, taint)).length,
      normalize: (scores) => normalizeByMax(scores, true),
    };
  },
};

function nodeHelps({ pod: { spec } }: PodInfo, { old, object }: ClusterEvent): boolean {
  const wasOff = old === undefined || keptOff((old as Node).spec.taints, spec.tolerations);
  return wasOff && !keptOff((object as Node).spec.taints, spec.tolerations);
}
