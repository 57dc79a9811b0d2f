/** Beyond upstream: which change would let a pod fit that no node takes, on the node where the least is missing. */
import { tolerates } from '../api/tolerations.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { NodeInfo } from './node-info.ts';
import { requiredNodes } from './node-selector.ts';
import type { PodClass } from './pod-class.ts';
import { shortages } from './plugins/node-resources-fit/index.ts';
import type { Shortage } from './plugins/node-resources-fit/index.ts';

interface Obstacles {
  readonly node: NodeInfo;
  /** What would have to be so. */
  readonly changes: readonly string[];
  /** How much is missing, in parts of what the pod asks for. */
  readonly missing: number;
}

/** One sentence; undefined when what keeps the pod off is nothing that a change to one node or the pod would mend. */
export function advice(podClass: PodClass, diagnosis: Diagnosis): string | undefined {
  if (diagnosis.preFilter !== undefined) return undefined;
  let best: Obstacles | undefined;
  for (const node of diagnosis.nodes) {
    const found = obstacles(podClass, node);
    if (found.changes.length === 0) continue;
    if (best === undefined || isBetter(found, best)) best = found;
  }
  return best === undefined ? undefined : `Closest is node ${best.node.name}: the pod would fit if ${best.changes.join(' and ')}.`;
}

function isBetter(a: Obstacles, b: Obstacles): boolean {
  return a.changes.length < b.changes.length || (a.changes.length === b.changes.length && a.missing < b.missing);
}

function obstacles(podClass: PodClass, node: NodeInfo): Obstacles {
  const { pod } = podClass;
  const changes: string[] = [];
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  if (node.node?.spec.unschedulable === true && !tolerates(pod.spec.tolerations, cordon)) changes.push('the node were uncordoned');
  for (const taint of node.taints) {
    const isCordon = taint.key === cordon.key && node.node?.spec.unschedulable === true;
    if (isCordon || taint.effect === 'PreferNoSchedule' || tolerates(pod.spec.tolerations, taint)) continue;
    const value = (taint.value ?? '') === '' ? '' : `=${taint.value ?? ''}`;
    changes.push(`it tolerated the taint ${taint.key}${value}:${taint.effect}`);
  }
  const missingLabels = labelsMissing(podClass, node);
  if (missingLabels !== undefined) changes.push(missingLabels);
  if (podClass.hostPorts.length > 0 && node.conflicts(podClass.hostPorts)) changes.push('its host ports were free there');
  const short = shortages(podClass.requests, node);
  for (const shortage of short) changes.push(shortText(shortage));
  return {
    node,
    changes,
    missing: short.reduce((sum, { requested, used, capacity }) => sum + (requested + used - capacity) / requested, 0),
  };
}

function labelsMissing({ pod }: PodClass, node: NodeInfo): string | undefined {
  if (requiredNodes(pod)?.(node) !== false) return undefined;
  const pairs = Object.entries(pod.spec.nodeSelector ?? {}).filter(([key, value]) => node.labels[key] !== value);
  if (pairs.length === 0) return 'the node matched its node affinity';
  return `the node had the label ${pairs.map(([key, value]) => `${key}=${value}`).join(', ')}`;
}

function shortText({ resource, requested, used, capacity }: Shortage): string {
  if (resource === 'pods') return `the node took more than ${String(capacity)} pods`;
  const show = (amount: number): string => amountText(resource, amount);
  const more = requested + used - capacity;
  if (requested > capacity)
    return `it asked for ${show(requested - capacity)} ${resource} less (it asks for ${show(requested)}, the node has ${show(capacity)})`;
  return `${show(more)} more ${resource} were free (it asks for ${show(requested)}, ${show(Math.max(0, capacity - used))} of ${show(capacity)} are free)`;
}

function amountText(resource: string, amount: number): string {
  if (resource === 'cpu') return amount % 1000 === 0 ? String(amount / 1000) : `${String(amount)}m`;
  if (resource !== 'memory' && resource !== 'ephemeral-storage' && !resource.startsWith('hugepages-')) return String(amount);
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti'];
  let at = 0;
  let rest = amount;
  while (at < units.length - 1 && rest >= 1024 && (rest % 1024 === 0 || rest >= 10 * 1024)) {
    rest /= 1024;
    at += 1;
  }
  return `${String(Math.round(rest * 10) / 10)}${units[at] ?? ''}`;
}
