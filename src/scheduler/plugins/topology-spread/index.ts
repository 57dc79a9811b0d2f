/** PodTopologySpread: hard constraints filter, soft ones score. */
import { RecentMap } from '../../../base/recent-map.ts';
import type { Cluster, Plugin } from '../../framework.ts';
import type { PodClass } from '../../pod-class.ts';
import type { PodInfo } from '../../pod-info.ts';
import type { Defaults, WhenUnsatisfiable } from './constraints.ts';
import { constraintsOf, systemDefaults } from './constraints.ts';
import { SpreadFilter } from './filter.ts';
import { nodeHelps, podHelps } from './hints.ts';
import { spreadScorer } from './score.ts';
import { SpreadTable } from './spread-table.ts';
import { actions } from '../../cluster-events.ts';

/** Classes whose counts are kept, of each kind. */
const maxTables = 64;

export interface TopologySpreadArgs {
  /** Undefined: the system's. */
  readonly defaultConstraints: Defaults['constraints'] | undefined;
}

type Tables = RecentMap<PodClass, SpreadTable>;

export function topologySpread({ defaultConstraints }: TopologySpreadArgs): Plugin {
  const defaults: Defaults = { constraints: defaultConstraints ?? systemDefaults, system: defaultConstraints === undefined };
  const tables: Record<WhenUnsatisfiable, Tables> = {
    DoNotSchedule: new RecentMap(maxTables),
    ScheduleAnyway: new RecentMap(maxTables),
  };
  const tableOf = (pod: PodInfo, kind: WhenUnsatisfiable, cluster: Cluster): SpreadTable | undefined => {
    const constraints = constraintsOf(pod.class.pod, kind, { defaults, cluster });
    if (constraints === undefined) return undefined;
    let table = tables[kind].get(pod.class);
    if (table?.id !== constraints.id) tables[kind].set(pod.class, (table = new SpreadTable(pod.class, constraints)));
    table.refresh(cluster);
    return table;
  };
  return {
    name: 'PodTopologySpread',
    events: [
      {
        resource: 'Pod',
        actions: actions.add | actions.podLabel | actions.podToleration | actions.delete,
        helps: (pod, event, cluster) => podHelps(pod, event, { defaults, cluster }),
      },
      {
        resource: 'Node',
        actions: actions.add | actions.delete | actions.nodeLabel | actions.nodeTaint,
        helps: (pod, event, cluster) => nodeHelps(pod, event, { defaults, cluster }),
      },
    ],
    preFilter(pod, cluster) {
      const table = tableOf(pod, 'DoNotSchedule', cluster);
      return table === undefined ? undefined : { filter: new SpreadFilter(table, pod.class) };
    },
    preScore(pod, nodes, cluster) {
      const table = tableOf(pod, 'ScheduleAnyway', cluster);
      return table === undefined ? undefined : spreadScorer(table, nodes);
    },
  };
}
