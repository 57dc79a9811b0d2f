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
  readonly #limitGroup: typeof writePodLimits;
  #busy = false;
  #retryAt = 0;
  /** Limits of the pod's control group, as last written; undefined: by an earlier agent. */
  #group: ResourceLimits | undefined;

  constructor(host: TaskHost, limitGroup = writePodLimits) {
    this.#host = host;
    this.#limitGroup = limitGroup;
  }

  /** Something has other resources than it is to have. */
  inProgress(records: readonly ContainerRecord[]): boolean {
    return records.some((record) => isPending(record)) || this.#groupDiffers();
  }

  /** The control group of the pod is there: limits it from the start. */
  async limitPod(): Promise<void> {
    const { deps, pod } = this.#host;
    if (deps.runtime.real) await this.#writeGroup(podLimits(pod));
  }

  async #writeGroup(limits: ResourceLimits): Promise<void> {
    await this.#limitGroup(cgroupParent(this.#host.pod), limits);
    this.#group = limits;
  }

  #groupDiffers(): boolean {
    return this.#group !== undefined && !sameLimits(this.#group, podLimits(this.#host.pod));
  }

  /** What the pod's group has to allow for as long as some container has yet to change. */
  #wide(): ResourceLimits {
    return this.#group === undefined ? {} : greater(this.#group, podLimits(this.#host.pod));
  }

  /** Changes what runs. Containers that have to start again do so by themselves, in a group that has room for what they get. */
  apply(records: readonly ContainerRecord[]): void {
    const due = records.filter((record) => !record.busy && isPending(record) && !record.restartDue);
    if (this.#busy || (due.length === 0 && !this.#groupDue(records))) return;
    const wait = this.#retryAt - this.#host.deps.clock.now();
    if (wait > 0) return this.#host.wakeAfter(wait);
    this.#busy = true;
    void this.#change(due, records)
      .catch((error: unknown) => {
        this.#retryAt = this.#host.deps.clock.now() + retryMs;
        this.#host.resizeFailed(error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        this.#busy = false;
        this.#host.wake();
      });
  }

  #groupDue(records: readonly ContainerRecord[]): boolean {
    if (!this.#host.deps.runtime.real) return false;
    if (!records.some((record) => isPending(record))) return this.#groupDiffers();
    return this.#group === undefined || !sameLimits(this.#group, this.#wide());
  }

  /** The pod grows before its containers and shrinks after them. */
  async #change(due: readonly ContainerRecord[], records: readonly ContainerRecord[]): Promise<void> {
    await this.#refuseTooLittle(due);
    const { deps, pod } = this.#host;
    const next = podLimits(pod);
    if (deps.runtime.real) await this.#writeGroup(this.#wide());
    for (const record of due) {
      if (record.current?.state !== 'running') continue;
      const { resources = {} } = record.spec.container;
      await deps.runtime.updateResources(record.current.id, resourceLimits(pod, record.spec.container, deps.machineMemory));
      record.actuated = resources;
    }
    if (deps.runtime.real && !records.some((record) => isPending(record))) await this.#writeGroup(next);
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

/** It has other resources than it is to have, or had when it was ended to get them. */
function isPending({ current, actuated, spec, restartDue }: ContainerRecord): boolean {
  if (actuated === undefined || spec.role === 'ephemeral' || (current?.state !== 'running' && !restartDue)) return false;
  return differences(actuated, spec.container.resources).length > 0;
}

function sameLimits(a: ResourceLimits, b: ResourceLimits): boolean {
  return a.cpuShares === b.cpuShares && a.cpuQuota === b.cpuQuota && a.memoryBytes === b.memoryBytes;
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
