/**
 * Where the file is worked on: in this thread while there is little to do, in a worker thread while there is much. A thread's engine is
 * 15 MB, which a quiet server need not hold; a busy one must not stand still for the disk.
 */
import { statSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { StorageError } from '../storage.ts';
import { asStorageError } from '../watch-hub.ts';
import { answer } from './answer.ts';
import { openDatabase, sqliteError } from './database.ts';
import { Log } from './log.ts';
import type { Answers, OpenAnswer, Request } from './protocol.ts';
import { WorkerClient } from './worker-client.ts';

export interface LogAccessOptions {
  readonly file: string;
  /** 0: no limit. */
  readonly maxBytes: number;
  readonly clock: Clock;
  /** The worker's script. */
  readonly workerUrl?: URL | undefined;
  /** Everything is done in the worker. */
  readonly alwaysWorker: boolean;
  /** The file cannot be worked on any more. Called once. */
  readonly lost: (error: StorageError) => void;
}

/** So much is done in this thread before the worker takes over, and so much of it comes back each second. */
const allowance = 300;
const allowanceEachSecond = 2;
/** What takes longer than a commit does, in commits. */
const weights: Partial<Record<Request['op'], number>> = { keys: 5, expiring: 5, range: 5, history: 10, compact: 10, clean: 20 };
/** A disk as slow as this is not waited for here. */
const slowMs = 100;
/** How often the worker is looked after, and how few requests in between are few. */
const lookMs = 10_000;
const fewRequests = 10;
/** A larger file is read by the worker, while this thread unpacks. */
const largeFile = 4 << 20;

export class LogAccess {
  readonly #options: LogAccessOptions;
  #log: Log | undefined;
  #worker: WorkerClient | undefined;
  /** While this is set requests wait: the file is closed in one place and opened in the other. */
  #moving: Promise<void> | undefined;
  #booting: Promise<void> | undefined;
  #failure: StorageError | undefined;
  #left = allowance;
  #refilled: number;
  #requests = 0;
  #cancelLook: () => void = () => undefined;

  constructor(options: LogAccessOptions) {
    this.#options = options;
    this.#refilled = options.clock.monotonic();
  }

  get hasWorker(): boolean {
    return this.#worker !== undefined;
  }

  /** Rejects with `locked`, `corrupt`, `full` or `unavailable`. */
  async open(): Promise<OpenAnswer> {
    const { alwaysWorker, file } = this.#options;
    if (!alwaysWorker && sizeOf(file) < largeFile) return (this.#log = this.#openHere(false)).opened();
    const worker = this.#startWorker();
    this.#worker = worker;
    const opened = await worker.open(false);
    this.#look();
    return opened;
  }

  /** `transfer` may be handed over and is unusable afterwards. Rejects with a StorageError. */
  async ask<Op extends Request['op']>(request: Extract<Request, { op: Op }>, transfer: readonly ArrayBuffer[] = []): Promise<Answers[Op]> {
    while (this.#moving !== undefined) await this.#moving;
    if (this.#failure !== undefined) throw this.#failure;
    this.#requests++;
    if (this.#worker !== undefined) return this.#worker.ask(request, transfer);
    // A loop over pieces lets others come in between.
    if (weights[request.op] !== undefined) {
      await nextTurn();
      if (this.#log === undefined || this.#moving !== undefined) return this.ask(request, transfer);
    }
    return this.#answerHere(request);
  }

  /** Lets what was asked be finished and closes the file. */
  async close(): Promise<void> {
    await nextTurn();
    while (this.#moving !== undefined) await this.#moving;
    this.#cancelLook();
    if (this.#failure !== undefined) return;
    this.#failure = new StorageError('closed', 'the store is closed');
    this.#log?.close();
    this.#log = undefined;
    await this.#worker?.close();
    await this.#booting;
  }

  async terminate(): Promise<void> {
    this.#failure ??= new StorageError('closed', 'the store is closed');
    this.#cancelLook();
    this.#log?.close();
    this.#log = undefined;
    await this.#worker?.terminate();
  }

  #answerHere<Op extends Request['op']>(request: Extract<Request, { op: Op }>): Answers[Op] {
    if (this.#log === undefined) throw this.#failure ?? new StorageError('closed', 'the store is closed');
    const { clock, file } = this.#options;
    const began = clock.monotonic();
    try {
      return answer(this.#log, request) as Answers[Op];
    } catch (thrown) {
      throw sqliteError(thrown, file);
    } finally {
      this.#spend(weights[request.op] ?? 1, began);
    }
  }

  #spend(weight: number, began: number): void {
    const now = this.#options.clock.monotonic();
    this.#left = Math.min(allowance, this.#left + ((now - this.#refilled) / 1000) * allowanceEachSecond) - weight;
    this.#refilled = now;
    if (now - began > slowMs) this.#left = 0;
    if (this.#left > 0 || this.#booting !== undefined) return;
    this.#booting = this.#toWorker().finally(() => (this.#booting = undefined));
  }

  /** The thread starts while work goes on here; only then the file changes hands. */
  async #toWorker(): Promise<void> {
    const worker = this.#startWorker();
    try {
      await worker.ready;
      if (this.#failure !== undefined) throw this.#failure;
      await this.#move(async () => {
        this.#log?.close();
        this.#log = undefined;
        this.#worker = worker;
        await worker.open(true);
      });
      this.#look();
    } catch {
      // No thread can be had, or the store was closed meanwhile: what there is to do is done here.
      await worker.terminate();
    } finally {
      this.#left = allowance;
    }
  }

  /** Looks while there is a worker: after a burst it goes. */
  #look(): void {
    if (this.#failure !== undefined) return;
    this.#requests = 0;
    this.#cancelLook = this.#options.clock.after(lookMs, () => {
      if (this.#worker === undefined) return;
      if (this.#options.alwaysWorker || this.#requests > fewRequests) this.#look();
      else void this.#toHere(this.#worker);
    });
  }

  #toHere(worker: WorkerClient): Promise<void> {
    return this.#move(async () => {
      this.#worker = undefined;
      await worker.close();
      this.#log = this.#openHere(true);
      this.#left = allowance;
    });
  }

  async #move(move: () => Promise<void>): Promise<void> {
    const moving = move().catch((error: unknown) => this.#lose(asStorageError(error)));
    this.#moving = moving;
    await moving;
    this.#moving = undefined;
  }

  #openHere(isKnown: boolean): Log {
    const { file, maxBytes } = this.#options;
    return new Log(openDatabase(file, { maxBytes, isKnown }));
  }

  #startWorker(): WorkerClient {
    const { file, maxBytes, workerUrl } = this.#options;
    const worker: WorkerClient = new WorkerClient(
      { file, maxBytes },
      (error) => {
        if (this.#worker === worker) this.#lose(error);
      },
      workerUrl,
    );
    return worker;
  }

  #lose(error: StorageError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#cancelLook();
    this.#options.lost(error);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function sizeOf(file: string): number {
  return [file, `${file}-wal`].reduce((sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0), 0);
}
