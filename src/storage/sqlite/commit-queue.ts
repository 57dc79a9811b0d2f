/**
 * Group commit. Compare-and-swap is decided here at once, against what is on disk plus what is on its way there; writes that
 * arrive while a commit runs share the next one. A write is answered, and its event delivered, when its commit is on disk.
 */
import { StorageError, type StorageEvent } from '../storage.ts';
import { asStorageError } from '../watch-hub.ts';
import { Packer, Unpacker } from './packing.ts';
import { commitWidth, type CommitAnswer, type Rows } from './protocol.ts';

/** Where a key is in the log. */
export interface Place {
  readonly modRevision: number;
  readonly createRevision: number;
}

/** A write that was let through but is not answered yet. */
export interface Write {
  readonly key: string;
  /** undefined: a deletion. */
  readonly value: Buffer | undefined;
  readonly revision: number;
  readonly createRevision: number;
  readonly before: Place | undefined;
  /** Milliseconds since the epoch. */
  readonly expires: number | undefined;
  /** Rejects with a StorageError when the write did not happen. */
  readonly done: Promise<void>;
}

interface Queued extends Write {
  resolve(): void;
  reject(error: StorageError): void;
}

export interface CommitQueueOptions {
  readonly revision: number;
  readonly index: Map<string, Place>;
  /** Writes the rows in one transaction. */
  readonly commit: (rows: Rows, previous: boolean) => Promise<CommitAnswer>;
  readonly wantsPrevious: () => boolean;
  /** After the commit is on disk and before the writes are answered. */
  readonly committed: (events: readonly StorageEvent[], writes: readonly Write[]) => void;
}

const nothing = Buffer.alloc(0);
/** Batches are cut here so that one commit stays short. */
const batchBytes = 8 << 20;
const batchWrites = 4096;

export class CommitQueue {
  /** The newest revision on disk. */
  revision: number;
  readonly #options: CommitQueueOptions;
  /** The newest unanswered write of each key. */
  readonly #pending = new Map<string, Queued>();
  #queued: Queued[] = [];
  #assigned: number;
  #scheduled = false;
  #running: Promise<void> | undefined;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    this.revision = options.revision;
    this.#assigned = options.revision;
  }

  pending(key: string): Write | undefined {
    return this.#pending.get(key);
  }

  /** Lets a write through; the caller has compared. Returns it with its revision. */
  add(key: string, value: Buffer | undefined, expires?: number): Write {
    const { index } = this.#options;
    const before = index.get(key);
    const revision = ++this.#assigned;
    const createRevision = before?.createRevision ?? revision;
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    const write: Queued = { key, value, revision, createRevision, before, expires, done, resolve, reject };
    if (value === undefined) index.delete(key);
    else index.set(key, { modRevision: revision, createRevision });
    this.#pending.set(key, write);
    this.#queued.push(write);
    this.#schedule();
    return write;
  }

  /** Resolves when nothing is on its way any more. */
  async drain(): Promise<void> {
    while (this.#scheduled || this.#running !== undefined) await (this.#running ?? new Promise((resolve) => setImmediate(resolve)));
  }

  /** Whoever else writes in this turn of the event loop is in the same commit. */
  #schedule(): void {
    if (this.#scheduled || this.#running !== undefined) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#running = this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#queued.length > 0) {
      const batch = this.#takeBatch();
      const answer = await this.#options.commit(pack(batch), this.#options.wantsPrevious()).catch(asStorageError);
      if (answer instanceof StorageError) this.#fail(batch, answer);
      else this.#commit(batch, answer);
      // Writers that were just answered get to write again first.
      await Promise.resolve();
    }
    this.#running = undefined;
    if (this.#queued.length > 0) this.#schedule();
  }

  #takeBatch(): Queued[] {
    let bytes = 0;
    let count = 0;
    for (const { value } of this.#queued) {
      bytes += value?.length ?? 0;
      if (count > 0 && (bytes > batchBytes || count >= batchWrites)) break;
      count++;
    }
    return this.#queued.splice(0, count);
  }

  #commit(batch: readonly Queued[], answer: CommitAnswer): void {
    for (const write of batch) if (this.#pending.get(write.key) === write) this.#pending.delete(write.key);
    this.revision = batch.at(-1)?.revision ?? this.revision;
    this.#options.committed(toEvents(batch, answer), batch);
    for (const write of batch) write.resolve();
  }

  /**
   * Nothing of the batch is on disk. What is queued behind it may rest on it, so it fails too: nobody has seen any of these
   * revisions, and the index goes back to what is on disk.
   */
  #fail(batch: readonly Queued[], error: StorageError): void {
    const lost = [...batch, ...this.#queued];
    this.#queued = [];
    for (const { key, before } of lost.toReversed()) {
      if (before === undefined) this.#options.index.delete(key);
      else this.#options.index.set(key, before);
    }
    this.#pending.clear();
    this.#assigned = this.revision;
    for (const write of lost) write.reject(new StorageError(error.code, error.message, { cause: error }));
  }
}

function pack(batch: readonly Queued[]): Rows {
  const packer = new Packer();
  const numbers = new Float64Array(batch.length * commitWidth);
  for (const [at, { value, revision, createRevision, before, expires }] of batch.entries()) {
    if (value !== undefined) packer.add(value);
    const row = [revision, createRevision, before?.modRevision ?? 0, value === undefined ? 1 : 0, expires ?? 0, value?.length ?? 0];
    numbers.set(row, at * commitWidth);
  }
  return { keys: batch.map(({ key }) => key), numbers, data: packer.pack() };
}

function toEvents(batch: readonly Queued[], { lengths, data }: CommitAnswer): StorageEvent[] {
  const unpacker = data === undefined ? undefined : new Unpacker(data);
  const newest = new Map<string, Buffer | undefined>();
  return batch.map(({ key, value, revision, createRevision }, at) => {
    const length = lengths?.[at] ?? -1;
    const stored = unpacker === undefined || length < 0 ? undefined : unpacker.next(length);
    const previous = newest.has(key) ? newest.get(key) : stored;
    newest.set(key, value);
    return { type: value === undefined ? 'delete' : 'put', key, value: value ?? nothing, previous, createRevision, modRevision: revision };
  });
}
