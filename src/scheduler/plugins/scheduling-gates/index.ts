import type { Plugin } from '../../framework.ts';
import { rejectForGood } from '../../framework.ts';

/** A pod with gates does not enter the queue. */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  wakesOn: [],
  preEnqueue(pod) {
    const gates = pod.spec.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    return rejectForGood(`waiting for scheduling gates: [${gates.map((gate) => gate.name).join(' ')}]`);
  },
};
