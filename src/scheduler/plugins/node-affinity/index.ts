import type { Plugin } from '../../framework.ts';
import { normalizeByMax, rejectForGood } from '../../framework.ts';
import { matchesNodeTerm } from '../../../api/node-selector.ts';
import { matchesNodeSelection } from '../../node-selector.ts';

/** nodeSelector and required node affinity filter; preferred node affinity scores. */
export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  wakesOn: ['node-add', 'node-labels'],
  preFilter(pod) {
    if (pod.pod.spec.nodeSelector === undefined && pod.requiredNodeTerms === undefined) return undefined;
    return (node) => (matchesNodeSelection(pod, node) ? undefined : rejectForGood("node(s) didn't match Pod's node affinity/selector"));
  },
  preScore(pod) {
    const preferred = pod.pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    return {
      score: (node) => preferred.reduce((sum, term) => sum + (matchesNodeTerm(term.preference, node) ? term.weight : 0), 0),
      normalize: (scores) => normalizeByMax(scores, false),
    };
  },
};
