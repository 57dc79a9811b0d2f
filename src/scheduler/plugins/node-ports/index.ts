import type { Plugin } from '../../framework.ts';
import { reject } from '../../framework.ts';

/** Host ports are taken once a node, address and protocol. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  wakesOn: ['node-add', 'assigned-pod-delete'],
  preFilter(pod) {
    if (pod.hostPorts.length === 0) return undefined;
    return (node) => (node.conflicts(pod.hostPorts) ? reject("node(s) didn't have free ports for the requested pod ports") : undefined);
  },
};
