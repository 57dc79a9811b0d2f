import { actions } from '../../cluster-events.ts';
import type { Plugin } from '../../framework.ts';

/** A pod that names a node goes nowhere else: it is bound by that, and never waits here. The plugin is there to be named in profiles. */
export const nodeName: Plugin = {
  name: 'NodeName',
  events: [{ resource: 'Node', actions: actions.add }],
  localFilter: () => undefined,
};
