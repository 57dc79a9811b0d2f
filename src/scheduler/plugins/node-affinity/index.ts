import type { Node, NodeAffinity, NodeSelectorTerm } from '../../../api/generated/types.ts';
import { type NodeFacts, matchesNodeTerm } from '../../../api/node-selector.ts';
import { actions } from '../../cluster-events.ts';
import type { Plugin } from '../../framework.ts';
import { normalizeByMax, rejectForGood } from '../../framework.ts';
import { preferenceScore, requiredNodes } from '../../node-selector.ts';

export interface NodeAffinityArgs {
  /** What every pod of the profile asks for besides its own. */
  readonly addedAffinity?: NodeAffinity;
}

/** nodeSelector and required node affinity filter; preferred node affinity scores. */
export function nodeAffinity({ addedAffinity }: NodeAffinityArgs = {}): Plugin {
  const addedTerms = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const addedPreferences = addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const enforced = (node: NodeFacts): boolean => addedTerms?.some((term) => matchesNodeTerm(term, node)) ?? true;
  return {
    name: 'NodeAffinity',
    events: [
      {
        resource: 'Node',
        actions: actions.add | actions.nodeLabel,
        helps: ({ pod }, event) => {
          const matches = requiredNodes(pod) ?? ((): boolean => true);
          const old = event.old as Node | undefined;
          const now = named(event.object as Node);
          return enforced(now) && matches(now) && (old === undefined || !matches(named(old)));
        },
      },
    ],
    preFilter({ pod }) {
      const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
      const nodes = terms === undefined || terms.length === 0 ? undefined : namedNodes(terms);
      if (nodes === undefined) return undefined;
      return nodes.size === 0 ? { rejection: rejectForGood('pod affinity terms conflict') } : { nodes };
    },
    localFilter({ pod }) {
      const matches = requiredNodes(pod);
      if (matches === undefined && addedTerms === undefined) return undefined;
      return (node) => {
        if (!enforced(node)) return rejectForGood("node(s) didn't match scheduler-enforced node affinity");
        return matches?.(node) === false ? rejectForGood("node(s) didn't match Pod's node affinity/selector") : undefined;
      };
    },
    localScore({ pod }) {
      const own = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
      const preferences = [...addedPreferences, ...own];
      if (preferences.length === 0) return undefined;
      return { score: (node) => preferenceScore(preferences, node), normalize: (scores) => normalizeByMax(scores, false) };
    },
  };
}

function named({ metadata: { name, labels = {} } }: Node): NodeFacts {
  return { name, labels };
}

/** The nodes that terms name, when each term names some: so it is with pods of DaemonSets. */
function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | undefined {
  const all = new Set<string>();
  for (const { matchFields = [] } of terms) {
    let names: Set<string> | undefined;
    for (const { key, operator, values = [] } of matchFields) {
      if (key !== 'metadata.name' || operator !== 'In') continue;
      names = names === undefined ? new Set(values) : names.intersection(new Set(values));
    }
    if (names === undefined) return undefined;
    for (const name of names) all.add(name);
  }
  return all;
}
