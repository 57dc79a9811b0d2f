import { actions } from '../../cluster-events.ts';
import type { Plugin } from '../../framework.ts';
import { rejectForGood } from '../../framework.ts';

/** A pod that names a node goes nowhere else. */
export const nodeName: Plugin = {
  name: 'NodeName',
  events: [{ resource: 'Node', actions: actions.add }],
  localFilter({ pod }) {
    const wanted = pod.spec.nodeName ?? '';
    return wanted === ''
      ? undefined
      : (node) => (node.name === wanted ? undefined : rejectForGood("node(s) didn't match the requested node name"));
  },
};
