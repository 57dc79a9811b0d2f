import type { Plugin } from '../../framework.ts';
import { normalizeByMax, rejectForGood } from '../../framework.ts';
import { tolerates, untolerated } from '../../../api/tolerations.ts';

/** NoSchedule and NoExecute taints keep pods off; PreferNoSchedule ones cost score. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  wakesOn: ['node-add', 'node-taints'],
  preFilter({ pod }) {
    return (node) =>
      untolerated(node.node?.spec.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute']) === undefined
        ? undefined
        : rejectForGood('node(s) had untolerated taint(s)');
  },
  preScore({ pod }, nodes) {
    if (!nodes.some((node) => node.node?.spec.taints?.some((taint) => taint.effect === 'PreferNoSchedule'))) return undefined;
    const tolerations = pod.spec.tolerations?.filter(({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule');
    return {
      score: (node) =>
        (node.node?.spec.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(tolerations, taint)).length,
      normalize: (scores) => normalizeByMax(scores, true),
    };
  },
};
