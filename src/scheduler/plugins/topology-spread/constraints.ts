/** Spread constraints with their selectors compiled: podtopologyspread common.go. */
import type { LabelSelector, Pod, TopologySpreadConstraint } from '../../../api/generated/types.ts';
import type { LabelMatcher } from '../../../api/label-selector.ts';
import { labelMatcher } from '../../../api/label-selector.ts';
import { untolerated } from '../../../api/tolerations.ts';
import type { Cluster } from '../../framework.ts';
import { selectorWithKeys } from '../../label-keys.ts';
import type { NodeInfo } from '../../node-info.ts';
import { requiredNodes } from '../../node-selector.ts';

export const hostname = 'kubernetes.io/hostname';

export interface Constraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly matches: LabelMatcher;
  /** An empty selector matches the pod itself, but counts no pods. */
  readonly isEmpty: boolean;
  readonly honorsTaints: boolean;
  /** Whether pods on the node count. */
  readonly includes: (node: NodeInfo) => boolean;
}

export interface Constraints {
  /** The same as long as the constraints are. */
  readonly id: string;
  compile(): readonly Constraint[];
  /** Nodes that lack one of the topology keys are left out altogether. */
  readonly needsAllKeys: boolean;
}

export type WhenUnsatisfiable = 'DoNotSchedule' | 'ScheduleAnyway';

/** For pods that state none: over hosts and zones, gently. */
export const systemDefaults: readonly TopologySpreadConstraint[] = [
  { topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

export interface Defaults {
  readonly constraints: readonly TopologySpreadConstraint[];
  /** They are {@link systemDefaults}. */
  readonly system: boolean;
}

/** The constraints of one kind that hold for a pod: its own, or else the defaults; undefined: none. */
export function constraintsOf(
  pod: Pod,
  kind: WhenUnsatisfiable,
  { defaults, cluster }: { defaults: Defaults; cluster: Cluster },
): Constraints | undefined {
  const own = pod.spec.topologySpreadConstraints ?? [];
  const stated = (own.length > 0 ? own : defaults.constraints).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === kind);
  if (stated.length === 0) return undefined;
  const selector = own.length > 0 ? undefined : cluster.defaultSelector(pod);
  if (own.length === 0 && selector === undefined) return undefined;
  return {
    id: selector?.id ?? '',
    compile: () => stated.map((constraint) => compile(pod, constraint, selector?.matches)),
    needsAllKeys: own.length > 0 || !defaults.system,
  };
}

/** Only what pods are counted by: labels that match, if any can. */
export function selectorsOf(pod: Pod, input: { defaults: Defaults; cluster: Cluster }): readonly Constraint[] {
  return constraintsOf(pod, 'DoNotSchedule', input)?.compile() ?? [];
}

function compile(pod: Pod, constraint: TopologySpreadConstraint, matches: LabelMatcher | undefined): Constraint {
  const matchesNode = constraint.nodeAffinityPolicy === 'Ignore' ? undefined : requiredNodes(pod);
  const honorsTaints = constraint.nodeTaintsPolicy === 'Honor';
  const { tolerations } = pod.spec;
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    matches: matches ?? labelMatcher(selectorWithKeys(pod, constraint)),
    isEmpty: matches === undefined && isEmpty(selectorWithKeys(pod, constraint)),
    honorsTaints,
    includes: (node) =>
      matchesNode?.(node) !== false && (!honorsTaints || untolerated(node.taints, tolerations, ['NoSchedule', 'NoExecute']) === undefined),
  };
}

function isEmpty(selector: LabelSelector | undefined): boolean {
  return selector !== undefined && Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
}
