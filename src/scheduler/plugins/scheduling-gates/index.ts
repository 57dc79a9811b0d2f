import type { Pod } from '../../../api/generated/types.ts';
import { actions } from '../../cluster-events.ts';
import type { Plugin } from '../../framework.ts';
import { rejectForGood } from '../../framework.ts';

/** A pod with gates does not enter the queue. */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  events: [
    { resource: 'Pod', actions: actions.podGatesGone, helps: (pod, event) => (event.object as Pod | undefined)?.metadata.uid === pod.uid },
  ],
  preEnqueue(pod) {
    const gates = pod.spec.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    return rejectForGood(`waiting for scheduling gates: [${gates.map((gate) => gate.name).join(' ')}]`);
  },
};
