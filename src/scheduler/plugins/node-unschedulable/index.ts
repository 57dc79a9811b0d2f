import type { Plugin } from '../../framework.ts';
import { rejectForGood } from '../../framework.ts';
import { tolerates } from '../../../api/tolerations.ts';

const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  wakesOn: ['node-add', 'node-unschedulable'],
  preFilter(pod) {
    const tolerated = tolerates(pod.pod.spec.tolerations, taint);
    return tolerated
      ? undefined
      : (node) => (node.node?.spec.unschedulable === true ? rejectForGood('node(s) were unschedulable') : undefined);
  },
};
