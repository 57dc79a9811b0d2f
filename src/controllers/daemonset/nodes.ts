/** On which nodes a DaemonSet's pods run and what such a pod looks like. Pure; daemon/daemon_controller.go, daemon/util/daemonset_util.go. */
import type { Affinity, DaemonSet, Node, Pod, PodSpec, PodTemplateSpec, Toleration } from '../../api/generated/types.ts';
import { matchesPodNodeSelection } from '../../api/node-selector.ts';
import { untolerated } from '../../api/tolerations.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import { revisionLabel } from '../shared/controller-revisions.ts';

const generationAnnotation = 'deprecated.daemonset.template.generation';
const generationLabel = 'pod-template-generation';

const exists = (name: string, effect: string): Toleration => ({ key: `node.kubernetes.io/${name}`, operator: 'Exists', effect });

const alwaysTolerated: readonly Toleration[] = [
  exists('not-ready', 'NoExecute'),
  exists('unreachable', 'NoExecute'),
  exists('disk-pressure', 'NoSchedule'),
  exists('memory-pressure', 'NoSchedule'),
  exists('pid-pressure', 'NoSchedule'),
  exists('unschedulable', 'NoSchedule'),
];

/** The template's tolerations and those every daemon pod has. */
export function daemonTolerations({ tolerations = [], hostNetwork }: PodSpec): Toleration[] {
  const result = [...tolerations];
  for (const own of [...alwaysTolerated, ...(hostNetwork === true ? [exists('network-unavailable', 'NoSchedule')] : [])]) {
    const at = result.findIndex(
      ({ key, effect, operator, value }) => key === own.key && effect === own.effect && operator === own.operator && (value ?? '') === '',
    );
    if (at < 0) result.push(own);
    else if (!jsonEqual(result[at], own)) result[at] = own;
  }
  return result;
}

export interface Placement {
  /** A pod should be made here. */
  readonly shouldRun: boolean;
  /** A pod that is here may stay. */
  readonly mayStay: boolean;
}

const nowhere: Placement = { shouldRun: false, mayStay: false };
const everywhere: Placement = { shouldRun: true, mayStay: true };

/** Says of any node whether the DaemonSet wants a pod there. */
export function placementOf(set: DaemonSet): (node: Node) => Placement {
  const spec = set.spec.template.spec ?? { containers: [] };
  const tolerations = daemonTolerations(spec);
  return (node) => {
    const { name, labels = {} } = node.metadata;
    if ((spec.nodeName ?? '') !== '' && spec.nodeName !== name) return nowhere;
    if (!matchesPodNodeSelection(spec, { name, labels })) return nowhere;
    const { taints } = node.spec;
    if (untolerated(taints, tolerations, ['NoExecute', 'NoSchedule']) === undefined) return everywhere;
    return { shouldRun: false, mayStay: untolerated(taints, tolerations, ['NoExecute']) === undefined };
  };
}

/** Counts changes of the template; undefined when nobody keeps count. */
export function templateGeneration(set: DaemonSet): string | undefined {
  const text = set.metadata.annotations?.[generationAnnotation];
  return text !== undefined && /^-?\d+$/.test(text) ? text : undefined;
}

/** The template of a pod for one node: pinned there by its affinity, so that the scheduler binds it. */
export function daemonTemplate(set: DaemonSet, hash: string, node: string): PodTemplateSpec {
  const { metadata, spec = { containers: [] } } = set.spec.template;
  const generation = templateGeneration(set);
  const counted: Record<string, string> = generation === undefined ? {} : { [generationLabel]: generation };
  return {
    metadata: { ...metadata, labels: { ...metadata?.labels, ...counted, [revisionLabel]: hash } },
    spec: { ...spec, tolerations: daemonTolerations(spec), affinity: pinned(spec.affinity, node) },
  };
}

function pinned(affinity: Affinity | undefined, node: string): Affinity {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  return { ...affinity, nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required } };
}

/** The node a pod is on or pinned to. */
export function targetNode({ spec }: Pod): string | undefined {
  if ((spec.nodeName ?? '') !== '') return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const fields = terms.flatMap(({ matchFields = [] }) => matchFields);
  const pin = fields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
  return pin?.values?.length === 1 ? pin.values[0] : undefined;
}

/** Whether the pod is of the newest template. */
export function isUpToDate(pod: Pod, set: DaemonSet, hash: string): boolean {
  const { labels = {} } = pod.metadata;
  const generation = templateGeneration(set);
  return labels[revisionLabel] === hash || (generation !== undefined && labels[generationLabel] === generation);
}

/** Pods with a node first, then the oldest. */
export function oldestFirst(pods: Iterable<Pod>): Pod[] {
  const unbound = ({ spec }: Pod): number => ((spec.nodeName ?? '') === '' ? 1 : 0);
  return [...pods].sort(
    (a, b) =>
      unbound(a) - unbound(b) ||
      Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  );
}
