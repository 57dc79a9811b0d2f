/** Whether the node takes a pod that was bound to it, whoever bound it: pkg/kubelet/lifecycle/predicate.go. */
import { hostPorts, hostPortsClash } from '../../api/host-ports.ts';
import type { Node, Pod } from '../../api/generated/types.ts';
import { matchesPodNodeSelection } from '../../api/node-selector.ts';
import { addTo, type Amounts, parseAmounts, podRequests } from '../../api/pod-resources.ts';
import type { Quantity } from '../../api/quantity.ts';
import { tolerates, untolerated } from '../../api/tolerations.ts';
import { isCritical } from '../eviction/ranking.ts';
import { type NodeAbilities, unsupported } from './unsupported.ts';

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

export interface AdmissionOptions extends NodeAbilities {
  readonly operation?: 'add' | 'resize';
}

/** The first reason why the pod cannot run beside the `others` that the node has taken already; undefined: it can. */
export function reject(
  pod: Pod,
  others: readonly Pod[],
  node: Node,
  { operation = 'add', ...abilities }: AdmissionOptions = {},
): Rejection | undefined {
  const unable = operation === 'add' ? unsupported(pod, node, abilities) : undefined;
  return pressed(pod, node) ?? unable ?? wrongSystem(pod, node) ?? shortage(pod, others, node) ?? misplaced(pod, others, node);
}

/** A node that runs out of something takes no more (eviction_manager.go, Admit). */
function pressed(pod: Pod, { status }: Node): Rejection | undefined {
  const pressures = (status.conditions ?? []).filter((condition) => condition.type.endsWith('Pressure') && condition.status === 'True');
  const [first] = pressures;
  if (first === undefined || isCritical(pod)) return undefined;
  if (pressures.length === 1 && first.type === 'MemoryPressure' && bearsMemoryPressure(pod)) return undefined;
  return { reason: 'Evicted', message: `The node had condition: [${pressures.map(({ type }) => type).join(' ')}]. ` };
}

function bearsMemoryPressure({ spec, status }: Pod): boolean {
  if ((status.qosClass ?? 'BestEffort') !== 'BestEffort') return true;
  return tolerates(spec.tolerations, { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' });
}

function wrongSystem({ metadata, spec }: Pod, node: Node): Rejection | undefined {
  const asked = metadata.labels?.['kubernetes.io/os'];
  if (asked !== undefined && asked !== (node.metadata.labels?.['kubernetes.io/os'] ?? 'linux'))
    return {
      reason: 'PodOSSelectorNodeLabelDoesNotMatch',
      message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
    };
  if (spec.os !== undefined && spec.os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  return undefined;
}

const outOf: Readonly<Record<string, string>> = {
  cpu: 'OutOfcpu',
  memory: 'OutOfmemory',
  'ephemeral-storage': 'OutOfephemeral-storage',
  pods: 'OutOfpods',
};

function shortage(pod: Pod, others: readonly Pod[], node: Node): Rejection | undefined {
  const allocatable = parseAmounts(node.status.allocatable);
  const capacity = (name: string): number => units(name, allocatable.get(name));
  const short = (name: string, requested: number, used: number): Rejection | undefined =>
    requested <= capacity(name) - used
      ? undefined
      : {
          reason: outOf[name] ?? `OutOf${name}`,
          message: `Node didn't have enough resource: ${name}, requested: ${String(requested)}, used: ${String(used)}, capacity: ${String(capacity(name))}`,
        };
  const tooMany = short('pods', 1, others.length);
  if (tooMany !== undefined) return tooMany;
  const asked = requestsOf(pod);
  if (![...asked].some(([name, amount]) => units(name, amount) > 0)) return undefined;
  const taken: Amounts = new Map();
  for (const other of others) addTo(taken, requestsOf(other));
  for (const [name, amount] of inOrder(asked)) {
    const requested = units(name, amount);
    // Resources that the node knows nothing of are the cluster's.
    if (requested === 0 || (!allocatable.has(name) && outOf[name] === undefined)) continue;
    const rejection = short(name, requested, units(name, taken.get(name)));
    if (rejection !== undefined) return rejection;
  }
  return undefined;
}

function requestsOf({ spec }: Pod): Amounts {
  const amounts = podRequests(spec);
  addTo(amounts, parseAmounts(spec.overhead));
  return amounts;
}

function units(name: string, amount: Quantity | undefined): number {
  if (amount === undefined) return 0;
  return name === 'cpu' ? amount.milliValue() : amount.value();
}

function inOrder(amounts: Amounts): readonly (readonly [string, Quantity])[] {
  const known = Object.keys(outOf);
  const place = (name: string): number => (known.includes(name) ? known.indexOf(name) : known.length);
  return [...amounts].sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1));
}

function misplaced(pod: Pod, others: readonly Pod[], node: Node): Rejection | undefined {
  const { metadata, spec } = node;
  const failed = (predicate: string, text: string): Rejection => ({ reason: predicate, message: `Predicate ${predicate} failed: ${text}` });
  if (!matchesPodNodeSelection(pod.spec, { name: metadata.name, labels: metadata.labels ?? {} }))
    return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  const ports = hostPorts(pod.spec);
  const taken = ports.length === 0 ? [] : others.flatMap((other) => hostPorts(other.spec));
  if (ports.some((port) => taken.some((other) => hostPortsClash(port, other))))
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  if (untolerated(spec.taints, pod.spec.tolerations, ['NoExecute']) !== undefined)
    return failed('TaintToleration', "node(s) had taints that the pod didn't tolerate");
  return undefined;
}
