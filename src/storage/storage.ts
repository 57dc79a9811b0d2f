/**
 * What every backend promises. Keys are text, ordered by their UTF-8 bytes; values are opaque bytes; one counter of revisions
 * counts all writes of the store (etcd's model, which Kubernetes' resourceVersion is). storage/contract.ts holds each
 * backend to what is written here.
 */
import type { Running } from '../base/lifecycle.ts';

/** A key's state. `value` must not be changed by anybody: the same Buffer may be shared by caches and watchers. */
export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** One change. On `delete`, modRevision is the revision of the deletion. */
export interface StorageEvent {
  readonly type: 'put' | 'delete';
  readonly key: string;
  /** Empty on `delete`. */
  readonly value: Buffer;
  /** The value before a put that replaced one, or before the deletion. Only sure to be there when the watch asked for it. */
  readonly previous: Buffer | undefined;
  /** On `delete`, backends that others write to know it only when the watch asked for `previous`; otherwise 0. */
  readonly createRevision: number;
  readonly modRevision: number;
}

export interface RangeOptions {
  readonly prefix: string;
  /** Only keys after this one (exclusive). */
  readonly after?: string;
  /** At least 1. */
  readonly limit?: number;
  /** The state at this revision; the newest when missing. Throws `compacted` or `future`. */
  readonly revision?: number;
  /** `remaining` is not needed and may be any number: on some backends it costs. */
  readonly uncounted?: boolean;
  /** Told of items while a backend that reads in pieces reads on; the answer holds only those it was not told of, which come after them. */
  readonly ahead?: (items: readonly KeyValue[]) => void;
}

export interface RangeResult {
  readonly items: readonly KeyValue[];
  /** The revision this answer is the state of. */
  readonly revision: number;
  /** How many keys of the prefix follow after the last item. */
  readonly remaining: number;
}

export interface PutOptions {
  /** The key's modRevision as the caller knows it; 0: the key must not exist. */
  readonly expected: number;
  /** The key vanishes (as a delete event) this many seconds after the write. */
  readonly ttlSeconds?: number;
  /** Asked before a write is tried again that was not answered: whoever wanted it may no longer be allowed to. Rejects with `unavailable` then. */
  readonly mayRepeat?: (() => boolean) | undefined;
}

/** Done at a revision, or not done because the key is no longer at the expected one. */
export type WriteResult =
  { readonly done: true; readonly revision: number } | { readonly done: false; readonly current: KeyValue | undefined };

export interface WatchOptions {
  readonly prefix: string;
  /** Events with modRevision > this are delivered. Throws `compacted` through `end`. */
  readonly after: number;
  /** Events carry `previous` (etcd's prev_kv). Costs a read for each change, so only ask when it is used. Default false. */
  readonly previous?: boolean;
}

export interface WatchSink {
  /** Events in revision order, all those of one commit together; never called again after the watch is stopped. */
  events(events: readonly StorageEvent[]): void;
  /** The store is known to have no event at or below this revision that was not delivered. */
  progress?(revision: number): void;
  /** The watch is over and cannot go on by itself. */
  end(error: StorageError): void;
}

export interface Storage extends Running {
  /** Others write to it as well: what this process has been told may be behind what {@link revision} answers. */
  readonly shared?: boolean;
  /** At or above every write acknowledged, to anybody, before the call. */
  revision(): Promise<number>;
  get(key: string): Promise<KeyValue | undefined>;
  range(options: RangeOptions): Promise<RangeResult>;
  /**
   * Compare-and-swap. When it resolves `done`, the write is durable and, on backends of this process, its event has been
   * delivered to every watch. The caller gives `value` away and must not change it afterwards; a backend of this process
   * delivers the very same Buffer in the event.
   */
  put(key: string, value: Buffer, options: PutOptions): Promise<WriteResult>;
  delete(key: string, expected: number): Promise<WriteResult>;
  watch(options: WatchOptions, sink: WatchSink): Running;
  /** Forgets states before this revision; watches and ranges from before it fail with `compacted`. */
  compact(revision: number): Promise<void>;
}

export type StorageErrorCode = 'compacted' | 'future' | 'unavailable' | 'full' | 'corrupt' | 'locked' | 'closed' | 'tooLarge';

/** The one error of this layer; registry translates it to an ApiError. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;
  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}
