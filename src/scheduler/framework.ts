/**
 * What a plugin can do, shaped as upstream's scheduling framework (scheduler/framework/interface.go): each phase is an
 * optional member. Where upstream passes state between phases, a phase here returns the function of the next.
 */
import type { Pod, Service } from '../api/generated/types.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** The highest score a plugin gives. */
export const maxScore = 100;

/** Why a node (or every node) will not do. */
export interface Rejection {
  readonly reasons: readonly string[];
  /** Taking pods away from the node would not help. */
  readonly unresolvable: boolean;
}

export function reject(...reasons: string[]): Rejection {
  return { reasons, unresolvable: false };
}
export function rejectForGood(...reasons: string[]): Rejection {
  return { reasons, unresolvable: true };
}

/** What may have made room for a rejected pod. */
export type ClusterEvent =
  | 'node-add'
  | 'node-allocatable'
  | 'node-labels'
  | 'node-taints'
  | 'node-unschedulable'
  | 'assigned-pod-add'
  | 'assigned-pod-update'
  | 'assigned-pod-delete'
  | 'other';

/** The cluster as one scheduling decision sees it. */
export interface Cluster {
  /** Nodes in the order they came. */
  readonly nodes: readonly NodeInfo[];
  /** Pods that wait for room being made on the node; default none. */
  nominated?(node: string): readonly PodInfo[];
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
  readonly servicesOf: (pod: Pod) => readonly Service[];
  /** Labels that the pods of this pod's controller are known by; undefined: no controller with a selector. */
  readonly controllerSelector: (pod: Pod) => ((labels: Readonly<Record<string, string>> | undefined) => boolean) | undefined;
}

export type NodeFilter = (node: NodeInfo) => Rejection | undefined;

export interface NodeScorer {
  score(node: NodeInfo): number;
  /** Brings raw scores to 0..100; default: they are already. */
  normalize?(scores: number[], nodes: readonly NodeInfo[]): void;
}

export interface Plugin {
  readonly name: string;
  /** Events after which a pod this plugin rejected is worth another try. */
  readonly wakesOn: readonly ClusterEvent[];
  /** Which of two waiting pods goes first; exactly one plugin has it. */
  queueSort?(a: { readonly info: PodInfo; readonly since: number }, b: { readonly info: PodInfo; readonly since: number }): number;
  /** Keeps a pod out of the queue. */
  preEnqueue?(pod: Pod): Rejection | undefined;
  /** The node filter for this pod; undefined: nothing to check; a rejection: no node will do. */
  preFilter?(pod: PodInfo, cluster: Cluster): NodeFilter | Rejection | undefined;
  /** The scorer for this pod over the nodes that passed; undefined: no opinion. */
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], cluster: Cluster): NodeScorer | undefined;
}

/** A plugin with the weight of its score. */
export interface Weighted {
  readonly plugin: Plugin;
  readonly weight: number;
}

/** Scales to 0..100 by the highest; reversed, the lowest raw score is best (plugins/helper/normalize_score.go). */
export function normalizeByMax(scores: number[], reverse: boolean): void {
  const max = Math.max(0, ...scores);
  for (const [at, score] of scores.entries()) {
    if (max === 0) scores[at] = reverse ? maxScore : score;
    else scores[at] = reverse ? maxScore - Math.trunc((maxScore * score) / max) : Math.trunc((maxScore * score) / max);
  }
}
