import type { Plugin } from '../../framework.ts';

/** Higher priority first, then whoever waits longer. */
export const prioritySort: Plugin = {
  name: 'PrioritySort',
  queueSort: (a, b) => b.info.priority - a.info.priority || a.since - b.since,
};
