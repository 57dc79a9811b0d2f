/** What the scheduler tells about pods: events, and conditions that make way for what clients write. */
import { hostname } from 'node:os';
import { isReason } from '../api/errors.ts';
import type { ObjectReference, Pod } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { RecentMap } from '../base/recent-map.ts';
import type { Client } from '../client/client.ts';
import type { SeriesRecorder } from '../client/events.ts';
import { createSeriesRecorder, referenceTo } from '../client/events.ts';
import type { Informer } from '../client/informer.ts';
import { createPace, schedulerPace } from '../client/pace.ts';
import type { Pace } from '../client/pace.ts';
import { refs } from '../client/refs.ts';
import { advice } from './advice.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { PodClass } from './pod-class.ts';
import type { PodInfo } from './pod-info.ts';
import type { QueuedPod } from './queued-pod.ts';
import type { SchedulingFailure } from './status.ts';
import { markUnschedulable } from './status.ts';

const maxNoteLength = 1024;
/** Classes of pods whose advice is kept. */
const maxAdvised = 64;
/** Advice comes after everything else that is written. */
const advicePace = { perSecond: 5, burst: 10 };
/** When more than so much advice waits, there is no more. */
const maxWaitingAdvice = 100;

type Failure = Omit<SchedulingFailure, 'now'>;

export interface Reports extends Running {
  scheduled(pod: PodInfo, node: string): void;
  failed(pod: PodInfo, failure: Failure): void;
  preempted(victim: PodInfo, message: string, by: PodInfo): void;
  /** Tells once which change would help the pod. */
  advise(pod: QueuedPod, diagnosis: Diagnosis): void;
}

export interface ReportsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pods: Informer<Pod>;
  /** Whether a pod has found its place meanwhile. */
  readonly isAssumed: (uid: string) => boolean;
  /** Scheduler names: each tells under its own. */
  readonly names: readonly string[];
}

interface Told {
  readonly action: string;
  readonly message: string;
  readonly related?: ObjectReference;
}

export function createReports(options: ReportsOptions): Reports {
  return new PodReports(options);
}

class PodReports implements Reports {
  readonly #options: ReportsOptions;
  readonly #lifecycle = new Lifecycle();
  readonly #recorders: ReadonlyMap<string, SeriesRecorder>;
  readonly #pace: Pace;
  readonly #advicePace: Pace;
  /** Pods that wait for their condition to be written, by uid, with the newest reason. */
  readonly #noted = new Map<string, { readonly info: PodInfo; readonly failure: Failure }>();
  readonly #advice = new RecentMap<
    PodClass,
    { readonly nodes: Diagnosis['nodes']; readonly at: number; readonly text: string | undefined }
  >(maxAdvised);
  readonly #tasks = new Set<Promise<void>>();

  constructor(options: ReportsOptions) {
    const { client, clock, logger, names } = options;
    this.#options = options;
    this.#pace = createPace({ clock, ...schedulerPace });
    this.#advicePace = createPace({ clock, ...advicePace });
    this.#recorders = new Map(
      names.map((component) => [
        component,
        this.#lifecycle.add(createSeriesRecorder({ client, clock, logger, component, host: hostname(), pace: schedulerPace })),
      ]),
    );
  }

  scheduled(pod: PodInfo, node: string): void {
    this.#tell(pod.pod, 'Normal', 'Scheduled', { action: 'Binding', message: `Successfully assigned ${pod.key} to ${node}` });
  }

  preempted(victim: PodInfo, message: string, by: PodInfo): void {
    this.#tell(victim.pod, 'Normal', 'Preempted', { action: 'Preempting', message, related: referenceTo(refs.pods, by.pod) });
  }

  failed(info: PodInfo, failure: Failure): void {
    this.#tell(info.pod, 'Warning', 'FailedScheduling', { action: 'Scheduling', message: failure.message });
    const { uid } = info;
    // What keeps room must not wait.
    if ((failure.nominated ?? '') !== '' || failure.reason === 'SchedulerError') {
      this.#noted.delete(uid);
      return this.#task(this.#note(info, failure));
    }
    const waits = this.#noted.has(uid);
    this.#noted.set(uid, { info, failure });
    if (waits) return;
    this.#pace.run(() => {
      const newest = this.#noted.get(uid);
      this.#noted.delete(uid);
      if (newest !== undefined) this.#task(this.#note(newest.info, newest.failure));
    });
  }

  advise(pod: QueuedPod, diagnosis: Diagnosis): void {
    if (this.#advicePace.waiting > maxWaitingAdvice) return;
    const { class: podClass } = pod.info;
    const now = this.#options.clock.monotonic();
    let known = this.#advice.get(podClass);
    // Pods that fail together are told the same.
    if (known === undefined || known.at !== now || known.nodes !== diagnosis.nodes)
      this.#advice.set(podClass, (known = { nodes: diagnosis.nodes, at: now, text: advice(podClass, diagnosis) }));
    if (known.text === undefined || known.text === pod.advice) return;
    const { text } = known;
    pod.advice = text;
    this.#advicePace.run(() => {
      if (pod.advice === text && pod.place !== 'in-flight')
        this.#tell(pod.info.pod, 'Normal', 'SchedulingAdvice', { action: 'Scheduling', message: text });
    });
  }

  async stop(): Promise<void> {
    // Conditions that still wait are found out anew by the next scheduler.
    this.#noted.clear();
    await this.#pace.stop();
    await this.#advicePace.stop();
    await Promise.all(this.#tasks);
    await this.#lifecycle.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #note(info: PodInfo, failure: Failure): Promise<void> {
    const { client, clock, logger, pods, isAssumed } = this.#options;
    const current = pods.store.get(info.key);
    if (current?.metadata.uid !== info.uid || (current.spec.nodeName ?? '') !== '' || isAssumed(info.uid)) return;
    try {
      await markUnschedulable(client, current, { ...failure, now: clock.now() });
    } catch (error) {
      if (!isReason(error, 'NotFound')) logger.warn({ err: error, pod: info.key }, 'condition of a pod was not written');
    }
  }

  #tell(pod: Pod, type: 'Normal' | 'Warning', reason: string, { action, message, related }: Told): void {
    const note = message.length <= maxNoteLength ? message : `${message.slice(0, maxNoteLength - 4)} ...`;
    const recorder = this.#recorders.get(pod.spec.schedulerName ?? 'default-scheduler');
    recorder?.event(referenceTo(refs.pods, pod), type, reason, { action, message: note, ...(related === undefined ? {} : { related }) });
  }

  #task(work: Promise<void>): void {
    const task = work.finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }
}
