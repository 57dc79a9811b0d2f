/**
 * Tells when somebody else changes nftables tables of ours, by following `nft monitor`. Its own transactions a caller announces; the
 * kernel reports each transaction by the changes it made and a line that ends it, so one that nobody announced is another's.
 */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';

export interface NftWatchOptions {
  readonly commands: Pick<Commands, 'spawn'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names of tables, of any family. */
  readonly tables: readonly string[];
  /** A transaction that was not announced has changed one of the tables, or may have: changes were missed. */
  readonly onForeignChange: () => void;
}

export interface NftWatch extends Running {
  /** Announces one transaction that changes a table, before it begins. */
  announce(): Announcement;
  /** How the monitor told of the last transaction that changed a table, its process included; undefined: there was none. */
  readonly lastChange: string | undefined;
}

/** One of these is called when the transaction has ended. */
export interface Announcement {
  made(): void;
  refused(): void;
}

/** A transaction that has ended and is not reported within this time is forgotten; once events were lost, its report may be among them. */
const patienceMs = 10_000;
const shortPatienceMs = 1000;

interface Announced {
  /** Until when its report is waited for; Infinity: it is under way. */
  until: number;
  patienceMs: number;
}

export function watchNftables(options: NftWatchOptions): NftWatch {
  return new Watch(options);
}

class Watch implements NftWatch {
  readonly #options: NftWatchOptions;
  readonly #abort = new AbortController();
  readonly #loop: Promise<void>;
  #announced: Announced[] = [];
  #child: ChildProcessWithoutNullStreams | undefined;
  #touched = false;
  #lastChange: string | undefined;

  constructor(options: NftWatchOptions) {
    this.#options = options;
    this.#loop = this.#follow();
  }

  announce(): Announcement {
    // However long it takes (a large table on a busy machine): while it is under way it is waited for.
    const entry: Announced = { until: Infinity, patienceMs };
    this.#announced.push(entry);
    return {
      made: () => {
        entry.until = this.#options.clock.now() + entry.patienceMs;
      },
      refused: () => {
        this.#announced = this.#announced.filter((other) => other !== entry);
      },
    };
  }

  get lastChange(): string | undefined {
    return this.#lastChange;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#child?.kill();
    await this.#loop;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** A monitor that never said anything cannot be had here; one that did is started again, and what happened meanwhile is unknown. */
  async #follow(): Promise<void> {
    const { clock, logger, onForeignChange } = this.#options;
    const backoff = new Backoff({ initialMs: 500, maxMs: 60_000, factor: 2, jitter: 0, resetMs: 60_000, clock });
    while (!this.#abort.signal.aborted) {
      const hasSpoken = await this.#run();
      if (this.#abort.signal.aborted) return;
      if (!hasSpoken) {
        logger.info({}, 'nft monitor cannot be had: rules that others remove come back with the next change only');
        return;
      }
      await delay(clock, backoff.next(), this.#abort.signal);
      if (!this.#abort.signal.aborted) onForeignChange();
    }
  }

  /** Resolves when the monitor ends, with whether it reported anything. */
  #run(): Promise<boolean> {
    const child = this.#options.commands.spawn('nft', ['monitor']);
    this.#child = child;
    let rest = '';
    let hasSpoken = false;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      hasSpoken = true;
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#line(line);
    });
    child.stderr.resume();
    child.stdin.on('error', () => undefined).end();
    child.unref();
    return new Promise((resolve) => {
      child.on('error', () => resolve(hasSpoken));
      child.on('close', () => resolve(hasSpoken));
    });
  }

  #line(line: string): void {
    if (line.startsWith('# new generation')) {
      if (this.#touched) this.#ended(line);
      this.#touched = false;
    } else if (line.startsWith('# ERROR')) {
      // Events were lost. While a transaction of ours is under way it is that one's size that did it.
      this.#touched = false;
      if (!this.#expects()) this.#options.onForeignChange();
      const soon = this.#options.clock.now() + shortPatienceMs;
      for (const announced of this.#announced) {
        announced.patienceMs = shortPatienceMs;
        if (announced.until !== Infinity) announced.until = Math.min(announced.until, soon);
      }
    } else if (!this.#touched)
      this.#touched = this.#options.tables.some((table) => line.includes(` ${table} `) || line.endsWith(` ${table}`));
  }

  #ended(line: string): void {
    this.#lastChange = line;
    if (this.#expects()) this.#announced.shift();
    else this.#options.onForeignChange();
  }

  #expects(): boolean {
    const now = this.#options.clock.now();
    this.#announced = this.#announced.filter(({ until }) => until > now);
    return this.#announced.length > 0;
  }
}
