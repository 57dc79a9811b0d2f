/** What our scheduler would do about a pod, decided on objects as the real API server has them, without any writes. */
import type { Node, Pod, PodDisruptionBudget } from '../../src/api/generated/types.ts';
import { FakeClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { ResourceRef } from '../../src/client/client.ts';
import { createInformers } from '../../src/client/informer-factory.ts';
import { refs } from '../../src/client/refs.ts';
import { createFakeClient } from '../../src/client/testing/fake-client.ts';
import { SchedulerCache } from '../../src/scheduler/cache.ts';
import { clusterView } from '../../src/scheduler/cluster-view.ts';
import { defaultProfile, makeProfile } from '../../src/scheduler/config/profiles.ts';
import { Decider, type Decision } from '../../src/scheduler/decide.ts';
import { describe } from '../../src/scheduler/diagnosis.ts';
import type { Cluster } from '../../src/scheduler/framework.ts';
import { Nominator } from '../../src/scheduler/nominator.ts';
import { PodClasses } from '../../src/scheduler/pod-class.ts';
import { podInfo, type PodInfo } from '../../src/scheduler/pod-info.ts';
import { preempt } from '../../src/scheduler/preemption.ts';
import { volumeInformers } from '../../src/scheduler/volume-informers.ts';

/** Objects by resource, as lists of the API gave them. */
export type State = Readonly<Record<string, readonly unknown[]>>;

export type Verdict =
  /** Any of these nodes is as good as the others. */
  | { readonly nodes: ReadonlySet<string> }
  | { readonly message: string }
  /** Nodes to make room on, with the pods that would have to go, by `namespace/name`. */
  | { readonly message: string; readonly victims: ReadonlyMap<string, ReadonlySet<string>> };

const profile = makeProfile(defaultProfile);
/** So many dice find every one of a dozen equals. */
const throws = Array.from({ length: 60 }, (_, at) => (at + 0.5) / 60);

export async function judge(pod: Pod, state: State): Promise<Verdict> {
  const clock = new FakeClock(Date.now());
  const client = createFakeClient({ clock });
  for (const ref of Object.values(refs) as readonly ResourceRef<unknown>[])
    for (const object of state[ref.resource] ?? []) client.seed(ref, object);
  await using informers = createInformers({ client, clock, logger: silentLogger });
  const cache = new SchedulerCache();
  const { view, following: volumes } = volumeInformers({ informers, client, clock });
  const { cluster, following } = clusterView({ cache, nominator: new Nominator(), informers, volumes: view });
  await informers.synced;
  const classes = new PodClasses();
  for (const node of (state['nodes'] ?? []) as readonly Node[]) cache.setNode(node);
  for (const other of (state['pods'] ?? []) as readonly Pod[])
    if (other.spec.nodeName !== undefined) cache.setPod(podInfo(other, classes), other.spec.nodeName);
  const budgets = (state['poddisruptionbudgets'] ?? []) as readonly PodDisruptionBudget[];
  const verdict = decideAll(podInfo(pod, classes), cluster, budgets);
  await following.stop();
  await volumes.stop();
  return verdict;
}

function decideAll(pod: PodInfo, cluster: Cluster, budgets: readonly PodDisruptionBudget[]): Verdict {
  const decide = (random: number): Decision => new Decider({ profile, cluster, turn: { start: 0 }, random: () => random }).decide(pod);
  const first = decide(0);
  if ('node' in first)
    return {
      nodes: new Set(
        throws.flatMap((random) => {
          const found = decide(random);
          return 'node' in found ? [found.node.name] : [];
        }),
      ),
    };
  const { unschedulable: diagnosis, filters } = first;
  if (diagnosis.preFilter !== undefined) return { message: describe(diagnosis, 'not found') };
  const settings = profile.preemption;
  if (settings === undefined) throw new Error('the default profile preempts');
  const victims = new Map<string, ReadonlySet<string>>();
  for (const random of throws) {
    const found = preempt(pod, diagnosis, { filters, cluster, settings, budgets, random: () => random, now: Date.now() });
    if ('message' in found) return { message: describe(diagnosis, `no new claims to deallocate, ${found.message}`) };
    victims.set(found.node.name, new Set(found.victims.map(({ key }) => key)));
  }
  return { message: describe(diagnosis, ''), victims };
}
