/** What the suite of the stores and other tests of stores have in common. */
import type { FakeClock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { type Storage, type StorageError, type StorageEvent, type WatchOptions, type WriteResult } from '../storage.ts';

/** One place where a store can be opened, again and again when it persists. */
export interface StorageFixture extends AsyncDisposable {
  open(): Promise<Storage>;
}

export interface Context {
  readonly clock: FakeClock;
  readonly fixture: StorageFixture;
  readonly store: Storage;
}

/** Opens a store of its own for each test. */
export type Begin = () => Promise<Context>;

export const bytes = (text: string): Buffer => Buffer.from(text);

/** A watch that remembers what it was told; `until` waits for events without polling. */
export class Recorder {
  readonly batches: StorageEvent[][] = [];
  ended: StorageError | undefined;
  watch: Running | undefined;
  progressed = 0;
  readonly #changed: (() => void)[] = [];

  events(events: readonly StorageEvent[]): void {
    this.batches.push([...events]);
    this.#wake();
  }
  progress(revision: number): void {
    this.progressed = revision;
    this.#wake();
  }
  end(error: StorageError): void {
    this.ended = error;
    this.#wake();
  }
  get all(): StorageEvent[] {
    return this.batches.flat();
  }
  get told(): string[] {
    return this.all.map(({ type, key, value, modRevision }) => `${modRevision} ${type} ${key} ${value.toString()}`.trim());
  }
  async until(condition: () => boolean): Promise<this> {
    while (!condition()) await new Promise<void>((resolve) => this.#changed.push(resolve));
    return this;
  }
  #wake(): void {
    for (const call of this.#changed.splice(0)) call();
  }
}

export function record(store: Storage, options: WatchOptions): Recorder {
  const recorder = new Recorder();
  recorder.watch = store.watch(options, recorder);
  return recorder;
}

/** The revision of a write that must be done. */
export async function done(write: Promise<WriteResult>): Promise<number> {
  const result = await write;
  if (!result.done) throw new Error('the write was not done');
  return result.revision;
}
