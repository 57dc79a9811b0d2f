/**
 * The loop every controller runs in: informers name keys, the queue dedups them, `reconcile` brings one key's world in
 * order. Retrying lives here and nowhere else: what reconcile throws is tried again after a growing wait.
 */
import { ApiError, isReason } from '../api/errors.ts';
import { ItemBackoff } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Queues } from '../base/queue-metrics.ts';
import { type QueueMetrics, WorkQueue } from '../base/work-queue.ts';
import type { Informer } from './informer.ts';

export interface ReconcileResult {
  /** Come back to this key after so many ms, whatever happens meanwhile. */
  readonly requeueAfter?: number;
}

export interface ReconcilerOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Looks at the state of things, not at why it was called. */
  reconcile(key: string): Promise<ReconcileResult | undefined>;
  /** Keys worked on at a time. Default 5. */
  readonly concurrency?: number;
  /** The first key is not taken before this resolves: the informers' `synced`. */
  readonly ready: Promise<unknown>;
  /** First and longest wait after failures in ms. Default 5 and 1,000,000, as client-go. */
  readonly backoff?: { readonly initialMs: number; readonly maxMs: number };
  /** Counts what the queue does, under the name. */
  readonly queues?: Queues | undefined;
}

export interface Reconciler extends Running {
  enqueue(key: string): void;
  enqueueAfter(key: string, ms: number): void;
  /** Enqueues what `keys` names for every object that comes, changes (old and new state) or goes. */
  watch<T>(informer: Informer<T>, keys: (object: T) => Iterable<string>): void;
}

/** How long a loop may keep the thread before others (timers, sockets) get their turn, in ms. */
const sliceMs = 8;

export function startReconciler(options: ReconcilerOptions): Reconciler {
  return new Loop(options);
}

class Loop implements Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #queue: WorkQueue<string>;
  readonly #metrics: QueueMetrics | undefined;
  readonly #backoff: ItemBackoff<string>;
  readonly #handlers: Running[] = [];
  readonly #workers: Promise<unknown>;
  readonly #stop = Promise.withResolvers<undefined>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#metrics = options.queues?.(options.name);
    this.#queue = new WorkQueue(options.clock, this.#metrics);
    this.#backoff = new ItemBackoff(options.backoff?.initialMs, options.backoff?.maxMs);
    this.#workers = Promise.all(Array.from({ length: options.concurrency ?? 5 }, () => this.#work()));
  }

  enqueue(key: string): void {
    this.#queue.add(key);
  }

  enqueueAfter(key: string, ms: number): void {
    this.#queue.addAfter(key, ms);
  }

  watch<T>(informer: Informer<T>, keys: (object: T) => Iterable<string>): void {
    const enqueue = (object: T): void => {
      for (const key of keys(object)) this.#queue.add(key);
    };
    const update = (old: T, object: T): void => {
      enqueue(old);
      enqueue(object);
    };
    this.#handlers.push(informer.handle({ add: enqueue, update, delete: enqueue }));
  }

  async stop(): Promise<void> {
    this.#queue.stop();
    this.#stop.resolve(undefined);
    for (const handler of this.#handlers) await handler.stop();
    await this.#workers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #work(): Promise<void> {
    await Promise.race([this.#options.ready, this.#stop.promise]);
    let sliceStart = this.#options.clock.monotonic();
    for (;;) {
      const key = await this.#queue.next();
      if (key === undefined) return;
      await this.#one(key);
      if (this.#options.clock.monotonic() - sliceStart < sliceMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceStart = this.#options.clock.monotonic();
    }
  }

  /** A refusal is the user's affair, whom events tell: the log is for what nobody asked for. */
  #tell(error: unknown, fields: object): void {
    const { logger } = this.#options;
    // Somebody else wrote or deleted meanwhile: the next look at the cache settles it.
    if (isReason(error, 'Conflict') || isReason(error, 'NotFound')) logger.debug({ ...fields, err: error }, 'reconcile met a newer state');
    else if (error instanceof ApiError && error.code < 500) logger.info({ ...fields, err: error.message }, 'reconcile was refused');
    else logger.warn({ ...fields, err: error instanceof ApiError ? error.message : error }, 'reconcile failed');
  }

  async #one(key: string): Promise<void> {
    try {
      const result = await this.#options.reconcile(key);
      this.#backoff.forget(key);
      if (result?.requeueAfter !== undefined) this.#queue.addAfter(key, result.requeueAfter);
    } catch (error) {
      const wait = this.#backoff.next(key);
      this.#tell(error, { controller: this.#options.name, key, retryMs: wait });
      this.#metrics?.retries.inc();
      this.#queue.addAfter(key, wait);
    } finally {
      this.#queue.done(key);
    }
  }
}
