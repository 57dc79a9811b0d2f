/** Arguments of plugins with their defaults: scheduler apis/config/v1/defaults.go. */
import type { NodeAffinity, TopologySpreadConstraint } from '../../api/generated/types.ts';
import type { ScoringStrategy } from '../plugins/node-resources-fit/scoring.ts';

export interface PluginArgs {
  readonly DefaultPreemption: { readonly minCandidateNodesPercentage: number; readonly minCandidateNodesAbsolute: number };
  readonly InterPodAffinity: { readonly hardPodAffinityWeight: number; readonly ignorePreferredTermsOfExistingPods: boolean };
  readonly NodeAffinity: { readonly addedAffinity?: NodeAffinity };
  readonly NodeResourcesBalancedAllocation: { readonly resources: readonly string[] };
  readonly NodeResourcesFit: {
    readonly ignoredResources: readonly string[];
    readonly ignoredResourceGroups: readonly string[];
    readonly scoringStrategy: ScoringStrategy;
  };
  /** Undefined constraints: the system's. */
  readonly PodTopologySpread: { readonly defaultConstraints: readonly TopologySpreadConstraint[] | undefined };
  readonly VolumeBinding: { readonly bindTimeoutSeconds: number };
}

export type PluginWithArgs = keyof PluginArgs;

export const defaultResources = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
] as const;

export const defaultArgs: PluginArgs = {
  DefaultPreemption: { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 },
  InterPodAffinity: { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false },
  NodeAffinity: {},
  NodeResourcesBalancedAllocation: { resources: defaultResources.map(({ name }) => name) },
  NodeResourcesFit: {
    ignoredResources: [],
    ignoredResourceGroups: [],
    scoringStrategy: { type: 'LeastAllocated', resources: defaultResources },
  },
  PodTopologySpread: { defaultConstraints: undefined },
  VolumeBinding: { bindTimeoutSeconds: 600 },
};
