/** A pod with everything precomputed that scheduling asks of it again and again. */
import type { NodeSelectorTerm, Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '../api/generated/types.ts';
import { type HostPort, hostPorts } from '../api/host-ports.ts';
import type { LabelMatcher } from '../api/label-selector.ts';
import { labelMatcher } from '../api/label-selector.ts';
import { keyOf } from '../client/informer-store.ts';
import type { Amounts } from './resources.ts';
import { podRequests, scoringRequests } from './resources.ts';

/** An affinity term with its selectors compiled. */
export interface AffinityTerm {
  readonly topologyKey: string;
  /** Whether the term speaks of pods with these labels in this namespace. */
  readonly matches: (pod: Pod, namespaceLabels: Readonly<Record<string, string>> | undefined) => boolean;
  readonly weight: number;
}

export interface PodInfo {
  readonly pod: Pod;
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly priority: number;
  readonly requests: Amounts;
  readonly scoring: { readonly cpu: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
  readonly requiredNodeTerms: readonly NodeSelectorTerm[] | undefined;
  readonly affinity: readonly AffinityTerm[];
  readonly antiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
}

export function podInfo(pod: Pod): PodInfo {
  const { namespace = '', uid } = pod.metadata;
  const { podAffinity, podAntiAffinity, nodeAffinity } = pod.spec.affinity ?? {};
  const required = (terms: readonly PodAffinityTerm[] | undefined): AffinityTerm[] => (terms ?? []).map((term) => compile(pod, term, 0));
  const preferred = (terms: readonly WeightedPodAffinityTerm[] | undefined): AffinityTerm[] =>
    (terms ?? []).map(({ podAffinityTerm, weight }) => compile(pod, podAffinityTerm, weight));
  return {
    pod,
    key: keyOf(pod),
    uid,
    namespace,
    priority: pod.spec.priority ?? 0,
    requests: podRequests(pod),
    scoring: scoringRequests(pod),
    hostPorts: hostPorts(pod.spec),
    requiredNodeTerms: nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
    affinity: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: preferred(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: preferred(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  };
}

function compile(owner: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const bySelector = selectorWithKeys(owner, term);
  const namespaces = new Set(term.namespaces);
  if (namespaces.size === 0 && term.namespaceSelector === undefined) namespaces.add(owner.metadata.namespace ?? '');
  const byNamespace = labelMatcher(term.namespaceSelector);
  return {
    topologyKey: term.topologyKey,
    weight,
    matches: (pod, namespaceLabels) =>
      (namespaces.has(pod.metadata.namespace ?? '') || (term.namespaceSelector !== undefined && byNamespace(namespaceLabels))) &&
      bySelector(pod.metadata.labels),
  };
}

/** matchLabelKeys and mismatchLabelKeys pin (or exclude) the owner's own values; the API server merges them in, too. */
function selectorWithKeys(owner: Pod, term: PodAffinityTerm): LabelMatcher {
  const labels = owner.metadata.labels ?? {};
  const pinned = (term.matchLabelKeys ?? [])
    .filter((key) => key in labels)
    .map((key) => ({ key, operator: 'In', values: [labels[key] ?? ''] }));
  const excluded = (term.mismatchLabelKeys ?? [])
    .filter((key) => key in labels)
    .map((key) => ({ key, operator: 'NotIn', values: [labels[key] ?? ''] }));
  if (term.labelSelector === undefined || pinned.length + excluded.length === 0) return labelMatcher(term.labelSelector);
  return labelMatcher({
    ...term.labelSelector,
    matchExpressions: [...(term.labelSelector.matchExpressions ?? []), ...pinned, ...excluded],
  });
}
