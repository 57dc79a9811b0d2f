/** One try to find a node for a pod, and what follows from it: scheduler/schedule_one.go. */
import { isReason } from '../api/errors.ts';
import type { Pod, PodDisruptionBudget } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { Informer } from '../client/informer.ts';
import { refs } from '../client/refs.ts';
import type { SchedulerCache } from './cache.ts';
import { actions } from './cluster-events.ts';
import type { Decider, PodFilters } from './decide.ts';
import type { Diagnosis } from './diagnosis.ts';
import { describe } from './diagnosis.ts';
import type { Evictions } from './evictions.ts';
import type { Cluster, Rejection, Reservation } from './framework.ts';
import type { AttemptResult, SchedulerMetrics } from './metrics.ts';
import type { NodeInfo } from './node-info.ts';
import type { Nominator } from './nominator.ts';
import type { Preemption } from './preemption.ts';
import { preempt } from './preemption.ts';
import type { Profile } from './profile.ts';
import type { SchedulingQueue } from './queue.ts';
import type { QueuedPod } from './queued-pod.ts';
import type { Reports } from './reports.ts';
import { nominate } from './status.ts';

export interface AttemptsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly cache: SchedulerCache;
  readonly cluster: Cluster;
  readonly nominator: Nominator;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly deciders: ReadonlyMap<string, Decider>;
  readonly queue: SchedulingQueue;
  readonly reports: Reports;
  readonly evictions: Evictions;
  readonly pods: Informer<Pod>;
  readonly budgets: () => Iterable<PodDisruptionBudget>;
  readonly maxBindings: number;
  /** Called when there is room for bindings again. */
  readonly onRoom: () => void;
  readonly metrics?: SchedulerMetrics | undefined;
}

const noNodes = 'no nodes available to schedule pods';
const nobody: ReadonlySet<string> = new Set();

export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #tasks = new Set<Promise<void>>();
  #bindings = 0;

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Whether one more binding may be under way. */
  get hasRoom(): boolean {
    return this.#bindings < this.#options.maxBindings;
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  attempt(pod: QueuedPod): void {
    const { cluster, deciders, profiles, queue } = this.#options;
    const name = pod.info.pod.spec.schedulerName ?? 'default-scheduler';
    const decider = deciders.get(name);
    const profile = profiles.get(name);
    if (decider === undefined || profile === undefined) return queue.done(pod);
    if (cluster.nodes.length === 0) return this.#refused(pod, { message: noNodes, plugins: nobody, nominated: '' });
    const decision = decider.decide(pod.info);
    this.#options.metrics?.decided(this.#secondsSince(pod.tried));
    if ('node' in decision) this.#chosen(pod, decision.node, profile);
    else this.#unschedulable(pod, decision.unschedulable, { filters: decision.filters, profile });
  }

  /** The attempt, or what followed from it, went wrong. */
  failed(pod: QueuedPod, error: unknown): void {
    const { queue, reports, nominator } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    nominator.delete(pod.info.uid);
    this.#over(pod, 'error');
    queue.retryLater(pod);
    reports.failed(pod.info, { reason: 'SchedulerError', message, nominated: '' });
  }

  #unschedulable(pod: QueuedPod, diagnosis: Diagnosis, { filters, profile }: { filters: PodFilters; profile: Profile }): void {
    const { clock, cluster, random, evictions, nominator, reports } = this.#options;
    const { plugins } = diagnosis;
    // The plugin for dynamic resources is asked first; when filtering never came to it, it misses its notes, and that is all that is said.
    if (profile.dynamicResources && diagnosis.preFilter !== undefined)
      return this.#refused(pod, { message: describe(diagnosis, 'not found'), plugins, nominated: undefined });
    const settings = profile.preemption;
    const outcome: Preemption =
      settings === undefined
        ? { message: '', waits: !profile.dynamicResources }
        : preempt(pod.info, diagnosis, { filters, cluster, settings, random, now: clock.now(), budgets: this.#options.budgets() });
    if (settings !== undefined) this.#options.metrics?.preempting('victims' in outcome ? outcome.victims.length : undefined);
    if ('message' in outcome) {
      // The plugin for dynamic resources is asked first, which has nothing to free.
      const words = [
        ...(profile.dynamicResources ? ['no new claims to deallocate'] : []),
        ...(outcome.message === '' ? [] : [outcome.message]),
      ];
      const nominated = outcome.waits ? undefined : '';
      this.#refused(pod, { message: describe(diagnosis, words.join(', ')), plugins, nominated });
      return reports.advise(pod, diagnosis);
    }
    const { node, victims } = outcome;
    this.#refused(pod, { message: describe(diagnosis, ''), plugins, nominated: node.name });
    const displaced = nominator.on(node.name).filter(({ priority }) => priority < pod.info.priority);
    this.#task(
      evictions.run({ preemptor: pod.info, node: node.name, victims, displaced }).then((done) => {
        if (!done) this.#options.queue.activate(pod.info.uid);
      }),
    );
  }

  /** `nominated`: the node room is being made on, '' for none any more, undefined to leave it as it was. */
  #refused(
    pod: QueuedPod,
    { message, plugins, nominated }: { message: string; plugins: ReadonlySet<string>; nominated: string | undefined },
  ): void {
    const { queue, nominator, reports } = this.#options;
    this.#over(pod, 'unschedulable');
    queue.reject(pod, plugins);
    const said = pod.info.pod.status.nominatedNodeName ?? '';
    const node = nominated ?? said;
    if (node === '') nominator.delete(pod.info.uid);
    else nominator.add(pod.info, node);
    reports.failed(pod.info, { reason: 'Unschedulable', message, nominated });
  }

  #chosen(pod: QueuedPod, node: NodeInfo, profile: Profile): void {
    const { cache, nominator, cluster } = this.#options;
    const { info } = pod;
    cache.assume(info, node.name);
    nominator.delete(info.uid);
    const reservations: Reservation[] = [];
    for (const plugin of profile.reserve) {
      const made = plugin.reserve?.(info, node, cluster);
      if (made === undefined) continue;
      if ('undo' in made) reservations.push(made);
      else return this.#notReserved(pod, { node, reservations, rejection: made, plugin: plugin.name });
    }
    this.#bindings += 1;
    this.#task(this.#bind(pod, node.name, reservations));
  }

  #notReserved(
    pod: QueuedPod,
    { node, reservations, rejection, plugin }: { node: NodeInfo; reservations: Reservation[]; rejection: Rejection; plugin: string },
  ): void {
    this.#undo(pod, reservations);
    const refusals = new Map([[node, { plugin, rejection }]]);
    const diagnosis = { nodes: [node], refusals, absent: rejection, preFilter: undefined, plugins: new Set([plugin]) };
    this.#refused(pod, { message: describe(diagnosis, ''), plugins: diagnosis.plugins, nominated: '' });
  }

  #undo({ info }: QueuedPod, reservations: readonly Reservation[]): void {
    for (const reservation of reservations.toReversed()) reservation.undo();
    this.#options.cache.forget(info.uid);
  }

  async #bind(pod: QueuedPod, node: string, reservations: readonly Reservation[]): Promise<void> {
    const { client, queue, reports, maxBindings, onRoom } = this.#options;
    const { namespace, uid, pod: object } = pod.info;
    const { name } = object.metadata;
    try {
      await this.#preBind(pod, node, reservations);
      const body = { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target: { kind: 'Node', name: node } };
      await client.resource(refs.pods).createSubresource(namespace, name, 'binding', body);
      this.#over(pod, 'scheduled');
      this.#options.metrics?.scheduled(pod.attempts, this.#secondsSince(pod.seen));
      queue.done(pod);
      reports.scheduled(pod.info, node);
    } catch (error) {
      this.#notBound(pod, reservations, error);
    } finally {
      this.#bindings -= 1;
      if (this.#bindings === maxBindings - 1) onRoom();
    }
  }

  /** Others are told where the pod is about to go when that takes time. */
  async #preBind({ info }: QueuedPod, node: string, reservations: readonly Reservation[]): Promise<void> {
    const { client, logger } = this.#options;
    const works = reservations.flatMap(({ preBind }) => preBind ?? []);
    if (works.length === 0) return;
    try {
      await nominate(client, info.pod, node);
    } catch (error) {
      logger.debug({ err: error, pod: info.key }, 'the node a pod is about to go to was not written');
    }
    for (const work of works) await work();
  }

  #notBound(pod: QueuedPod, reservations: readonly Reservation[], error: unknown): void {
    const { queue, logger, pods, cache } = this.#options;
    const wasAssumed = cache.isAssumed(pod.info.uid);
    this.#undo(pod, reservations);
    if (wasAssumed) queue.wake({ resource: 'AssignedPod', action: actions.delete, old: pod.info.pod });
    const current = pods.store.get(pod.info.key);
    // It may have gone, or have been bound after all.
    if (current?.metadata.uid !== pod.info.uid || (current.spec.nodeName ?? '') !== '') return queue.done(pod);
    if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) logger.warn({ err: error, pod: pod.info.key }, 'binding failed');
    this.failed(pod, error);
  }

  #secondsSince(time: number): number {
    return (this.#options.clock.monotonic() - time) / 1000;
  }

  #over(pod: QueuedPod, result: AttemptResult): void {
    const { metrics } = this.#options;
    metrics?.attempted(pod.info.pod.spec.schedulerName ?? 'default-scheduler', result, this.#secondsSince(pod.tried));
  }

  #task(work: Promise<void>): void {
    const task = work.finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }
}
