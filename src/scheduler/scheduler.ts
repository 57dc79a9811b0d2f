/**
 * The scheduler: informers feed cache and queue, each waiting pod gets a decision, bindings go out while the next ones
 * are decided. Runs only when there is something to decide.
 */
import type { Clock } from '../base/clock.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import type { Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import { createInformers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import { SchedulerCache } from './cache.ts';
import { clusterView } from './cluster-view.ts';
import type { SchedulerConfig } from './config/config.ts';
import { defaultConfig } from './config/config.ts';
import { makeProfile } from './config/profiles.ts';
import type { Turn } from './decide.ts';
import { Decider } from './decide.ts';
import { Attempts } from './attempts.ts';
import { Evictions } from './evictions.ts';
import type { Cluster } from './framework.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { Nominator } from './nominator.ts';
import { PodClasses } from './pod-class.ts';
import { podInfo } from './pod-info.ts';
import { SchedulingQueue } from './queue.ts';
import { createReports } from './reports.ts';
import { volumeInformers } from './volume-informers.ts';
import { watchCluster } from './watch-cluster.ts';

/** How long decisions may keep the thread before others get their turn, in ms. */
const sliceMs = 8;
/** Bindings under way at a time; more, and deciding waits. */
const maxBindings = 512;

export interface SchedulerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Informers shared with other parts of the process; the caller stops them. Default: own ones. */
  readonly informers?: Informers;
  /** Default: upstream's defaults. */
  readonly config?: SchedulerConfig;
  /** For choosing among equal nodes. Default Math.random. */
  readonly random?: () => number;
  readonly metrics?: SchedulerMetrics;
}

export function startScheduler(options: SchedulerOptions): Running {
  return new Scheduler(options);
}

class Scheduler implements Running {
  readonly #options: SchedulerOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #queue: SchedulingQueue;
  readonly #cluster: Cluster;
  readonly #attempts: Attempts;
  #pumping = false;
  #stopped = false;
  #synced = false;

  constructor(options: SchedulerOptions) {
    const { client, clock, logger, config = defaultConfig, random = Math.random } = options;
    this.#options = options;
    const informers = options.informers ?? this.#lifecycle.add(createInformers({ client, clock, logger }));
    const profiles = new Map(config.profiles.map((profile) => [profile.schedulerName, makeProfile(profile)]));
    const cache = new SchedulerCache();
    const nominator = new Nominator();
    const classes = new PodClasses();
    const volumes = volumeInformers({ informers, client, clock });
    this.#lifecycle.add(volumes.following);
    const { cluster, following } = clusterView({ cache, nominator, informers, volumes: volumes.view });
    this.#lifecycle.add(following);
    this.#cluster = cluster;
    const pods = informers.of(refs.pods);
    const budgets = informers.of(refs.podDisruptionBudgets);
    const isAssumed = (uid: string): boolean => cache.isAssumed(uid);
    const reports = this.#lifecycle.add(createReports({ client, clock, logger, pods, isAssumed, names: [...profiles.keys()] }));
    const evictions = new Evictions({ client, clock, logger, pods, tell: (victim, what, by) => reports.preempted(victim, what, by) });
    this.#queue = new SchedulingQueue({
      clock,
      profiles,
      cluster,
      podInfo: (pod) => podInfo(pod, classes),
      initialBackoffMs: config.podInitialBackoffSeconds * 1000,
      maxBackoffMs: config.podMaxBackoffSeconds * 1000,
      isHeld: (uid) => evictions.isRunning(uid),
      onReady: () => this.#pump(),
    });
    const turn: Turn = { start: 0 };
    const deciders = new Map([...profiles].map(([name, profile]) => [name, new Decider({ profile, cluster, turn, random })]));
    this.#attempts = new Attempts({
      ...{ client, clock, logger, random, cache, cluster, nominator, profiles, deciders, reports, evictions, pods },
      queue: this.#queue,
      budgets: () => budgets.store.values(),
      onRoom: () => this.#pump(),
      maxBindings,
      metrics: options.metrics,
    });
    options.metrics?.follow(() => this.#queue.places());
    const watching = watchCluster({ informers, cache, nominator, queue: this.#queue, profiles, classes });
    this.#lifecycle.add(watching);
    void informers.synced.then(() => {
      this.#synced = true;
      this.#pump();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.stop();
    await this.#lifecycle.stop();
    await this.#attempts.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
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
    while (!this.#stopped && this.#attempts.hasRoom) {
      const pod = this.#queue.pop();
      if (pod === undefined) return;
      try {
        this.#attempts.attempt(pod);
      } catch (error) {
        logger.error({ err: error, pod: pod.info.key, nodes: this.#cluster.nodes.length }, 'scheduling failed');
        this.#attempts.failed(pod, error);
      }
      if (clock.monotonic() >= end) return this.#pump();
    }
  }
}
