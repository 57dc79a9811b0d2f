/** Requests and limits as the runtime takes them, and where in the cgroup tree a pod stands; pure. pkg/kubelet/cm, pkg/kubelet/qos. */
import type { Container, Pod } from '../../api/generated/types.ts';
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

export function resourceLimits(pod: Pod, container: Container, machineMemory: number): ResourceLimits {
  const { requests, limits } = container.resources ?? {};
  const cpuLimit = milli(limits, 'cpu');
  const cpu = milli(requests, 'cpu') ?? cpuLimit ?? 0;
  const memory = bytes(limits, 'memory');
  return {
    cpuShares: Math.min(262_144, Math.max(2, Math.floor((cpu * 1024) / 1000))),
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

export function cgroupParent(pod: Pod): string {
  const qos = pod.status.qosClass;
  const tier = qos === 'Guaranteed' ? '' : qos === 'Burstable' ? 'burstable/' : 'besteffort/';
  return `/kubepods/${tier}pod${pod.metadata.uid}`;
}
