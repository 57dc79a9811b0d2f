/** Which plugins run for the pods of one scheduler name, and in which order at each phase (scheduler profile/profile.go). */
import type { Plugin } from './framework.ts';

export interface Weighted {
  readonly plugin: Plugin;
  /** Of its score; at least 1. */
  readonly weight: number;
}

export interface PreemptionSettings {
  /** Nodes that are at least looked at before the best is taken, as a share of all that come into question. */
  readonly minCandidateNodesPercentage: number;
  readonly minCandidateNodesAbsolute: number;
}

export interface Profile {
  readonly schedulerName: string;
  readonly queueSort: Plugin;
  readonly preEnqueue: readonly Plugin[];
  readonly preFilter: readonly Plugin[];
  readonly filter: readonly Plugin[];
  readonly score: readonly Weighted[];
  readonly reserve: readonly Plugin[];
  /** Every plugin that takes part in anything. */
  readonly plugins: readonly Plugin[];
  /** Missing: pods never preempt others. */
  readonly preemption: PreemptionSettings | undefined;
  /** Whether the plugin for dynamic resources has its say after filtering: it only ever says that it has none to free. */
  readonly dynamicResources: boolean;
  /** 0: adaptive. */
  readonly percentageOfNodesToScore: number;
}
