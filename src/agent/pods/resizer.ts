/** Gives running containers, and the pod around them, the resources that were allocated (kuberuntime, doPodResizeAction). */
import { cgroupParent, podLimits, resourceLimits } from '../containers/resources.ts';
import { writePodLimits } from '../containers/pod-cgroup.ts';
import type { ResourceLimits } from '../runtimes/runtime.ts';
import { differences } from './allocation.ts';
import type { TaskHost } from './container-tasks.ts';
import type { ContainerRecord } from './record.ts';

/** A change that failed is tried again after so long. */
const retryMs = 10_000;

export class PodResizer {
  readonly #host: TaskHost;
  #busy = false;
  #retryAt = 0;
  /** Limits of the pod's control group, as last written. */
  #group: ResourceLimits | undefined;

  constructor(host: TaskHost) {
    this.#host = host;
  }

  /** Something that runs has other resources than it is to have. */
  inProgress(records: readonly ContainerRecord[]): boolean {
    return records.some((record) => isDue(record));
  }

  /** The control group of the pod is there: limits it from the start. */
  async limitPod(): Promise<void> {
    const { deps, pod } = this.#host;
    if (!deps.runtime.real) return;
    this.#group = podLimits(pod);
    await writePodLimits(cgroupParent(pod), this.#group);
  }

  apply(records: readonly ContainerRecord[]): void {
    const due = records.filter((record) => !record.busy && isDue(record));
    if (due.length === 0 || this.#busy) return;
    const wait = this.#retryAt - this.#host.deps.clock.now();
    if (wait > 0) return this.#host.wakeAfter(wait);
    this.#busy = true;
    void this.#change(due)
      .catch((error: unknown) => {
        this.#retryAt = this.#host.deps.clock.now() + retryMs;
        this.#host.resizeFailed(error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        this.#busy = false;
        this.#host.wake();
      });
  }

  /** The pod grows before its containers and shrinks after them. */
  async #change(due: readonly ContainerRecord[]): Promise<void> {
    await this.#refuseTooLittle(due);
    const { deps, pod } = this.#host;
    const next = podLimits(pod);
    if (deps.runtime.real && this.#group !== undefined) await writePodLimits(cgroupParent(pod), greater(this.#group, next));
    for (const record of due) {
      if (record.current?.state !== 'running') continue;
      const { resources = {} } = record.spec.container;
      await deps.runtime.updateResources(record.current.id, resourceLimits(pod, record.spec.container, deps.machineMemory));
      record.actuated = resources;
    }
    if (deps.runtime.real) await writePodLimits(cgroupParent(pod), next);
    this.#group = next;
  }

  /** Memory that is in use cannot be taken away (validateMemoryResizeAction). */
  async #refuseTooLittle(due: readonly ContainerRecord[]): Promise<void> {
    const { deps, pod } = this.#host;
    const faults: string[] = [];
    for (const { current, actuated = {}, spec, name } of due) {
      const before = resourceLimits(pod, { ...spec.container, resources: actuated }, deps.machineMemory).memoryBytes;
      const limit = resourceLimits(pod, spec.container, deps.machineMemory).memoryBytes;
      if (current === undefined || limit === undefined || (before !== undefined && limit >= before)) continue;
      const usage = (await deps.runtime.stats(current))?.memoryUsage;
      if (usage !== undefined && usage >= limit)
        faults.push(`attempting to set container "${name}" memory limit (${limit}) below current usage (${usage})`);
    }
    if (faults.length === 0) return;
    throw new Error(`cannot decrease memory limits: ${faults.length === 1 ? faults.join('') : `[${faults.join(', ')}]`}`);
  }
}

function isDue({ current, actuated, spec, restartDue }: ContainerRecord): boolean {
  if (current?.state !== 'running' || actuated === undefined || restartDue || spec.role === 'ephemeral') return false;
  return differences(actuated, spec.container.resources).length > 0;
}

/** No limit is the greatest. */
function greater(a: ResourceLimits, b: ResourceLimits): ResourceLimits {
  const most = (one: number | undefined, other: number | undefined): number | undefined =>
    one === undefined || other === undefined ? undefined : Math.max(one, other);
  const [cpuShares, cpuQuota, memoryBytes] = [
    most(a.cpuShares, b.cpuShares),
    most(a.cpuQuota, b.cpuQuota),
    most(a.memoryBytes, b.memoryBytes),
  ];
  return {
    ...(cpuShares === undefined ? {} : { cpuShares }),
    ...(cpuQuota === undefined ? {} : { cpuQuota }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
}
