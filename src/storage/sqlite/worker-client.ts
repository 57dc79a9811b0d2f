/** Requests to the storage worker and their answers. */
import { Worker } from 'node:worker_threads';
import { StorageError } from '../storage.ts';
import type { Answers, OpenAnswer, OpenRequest, Reply, Request, WorkerData } from './protocol.ts';

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: StorageError): void;
}

/** Beside this file while developing, beside the bundle (esbuild entry `storage-worker`) otherwise. */
function defaultWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './storage-worker.js', import.meta.url);
}

export class WorkerClient {
  /** Resolves when the thread has loaded what it needs. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: (error: StorageError) => void;
  #last = 0;
  #failure: StorageError | undefined;

  /** `ended` is called once, when the thread has gone, expected or not. */
  constructor(data: WorkerData, ended: (error: StorageError) => void, workerUrl: URL = defaultWorkerUrl()) {
    this.#ended = ended;
    this.#worker = new Worker(workerUrl, {
      workerData: data,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 256 },
    });
    this.ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve: () => resolve(), reject }));
    this.ready.catch(() => undefined);
    this.#worker.on('message', (reply: Reply) => this.#take(reply));
    this.#worker.on('error', (error) =>
      this.#end(new StorageError('unavailable', `the storage thread failed: ${String(error)}`, { cause: error })),
    );
    this.#worker.on('exit', () => this.#end(new StorageError('closed', 'the store is closed')));
  }

  /** `transfer` is handed over and unusable afterwards. Rejects with a StorageError. */
  ask<Op extends Request['op']>(request: Extract<Request, { op: Op }>, transfer: readonly ArrayBuffer[] = []): Promise<Answers[Op]> {
    return this.#send(request, transfer);
  }

  /** Comes before everything else. */
  open(isKnown: boolean): Promise<OpenAnswer> {
    return this.#send({ op: 'open', isKnown });
  }

  /** Lets the thread finish what it was asked, close the file and end. */
  async close(): Promise<void> {
    if (this.#failure !== undefined) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    await this.ask({ op: 'close' }).catch(() => this.#worker.terminate());
    await exited;
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #send<Answer>(request: Request | OpenRequest, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (answer) => resolve(answer as Answer), reject });
      this.#worker.postMessage({ id, request }, transfer);
    });
  }

  #take({ id, answer, failure }: Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) waiting?.resolve(answer);
    else waiting?.reject(new StorageError(failure.code, failure.message));
  }

  #end(error: StorageError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#ended(error);
  }
}
