/** Delivers commits to watches, and brings watches that start in the past up to date from the log first. */
import { running, type Running } from '../base/lifecycle.ts';
import { StorageError, type StorageEvent, type WatchOptions, type WatchSink } from './storage.ts';

export interface HistoryPage {
  readonly events: readonly StorageEvent[];
  /** All events up to this revision (of the prefix) have been read. */
  readonly revision: number;
}

/** Reads a piece of the log: events of `prefix` after `after`. Throws `compacted`. A page may end before the newest revision. */
export type History = (options: Required<WatchOptions>) => Promise<HistoryPage>;

interface Feed {
  readonly options: Required<WatchOptions>;
  readonly sink: WatchSink;
  live: boolean;
  stopped: boolean;
}

export class WatchHub {
  readonly #feeds = new Set<Feed>();
  readonly #history: History;
  #delivered: number;

  /** `delivered`: the revision the store is at now. */
  constructor(delivered: number, history: History) {
    this.#delivered = delivered;
    this.#history = history;
  }

  /** Whether some watch wants the values that were replaced. */
  get wantsPrevious(): boolean {
    for (const feed of this.#feeds) if (feed.options.previous) return true;
    return false;
  }

  watch(options: WatchOptions, sink: WatchSink): Running {
    const feed: Feed = { options: { previous: false, ...options }, sink, live: options.after >= this.#delivered, stopped: false };
    this.#feeds.add(feed);
    if (!feed.live) void this.#catchUp(feed);
    return running(() => this.#remove(feed));
  }

  /** Hands over one commit; `revision` is its last. */
  deliver(events: readonly StorageEvent[], revision: number): void {
    this.#delivered = revision;
    for (const feed of [...this.#feeds]) if (feed.live && !feed.stopped) this.#hand(feed, events, revision);
  }

  /** Ends all watches. */
  end(error: StorageError): void {
    for (const feed of [...this.#feeds]) this.#end(feed, error);
  }

  /** The log is read until it has nothing that was delivered before: from then on deliver() goes on without a gap. */
  async #catchUp(feed: Feed): Promise<void> {
    let after = feed.options.after;
    try {
      while (!feed.stopped && after < this.#delivered) {
        const page = await this.#history({ ...feed.options, after });
        if (feed.stopped) return;
        after = page.revision;
        this.#hand(feed, page.events, after);
      }
      feed.live = true;
    } catch (error) {
      this.#end(feed, asStorageError(error));
    }
  }

  #hand(feed: Feed, events: readonly StorageEvent[], revision: number): void {
    const { prefix, after } = feed.options;
    const wanted = events.every((event) => event.modRevision > after && event.key.startsWith(prefix))
      ? events
      : events.filter((event) => event.modRevision > after && event.key.startsWith(prefix));
    try {
      if (wanted.length > 0) feed.sink.events(wanted);
      const told = wanted.at(-1)?.modRevision ?? after;
      if (revision > told && !feed.stopped) feed.sink.progress?.(revision);
    } catch (error) {
      this.#end(feed, new StorageError('unavailable', 'the watch was ended: its consumer failed', { cause: error }));
    }
  }

  #end(feed: Feed, error: StorageError): void {
    if (feed.stopped) return;
    this.#remove(feed);
    feed.sink.end(error);
  }

  #remove(feed: Feed): void {
    feed.stopped = true;
    this.#feeds.delete(feed);
  }
}

/** Whatever was thrown, as this layer's error. */
export function asStorageError(thrown: unknown): StorageError {
  if (thrown instanceof StorageError) return thrown;
  return new StorageError('unavailable', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
}
