import type { Pod } from '../../../api/generated/types.ts';
import { hostPorts } from '../../../api/host-ports.ts';
import { actions } from '../../cluster-events.ts';
import type { Plugin } from '../../framework.ts';
import { reject } from '../../framework.ts';
import { portsClash } from '../../pod-class.ts';

/** Host ports are taken once a node, address and protocol. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  events: [
    {
      resource: 'Pod',
      actions: actions.delete,
      helps: (pod, event) => portsClash(pod.class.hostPorts, hostPorts((event.old as Pod).spec)),
    },
    { resource: 'Node', actions: actions.add },
  ],
  localFilter({ hostPorts: ports }) {
    if (ports.length === 0) return undefined;
    return (node) => (node.conflicts(ports) ? reject("node(s) didn't have free ports for the requested pod ports") : undefined);
  },
};
