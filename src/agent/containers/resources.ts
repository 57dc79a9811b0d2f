/** Requests and limits as the runtime takes them, and where in the cgroup tree a pod stands; pure. pkg/kubelet/cm, pkg/kubelet/qos. */
import type { Container, Pod } from '../../api/generated/types.ts';
import { addTo, type Amounts as PodAmounts, parseAmounts, podLimits as sumOfLimits, podRequests } from '../../api/pod-resources.ts';
import { tryParseQuantity } from '../../api/quantity.ts';
import type { ResourceLimits } from '../runtimes/runtime.ts';

type Amounts = Readonly<Record<string, string | number>> | undefined;

function milli(amounts: Amounts, name: string): number | undefined {
  const amount = amounts?.[name];
  return amount === undefined ? undefined : tryParseQuantity(amount)?.milliValue();
}

function bytes(amounts: Amounts, name: string): number | undefined {
  const amount = amounts?.[name];
  return amount === undefined ? undefined : tryParseQuantity(amount)?.value();
}

const period = 100_000;

/** A container without a limit of its own has the pod's (kubelet/util, GetLimits). */
export function resourceLimits(pod: Pod, container: Container, machineMemory: number): ResourceLimits {
  const { requests, limits: own } = container.resources ?? {};
  const limits = { ...pod.spec.resources?.limits, ...own };
  const cpuLimit = milli(limits, 'cpu');
  const cpu = milli(requests, 'cpu') ?? cpuLimit ?? 0;
  const memory = bytes(limits, 'memory');
  return {
    cpuShares: shares(cpu),
    ...(cpuLimit === undefined || cpuLimit === 0
      ? {}
      : { cpuQuota: Math.max(1000, Math.floor((cpuLimit * period) / 1000)), cpuPeriod: period }),
    ...(memory === undefined || memory === 0 ? {} : { memoryBytes: memory }),
    oomScoreAdj: oomScore(pod.status.qosClass, bytes(requests, 'memory') ?? 0, machineMemory),
  };
}

/** GetContainerOOMScoreAdjust: the more of its memory a pod has asked for, the later it is killed. */
function oomScore(qos: string | undefined, request: number, machineMemory: number): number {
  if (qos === 'Guaranteed') return -997;
  if (qos !== 'Burstable') return 1000;
  return Math.min(999, Math.max(3, 1000 - Math.floor((1000 * request) / machineMemory)));
}

/** What the pod as a whole may take: a limit only when every container has one, or the pod (ResourceConfigForPod). */
export function podLimits(pod: Pod): ResourceLimits {
  const { spec, status } = pod;
  const overhead = parseAmounts(spec.overhead);
  const requests = podRequests(spec);
  addTo(requests, overhead);
  const cpuShares = shares(requests.get('cpu')?.milliValue() ?? 0);
  if ((status.qosClass ?? 'BestEffort') === 'BestEffort') return { cpuShares };
  const limits: PodAmounts = sumOfLimits(spec);
  addTo(limits, new Map([...overhead].filter(([name]) => limits.has(name))));
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  const declared = (name: 'cpu' | 'memory'): boolean =>
    (milli(spec.resources?.limits, name) ?? 0) > 0 || all.every((container) => (milli(container.resources?.limits, name) ?? 0) > 0);
  const [cpu, memory] = [limits.get('cpu')?.milliValue() ?? 0, limits.get('memory')?.value() ?? 0];
  return {
    cpuShares,
    ...(cpu > 0 && declared('cpu') ? { cpuQuota: Math.max(1000, Math.floor((cpu * period) / 1000)), cpuPeriod: period } : {}),
    // Docker gives no container less than 6 MB.
    ...(memory > 0 && declared('memory') ? { memoryBytes: Math.max(memory, all.length * (6 << 20)) } : {}),
  };
}

function shares(milliCPU: number): number {
  return Math.min(262_144, Math.max(2, Math.floor((milliCPU * 1024) / 1000)));
}

export function cgroupParent(pod: Pod): string {
  const qos = pod.status.qosClass;
  const tier = qos === 'Guaranteed' ? '' : qos === 'Burstable' ? 'burstable/' : 'besteffort/';
  return `/kubepods/${tier}pod${pod.metadata.uid}`;
}
