/** InterPodAffinity: required terms of the pod and anti-affinity of the pods there filter; preferred ones score both ways. */
import { RecentMap } from '../../../base/recent-map.ts';
import { actions } from '../../cluster-events.ts';
import type { Cluster, Plugin } from '../../framework.ts';
import { maxScore } from '../../framework.ts';
import type { PodClass } from '../../pod-class.ts';
import type { PodInfo } from '../../pod-info.ts';
import type { AffinityArgs } from './affinity-table.ts';
import { AffinityTable } from './affinity-table.ts';
import { AffinityFilter } from './filter.ts';
import { nodeHelps, podHelps } from './hints.ts';

/** Classes whose sums are kept. */
const maxTables = 64;

export function interPodAffinity(args: AffinityArgs): Plugin {
  const tables = new RecentMap<PodClass, AffinityTable>(maxTables);
  const tableOf = (pod: PodInfo, cluster: Cluster): AffinityTable | undefined => {
    if (cluster.podsWithAffinity === 0 && !pod.class.hasAffinity) return undefined;
    let table = tables.get(pod.class);
    if (table?.namespaceStamp !== cluster.namespaceStamp)
      tables.set(pod.class, (table = new AffinityTable(pod.class, args, cluster.namespaceStamp)));
    table.refresh(cluster);
    return table;
  };
  return {
    name: 'InterPodAffinity',
    events: [
      { resource: 'Pod', actions: actions.add | actions.podLabel | actions.delete, helps: podHelps },
      { resource: 'Node', actions: actions.add | actions.nodeLabel, helps: nodeHelps },
    ],
    preFilter(pod, cluster) {
      const table = tableOf(pod, cluster);
      if (table === undefined && !cluster.hasNominated) return undefined;
      // Pods that are still to come may have terms, too.
      const used = table ?? new AffinityTable(pod.class, args, cluster.namespaceStamp);
      const { affinity, antiAffinity } = pod.class;
      if (used.total.against === 0 && affinity.length + antiAffinity.length === 0 && !cluster.hasNominated) return undefined;
      return { filter: new AffinityFilter(used, pod.class, cluster) };
    },
    preScore(pod, _nodes, cluster) {
      const table = tableOf(pod, cluster);
      return table?.hasScores === true ? { score: (node) => table.score(node), normalize: spreadOut } : undefined;
    },
  };
}

/** The lowest becomes 0, the highest 100. */
function spreadOut(scores: number[]): void {
  let least = Infinity;
  let most = -Infinity;
  for (const score of scores) {
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  const range = most - least;
  for (const [at, score] of scores.entries()) scores[at] = range === 0 ? 0 : Math.trunc(maxScore * ((score - least) / range));
}
