/** One reading of everything: node, pods, containers. Nothing is measured while nobody asks. */
import type { PodDeps } from '../pods/deps.ts';
import type { PodWorker } from '../pods/worker.ts';
import type { Container } from '../runtimes/runtime.ts';
import { groupNamed, groupOf, type GroupPath, type GroupStats, parentGroup, readGroup } from './cgroup.ts';
import { readInterfaces, readNodeUse, type NetworkInterface, type NodeUse } from './machine-use.ts';

export interface GroupUse {
  readonly path: GroupPath;
  readonly stats: GroupStats;
}

export interface ContainerUse extends GroupUse {
  readonly container: Container;
}

export interface PodUse {
  readonly worker: PodWorker;
  readonly containers: readonly ContainerUse[];
  /** Of the pod as a whole, its sandbox included; undefined when that does not run. */
  readonly group: GroupUse | undefined;
  /** Empty for pods on the host's network. */
  readonly interfaces: readonly NetworkInterface[];
}

export interface Usage {
  readonly node: NodeUse;
  /** All pods of this machine together. */
  readonly pods: readonly PodUse[];
  readonly allPods: GroupUse | undefined;
}

type UsageDeps = Pick<PodDeps, 'clock' | 'runtime'>;

/** Pods of a runtime that only simulates them use nothing, and are left out. */
export async function readUsage({ clock, runtime }: UsageDeps, workers: Iterable<PodWorker>): Promise<Usage> {
  const now = (): number => clock.now();
  const pods = runtime.real ? await Promise.all([...workers].map((worker) => podUse(worker, now))) : [];
  const allPods = runtime.real ? await use(await groupNamed('/kubepods'), now) : undefined;
  return { node: await readNodeUse(clock.now()), pods: pods.filter((pod) => pod.group !== undefined), allPods };
}

async function use(path: GroupPath | undefined, now: () => number): Promise<GroupUse | undefined> {
  const stats = path === undefined ? undefined : await readGroup(path, now());
  return path === undefined || stats === undefined ? undefined : { path, stats };
}

async function podUse(worker: PodWorker, now: () => number): Promise<PodUse> {
  const running = worker.records.flatMap(({ current }) => (current?.state === 'running' ? [current] : []));
  const containers = await Promise.all(
    running.map(async (container) => {
      const found = await use(await groupOf(container.pid), now);
      return found === undefined ? [] : [{ ...found, container }];
    }),
  );
  const pid = worker.ground.sandbox?.pid ?? 0;
  const sandbox = await groupOf(pid);
  return {
    worker,
    containers: containers.flat(),
    group: await use(sandbox === undefined ? undefined : parentGroup(sandbox), now),
    interfaces: worker.pod.spec.hostNetwork === true || pid <= 0 ? [] : await readInterfaces(pid),
  };
}
