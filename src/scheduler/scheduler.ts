/**
 * The scheduler: informers feed cache and queue, each waiting pod gets a decision, bindings go out while the next ones
 * are decided. Runs only when there is something to decide.
 */
import { hostname } from 'node:os';
import { isReason } from '../api/errors.ts';
import type { Node, Pod } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import { jsonEqual } from '../base/json-equal.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import type { Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { SeriesRecorder } from '../client/events.ts';
import { createSeriesRecorder, referenceTo } from '../client/events.ts';
import type { Informers } from '../client/informer-factory.ts';
import { createInformers } from '../client/informer-factory.ts';
import type { Informer } from '../client/informer.ts';
import { createPace, schedulerPace, type Pace } from '../client/pace.ts';
import { refs } from '../client/refs.ts';
import { SchedulerCache } from './cache.ts';
import { clusterView } from './cluster-view.ts';
import type { Diagnosis } from './decide.ts';
import { decide, describe } from './decide.ts';
import type { Cluster, ClusterEvent, Weighted } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import { podInfo } from './pod-info.ts';
import { plugins as defaultPlugins } from './plugins/index.ts';
import { preempt } from './preemption.ts';
import type { QueuedPod } from './queue.ts';
import { SchedulingQueue } from './queue.ts';
import { markUnschedulable, markVictim, type SchedulingFailure } from './status.ts';

/** spec.schedulerName of the pods this scheduler takes. */
export const schedulerName = 'default-scheduler';

/** How long decisions may keep the thread before others get their turn, in ms. */
const sliceMs = 8;
/** Bindings under way at a time; more, and deciding waits. */
const maxBindings = 512;
const maxNoteLength = 1024;

export interface SchedulerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Informers shared with other parts of the process; the caller stops them. Default: own ones. */
  readonly informers?: Informers;
  readonly plugins?: readonly Weighted[];
  /** For choosing among equal nodes. Default Math.random. */
  readonly random?: () => number;
}

type Failure = Omit<SchedulingFailure, 'now'>;

export function startScheduler(options: SchedulerOptions): Running {
  return new Scheduler(options);
}

class Scheduler implements Running {
  readonly #options: SchedulerOptions;
  readonly #plugins: readonly Weighted[];
  readonly #lifecycle = new Lifecycle();
  readonly #cache = new SchedulerCache();
  readonly #queue: SchedulingQueue;
  readonly #cluster: Cluster;
  readonly #recorder: SeriesRecorder;
  readonly #notes: Pace;
  /** Pods that wait for their condition to be written, by uid, with the newest reason. */
  readonly #noted = new Map<string, { readonly info: PodInfo; readonly failure: Failure }>();
  readonly #pods: Informer<Pod>;
  readonly #tasks = new Set<Promise<void>>();
  #bindings = 0;
  #pumping = false;
  #stopped = false;
  #synced = false;
  #start = 0;

  constructor(options: SchedulerOptions) {
    const { client, clock, logger } = options;
    this.#options = options;
    this.#plugins = options.plugins ?? defaultPlugins;
    const informers = options.informers ?? this.#lifecycle.add(createInformers({ client, clock, logger }));
    this.#notes = createPace({ clock, ...schedulerPace });
    this.#recorder = this.#lifecycle.add(
      createSeriesRecorder({ client, clock, logger, component: schedulerName, host: hostname(), pace: schedulerPace }),
    );
    this.#queue = new SchedulingQueue({ clock, plugins: this.#plugins.map(({ plugin }) => plugin), onReady: () => this.#pump() });
    this.#cluster = clusterView(this.#cache, informers);
    const nodes = informers.of(refs.nodes);
    this.#pods = informers.of(refs.pods);
    this.#lifecycle.add(
      nodes.handle({
        add: (node) => this.#nodeAdded(node),
        update: (old, node) => this.#nodeChanged(old, node),
        delete: (node) => this.#cache.removeNode(node.metadata.name),
      }),
    );
    this.#lifecycle.add(
      this.#pods.handle({
        add: (pod) => this.#podSeen(undefined, pod),
        update: (old, pod) => this.#podSeen(old, pod),
        delete: (pod) => this.#podGone(pod),
      }),
    );
    void informers.synced.then(() => {
      this.#synced = true;
      this.#pump();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.stop();
    // Conditions that still wait are found out anew by the next scheduler.
    this.#noted.clear();
    await this.#notes.stop();
    await Promise.all(this.#tasks);
    await this.#lifecycle.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #nodeAdded(node: Node): void {
    this.#cache.setNode(node);
    this.#queue.wake('node-add');
  }

  #nodeChanged(old: Node, node: Node): void {
    this.#cache.setNode(node);
    for (const event of nodeEvents(old, node)) this.#queue.wake(event);
  }

  #podSeen(old: Pod | undefined, pod: Pod): void {
    const { uid, deletionTimestamp } = pod.metadata;
    if (old !== undefined && old.metadata.uid !== uid) this.#podGone(old);
    if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return this.#podGone(pod);
    const node = pod.spec.nodeName ?? '';
    if (node !== '') {
      this.#queue.delete(uid);
      const wasAssigned = old !== undefined && (old.spec.nodeName ?? '') !== '';
      const isDying = old?.metadata.deletionTimestamp === undefined && deletionTimestamp !== undefined;
      if (wasAssigned && !isDying && !podChanged(old, pod)) return;
      this.#cache.setPod(podInfo(pod), node);
      if (!wasAssigned) this.#queue.wake('assigned-pod-add');
      else this.#queue.wake('assigned-pod-update');
      return;
    }
    if ((pod.spec.schedulerName ?? schedulerName) !== schedulerName || this.#cache.isAssumed(uid)) return;
    if (deletionTimestamp !== undefined) return this.#podLeaves(uid);
    const { nominatedNodeName = '' } = pod.status;
    if (old === undefined && nominatedNodeName !== '') this.#cache.nominate(podInfo(pod), nominatedNodeName);
    this.#queue.set(pod, old === undefined || podChanged(old, pod));
  }

  /** A waiting pod is being deleted: it takes no room any more. */
  #podLeaves(uid: string): void {
    this.#queue.delete(uid);
    if (this.#cache.endNomination(uid)) this.#queue.wake('assigned-pod-delete');
  }

  #podGone(pod: Pod): void {
    this.#queue.delete(pod.metadata.uid);
    this.#cache.removePod(pod.metadata.uid);
    if (this.#cache.endNomination(pod.metadata.uid) || (pod.spec.nodeName ?? '') !== '') this.#queue.wake('assigned-pod-delete');
  }

  /** Decides on pods until none is ready, giving way to others now and then. */
  #pump(): void {
    if (this.#pumping || !this.#synced || this.#stopped) return;
    this.#pumping = true;
    // Pods that come in one turn are sorted before the first is taken.
    setImmediate(() => this.#slice());
  }

  #slice(): void {
    const { clock, logger } = this.#options;
    this.#pumping = false;
    const end = clock.monotonic() + sliceMs;
    while (!this.#stopped) {
      if (this.#bindings >= maxBindings) return;
      const pod = this.#queue.pop();
      if (pod === undefined) return;
      try {
        this.#scheduleOne(pod);
      } catch (error) {
        logger.error({ err: error, pod: pod.info.key }, 'scheduling failed');
        this.#queue.retryLater(pod);
      }
      if (clock.monotonic() >= end) return this.#pump();
    }
  }

  #scheduleOne(pod: QueuedPod): void {
    const { random = Math.random } = this.#options;
    const { decision, looked } = decide(pod.info, { plugins: this.#plugins, cluster: this.#cluster, start: this.#start, random });
    const count = this.#cluster.nodes.length;
    this.#start = count === 0 ? 0 : (this.#start + looked) % count;
    if ('unschedulable' in decision) return this.#unschedulable(pod, decision.unschedulable);
    this.#cache.assume(pod.info, decision.node.name);
    this.#bindings += 1;
    this.#task(this.#bind(pod, decision.node.name));
  }

  #unschedulable(pod: QueuedPod, diagnosis: Diagnosis): void {
    const preemption =
      diagnosis.nodeCount === 0 ? { message: '' } : preempt(pod.info, diagnosis, { plugins: this.#plugins, cluster: this.#cluster });
    // Upstream asks its plugin for dynamic resources first, which has nothing to offer here.
    const postFilter = 'victims' in preemption || diagnosis.nodeCount === 0 ? '' : `no new claims to deallocate, ${preemption.message}`;
    const message = describe(diagnosis, postFilter);
    this.#tell(pod.info.pod, 'Warning', 'FailedScheduling', { action: 'Scheduling', message });
    this.#queue.reject(pod, 'victims' in preemption ? [] : diagnosis.plugins);
    const nominated = 'victims' in preemption ? preemption.node.name : undefined;
    if (nominated !== undefined) this.#cache.nominate(pod.info, nominated);
    else if (!('waits' in preemption)) this.#cache.endNomination(pod.info.uid);
    this.#noteLater(pod.info, { reason: 'Unschedulable', message, nominated });
    if ('victims' in preemption) this.#task(this.#evict(pod.info, preemption.node, preemption.victims));
  }

  /** Conditions make way for what clients write, except those that keep room. */
  #noteLater(info: PodInfo, failure: Failure): void {
    const { uid } = info;
    if (failure.nominated !== undefined) {
      this.#noted.delete(uid);
      return this.#task(this.#noteFailure(info, failure));
    }
    const waits = this.#noted.has(uid);
    this.#noted.set(uid, { info, failure });
    if (waits) return;
    this.#notes.run(() => {
      const newest = this.#noted.get(uid);
      this.#noted.delete(uid);
      if (newest !== undefined) this.#task(this.#noteFailure(newest.info, newest.failure));
    });
  }

  async #noteFailure(info: PodInfo, failure: Failure): Promise<void> {
    const current = this.#pods.store.get(info.key);
    // It may have gone or found its place meanwhile.
    if (current?.metadata.uid !== info.uid || (current.spec.nodeName ?? '') !== '' || this.#cache.isAssumed(info.uid)) return;
    try {
      await markUnschedulable(this.#options.client, current, { ...failure, now: this.#options.clock.now() });
    } catch (error) {
      if (!isReason(error, 'NotFound')) this.#options.logger.warn({ err: error, pod: info.key }, 'condition of a pod was not written');
    }
  }

  async #evict(pod: PodInfo, node: NodeInfo, victims: readonly PodInfo[]): Promise<void> {
    for (const victim of victims) {
      try {
        await markVictim(this.#options.client, victim.pod, this.#options.clock.now());
        await this.#options.client
          .resource(refs.pods)
          .delete(victim.namespace, victim.pod.metadata.name, { preconditions: { uid: victim.uid } });
        this.#tell(victim.pod, 'Normal', 'Preempted', {
          action: 'Preempting',
          message: `Preempted by pod ${pod.uid} on node ${node.name}`,
        });
      } catch (error) {
        if (!isReason(error, 'NotFound')) this.#options.logger.warn({ err: error, pod: victim.key }, 'pod was not preempted');
      }
    }
  }

  async #bind(pod: QueuedPod, node: string): Promise<void> {
    const { namespace, uid } = pod.info;
    const { name } = pod.info.pod.metadata;
    try {
      const body = { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target: { kind: 'Node', name: node } };
      await this.#options.client.resource(refs.pods).createSubresource(namespace, name, 'binding', body);
      this.#queue.done(pod);
      this.#tell(pod.info.pod, 'Normal', 'Scheduled', {
        action: 'Binding',
        message: `Successfully assigned ${namespace}/${name} to ${node}`,
      });
    } catch (error) {
      this.#cache.forget(uid);
      this.#queue.wake('assigned-pod-delete');
      if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) return this.#queue.retryLater(pod);
      this.#options.logger.warn({ err: error, pod: pod.info.key }, 'binding failed');
      const message = error instanceof Error ? error.message : String(error);
      this.#tell(pod.info.pod, 'Warning', 'FailedScheduling', { action: 'Scheduling', message });
      await this.#noteFailure(pod.info, { reason: 'SchedulerError', message, nominated: undefined });
      this.#queue.retryLater(pod);
    } finally {
      this.#bindings -= 1;
      if (this.#bindings === maxBindings - 1) this.#pump();
    }
  }

  #tell(pod: Pod, type: 'Normal' | 'Warning', reason: string, { action, message }: { action: string; message: string }): void {
    const note = message.length <= maxNoteLength ? message : `${message.slice(0, maxNoteLength - 4)} ...`;
    this.#recorder.event(referenceTo(refs.pods, pod), type, reason, { action, message: note });
  }

  #task(work: Promise<void>): void {
    const task = work.finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }
}

/** What of a pod matters to scheduling. Status does not. */
function podChanged(old: Pod, pod: Pod): boolean {
  if (old.spec !== pod.spec && !jsonEqual(old.spec, pod.spec)) return true;
  return !jsonEqual(old.metadata.labels, pod.metadata.labels) || !jsonEqual(old.metadata.annotations, pod.metadata.annotations);
}

function nodeEvents(old: Node, node: Node): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (!jsonEqual(old.status.allocatable, node.status.allocatable)) events.push('node-allocatable');
  if (!jsonEqual(old.metadata.labels, node.metadata.labels)) events.push('node-labels');
  if (!jsonEqual(old.spec.taints, node.spec.taints)) events.push('node-taints');
  if (old.spec.unschedulable !== node.spec.unschedulable) events.push('node-unschedulable');
  return events;
}
