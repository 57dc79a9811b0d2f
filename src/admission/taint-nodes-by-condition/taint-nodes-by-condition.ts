/** A new node is not ready until its controller says so (plugin/pkg/admission/nodetaint). */
import type { Node } from '../../api/generated/types.ts';
import type { AdmissionPlugin } from '../../registry/admission.ts';
import { isAbout } from '../shared/request.ts';

const key = 'node.kubernetes.io/not-ready';
const effect = 'NoSchedule';

export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  changes: ['/nodes'],
  mutate(request) {
    if (request.operation !== 'CREATE' || !isAbout(request, '', 'nodes') || request.object === undefined) return;
    const node = request.object as unknown as Node;
    node.spec ??= {};
    const taints = node.spec.taints ?? [];
    if (!taints.some((taint) => taint.key === key && taint.effect === effect)) node.spec.taints = [...taints, { key, effect }];
  },
};
