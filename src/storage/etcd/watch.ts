/**
 * One watch that outlives members, leaders and connections: it goes on where it was, at the next member if need be. A member
 * that is silent about a revision known to exist is asked for its progress, and left when it does not answer.
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Logger } from '../../base/logger.ts';
import { prefixEnd } from '../keys.ts';
import { compactedError } from '../storage-errors.ts';
import { StorageError, type StorageEvent, type WatchOptions, type WatchSink } from '../storage.ts';
import { CallError, isServiceError, isTokenExpired, status } from './errors.ts';
import { pause, type Members } from './members.ts';
import { decodeWatch, encodeProgress, encodeWatch, type WatchAnswer } from './messages.ts';

export interface EtcdWatchOptions extends WatchOptions {
  readonly members: Members;
  readonly logger: Logger;
  readonly sink: WatchSink;
  /** The Buffer this process wrote, when an event is of its own write: it is shared instead of the one that came back. */
  readonly own: (event: StorageEvent) => StorageEvent;
  /** Called once, when the watch is over. */
  readonly over: () => void;
}

/** A revision that is known to exist is asked for after this, again and again; the member is left after so many askings. In ms. */
const askAfterMs = 20;
const askEveryMs = 400;
const askTimes = 5;

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
}

type Stream = ClientDuplexStream<Buffer, WatchAnswer>;

export class EtcdWatch {
  readonly #options: EtcdWatchOptions;
  #stream: Stream | undefined;
  /** Everything up to here has been told. */
  #told: number;
  #heard = 0;
  #expected = 0;
  #asked = 0;
  #timer: NodeJS.Timeout | undefined;
  #fragments: StorageEvent[] = [];
  #waiters: Waiter[] = [];
  #over = false;

  constructor(options: EtcdWatchOptions) {
    this.#options = options;
    this.#told = options.after;
    this.#open();
  }

  get told(): number {
    return this.#told;
  }

  /** The newest revision etcd told of; 0 before the first. */
  get heard(): number {
    return this.#heard;
  }

  concerns(key: string): boolean {
    return key.startsWith(this.#options.prefix);
  }

  /** The store is at this revision at least. */
  expect(revision: number): void {
    if (this.#over || revision <= this.#told) return;
    this.#expected = Math.max(this.#expected, revision);
    if (this.#timer !== undefined) return;
    this.#asked = 0;
    this.#askLater(askAfterMs);
  }

  /** Resolves when everything up to the revision has been told, or the watch is over. */
  reached(revision: number): Promise<void> {
    if (this.#over || revision <= this.#told) return Promise.resolve();
    this.expect(revision);
    return new Promise((resolve) => this.#waiters.push({ revision, resolve }));
  }

  /** Ends the watch with an error, or without a word. */
  end(error?: StorageError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#drop();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
    this.#options.over();
    if (error !== undefined) this.#options.sink.end(error);
  }

  #open(): void {
    const { members, prefix, previous = false } = this.#options;
    this.#fragments = [];
    const member = members.current;
    const stream: Stream = members.stream('Watch/Watch', decodeWatch);
    this.#stream = stream;
    stream.on('data', (answer: WatchAnswer) => {
      if (this.#stream === stream) this.#take(answer);
    });
    const lost = (error?: Error): void => {
      if (this.#stream === stream) void this.#reopen(member, error);
    };
    stream.on('error', lost);
    stream.on('end', () => lost());
    const key = prefix === '' ? '\0' : prefix;
    stream.write(encodeWatch({ key, end: prefixEnd(prefix) ?? '\0', start: this.#told + 1, previous }));
  }

  async #reopen(member: number, error: Error | undefined): Promise<void> {
    const { members, logger } = this.#options;
    this.#drop();
    logger.info({ error: error?.message, after: this.#told }, 'a watch of etcd was interrupted and goes on');
    members.leave(member);
    await pause();
    if (isServiceError(error) && isTokenExpired(error)) await members.login().catch(() => undefined);
    if (this.#over) return;
    this.#open();
  }

  #drop(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.on('error', () => undefined);
    stream?.cancel();
  }

  #take(answer: WatchAnswer): void {
    if (answer.canceled) {
      if (answer.compactRevision > 0) return this.end(compactedError(this.#told, answer.compactRevision));
      return void this.#reopen(this.#options.members.current, new CallError(status.CANCELLED, answer.reason));
    }
    if (answer.created) return;
    const events = this.#fragments.length === 0 ? answer.events : [...this.#fragments, ...answer.events];
    if (answer.fragment) {
      this.#fragments = [...events];
      return;
    }
    this.#fragments = [];
    if (events.length === 0) this.#progress(answer.revision);
    else this.#hand(events.filter(({ modRevision }) => modRevision > this.#told));
  }

  #hand(events: readonly StorageEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    try {
      this.#options.sink.events(events.map(this.#options.own));
    } catch (error) {
      this.end(new StorageError('unavailable', 'the watch was ended: its consumer failed', { cause: error }));
      return;
    }
    this.#advance(last.modRevision);
  }

  #progress(revision: number): void {
    if (revision <= this.#told) return;
    this.#options.sink.progress?.(revision);
    this.#advance(revision);
  }

  #advance(revision: number): void {
    this.#told = revision;
    this.#heard = revision;
    if (this.#expected <= revision) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter((waiter) => waiter.revision <= revision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of due) resolve();
  }

  #askLater(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#over || this.#expected <= this.#told) return;
      const { members } = this.#options;
      if (this.#asked++ < askTimes) this.#stream?.write(encodeProgress());
      else {
        this.#asked = 0;
        if (this.#stream !== undefined) void this.#reopen(members.current, new Error('the member is silent'));
      }
      this.#askLater(askEveryMs);
    }, ms);
    this.#timer.unref();
  }
}
