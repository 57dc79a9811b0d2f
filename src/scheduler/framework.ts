/**
 * What a plugin can do, shaped as upstream's scheduling framework (kube-scheduler framework/interface.go): each phase is an
 * optional member. Where upstream passes state between phases, a phase here returns the function of the next.
 */
import type { Pod } from '../api/generated/types.ts';
import type { Labels } from '../api/label-selector.ts';
import type { ClusterEvent, Interest } from './cluster-events.ts';
import type { ImageStates } from './image-states.ts';
import type { NodeInfo, Stamps } from './node-info.ts';
import type { PodClass } from './pod-class.ts';
import type { PodInfo } from './pod-info.ts';
import type { VolumeView } from './volume-view.ts';

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

/** The selector of the pods that are spread together with a pod that says nothing about it. */
export interface DefaultSelector {
  /** The same for equal selectors. */
  readonly id: string;
  readonly matches: (labels: Labels | undefined) => boolean;
}

/** The cluster as one scheduling decision sees it. */
export interface Cluster {
  /** Nodes in the order they are looked at. */
  readonly nodes: readonly NodeInfo[];
  /** The same by slot, with holes; those without a node object do not count. */
  readonly slots: readonly (NodeInfo | undefined)[];
  readonly stamps: Stamps;
  node(name: string): NodeInfo | undefined;
  readonly podsWithAffinity: number;
  readonly images: Pick<ImageStates, 'isEmpty' | 'get'>;
  isClaimUsed(namespace: string, name: string): boolean;
  /** Pods that wait for room being made on the node. */
  nominated(node: string): readonly PodInfo[];
  readonly hasNominated: boolean;
  namespaceLabels(namespace: string): Labels | undefined;
  /** Changes when labels of namespaces do. */
  readonly namespaceStamp: number;
  /** From the pod's Services and controller; undefined: there are none. */
  defaultSelector(pod: Pod): DefaultSelector | undefined;
  readonly volumes: VolumeView;
}

export type LocalFilter = (node: NodeInfo) => Rejection | undefined;

/** Says of each node whether it will do. */
export interface NodeFilter {
  filter(node: NodeInfo): Rejection | undefined;
  /** A filter of its own for trying out what would be with other pods on a node. Missing: pods elsewhere do not matter to it. */
  fork?(): TrialFilter;
}

export interface TrialFilter extends NodeFilter {
  /** A pod comes to (1) or leaves (-1) the node. */
  place(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void;
}

export interface PreFilterResult {
  /** Missing: the plugin has nothing to check a node for. */
  readonly filter?: NodeFilter;
  /** Only these nodes come into question. */
  readonly nodes?: ReadonlySet<string>;
  /** No node will do. */
  readonly rejection?: Rejection;
}

export interface NodeScorer {
  score(node: NodeInfo): number;
  /** Brings raw scores to 0..100; default: they are already. */
  normalize?(scores: number[], nodes: readonly NodeInfo[]): void;
}

/** What has to be done about a pod between decision and binding. */
export interface Reservation {
  /** Undoes what was reserved. */
  undo(): void;
  /** What must be written before the binding; rejects when that fails. Missing: nothing. */
  readonly preBind?: () => Promise<void>;
}

/** A hint: whether the event may help the pod, which the plugin has rejected. */
export type QueueingHint = (pod: PodInfo, event: ClusterEvent, cluster: Cluster) => boolean;

export interface EventInterest extends Interest {
  /** Missing: always. */
  readonly helps?: QueueingHint;
}

interface Waiting {
  readonly info: PodInfo;
  readonly since: number;
}

export interface Plugin {
  readonly name: string;
  /** Events after which a pod this plugin rejected may be worth another try. */
  readonly events?: readonly EventInterest[];
  /** Which of two waiting pods goes first; exactly one plugin has it. */
  queueSort?(a: Waiting, b: Waiting): number;
  /** Keeps a pod out of the queue. */
  preEnqueue?(pod: Pod): Rejection | undefined;
  /** A filter that looks at nothing but the pod's class and the node, so that its answers are remembered; undefined: nothing to check. */
  localFilter?(podClass: PodClass): LocalFilter | undefined;
  /** What else keeps the pod off nodes; undefined: nothing. Throws when it cannot be told. */
  preFilter?(pod: PodInfo, cluster: Cluster): PreFilterResult | undefined;
  /** A scorer that looks at nothing but class and node; its scores are remembered. */
  localScore?(podClass: PodClass): NodeScorer | undefined;
  /** The scorer for this pod over the nodes that passed; undefined: no opinion. */
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], cluster: Cluster): NodeScorer | undefined;
  /** Called for the node chosen; a rejection: another try later. */
  reserve?(pod: PodInfo, node: NodeInfo, cluster: Cluster): Reservation | Rejection | undefined;
}

/** Scales to 0..100 by the highest; reversed, the lowest raw score is best (plugins/helper/normalize_score.go). */
export function normalizeByMax(scores: number[], reverse: boolean): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let at = 0; at < scores.length; at += 1) {
    const score = scores[at] ?? 0;
    if (max === 0) scores[at] = reverse ? maxScore : score;
    else scores[at] = reverse ? maxScore - Math.trunc((maxScore * score) / max) : Math.trunc((maxScore * score) / max);
  }
}
