/**
 * A container's log read from Docker's files and not through its API: that parses and frames every line and comes to 12 MB for
 * each second of a processor, a fifth of what following a busy container takes. The form is that of Docker's json-file driver.
 */
import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { Clock } from '../../../base/clock.ts';
import { delay } from '../../../base/clock.ts';
import type { LogOptions } from '../runtime.ts';
import { JsonLogDecoder, TailFinder } from './json-log.ts';
import { closeLogFiles, newerLogFiles, openLogFiles, type LogFile } from './rotated-files.ts';

export interface LogSource {
  /** Of the newest file. */
  readonly path: string;
  readonly clock: Clock;
  /** Resolves when the container writes no more; missing: what is there now is all that is wanted. */
  readonly ended: Promise<void> | undefined;
}

const pieceBytes = 256 * 1024;

/** A log that grows all the time is looked at so often, in ms: each line for itself would cost more than it is worth. */
const batchMs = 10;

/** Undefined when the files cannot be read here (another machine, no permission). */
export async function readLogFiles(source: LogSource, options: LogOptions): Promise<Readable | undefined> {
  const { streams, timestamps, since, tailLines } = options;
  const changes = source.ended === undefined ? undefined : new Changes(source, source.ended);
  try {
    const files = await openLogFiles(source.path);
    const reader = new LogReader(source.path, files, new JsonLogDecoder({ streams, timestamps, since }));
    const readable = Readable.from(reader.read(tailLines, changes), { objectMode: false, highWaterMark: pieceBytes });
    const destroy = readable._destroy.bind(readable);
    // A reader that goes away while nothing happens must not have to wait for something to happen.
    readable._destroy = (error, done) => {
      changes?.close();
      destroy(error, done);
    };
    return readable;
  } catch {
    changes?.close();
    return undefined;
  }
}

/** Wakes when something in the log's folder has changed. */
class Changes {
  readonly #clock: Clock;
  readonly #watcher: FSWatcher | undefined;
  #changed = false;
  #over = false;
  #wake: () => void = () => undefined;
  #lastMs = -Infinity;

  constructor({ path, clock }: LogSource, ended: Promise<void>) {
    this.#clock = clock;
    const end = (): void => this.close();
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, () => {
        this.#changed = true;
        this.#wake();
      }).on('error', end);
    } catch {
      this.#over = true;
    }
    ended.then(end, end);
  }

  /** Resolves when something may have changed: true, or false when nothing will any more. */
  async next(): Promise<boolean> {
    if (!this.#changed && !this.#over) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#over) return false;
    const early = this.#lastMs + batchMs - this.#clock.monotonic();
    if (early > 0) await delay(this.#clock, early);
    this.#changed = false;
    this.#lastMs = this.#clock.monotonic();
    return true;
  }

  close(): void {
    this.#over = true;
    this.#watcher?.close();
    this.#wake();
  }
}

class LogReader {
  readonly #path: string;
  /** Oldest first; what is read is the first. */
  readonly #files: LogFile[];
  readonly #decoder: JsonLogDecoder;
  readonly #piece = Buffer.allocUnsafe(pieceBytes);
  /** In the first file. */
  #offset = 0;

  constructor(path: string, files: LogFile[], decoder: JsonLogDecoder) {
    this.#path = path;
    this.#files = files;
    this.#decoder = decoder;
  }

  async *read(tailLines: number | undefined, changes: Changes | undefined): AsyncGenerator<Buffer> {
    try {
      if (tailLines !== undefined) await this.#skipTo(tailLines);
      yield* this.#drain();
      while (changes !== undefined && (await changes.next())) yield* this.#drain();
      if (changes !== undefined) yield* this.#drain();
    } finally {
      changes?.close();
      await closeLogFiles(this.#files);
    }
  }

  /** Everything up to the end of the newest file. */
  async *#drain(): AsyncGenerator<Buffer> {
    yield* this.#first();
    for (;;) {
      if (this.#files.length === 1) {
        const newer = await newerLogFiles(this.#path, this.#files[0]);
        if (newer.length === 0) return;
        this.#files.push(...newer);
        // Before it was rotated away something may have come.
        yield* this.#first();
      }
      await this.#files.shift()?.close();
      this.#offset = 0;
      yield* this.#first();
    }
  }

  async *#first(): AsyncGenerator<Buffer> {
    const [file] = this.#files as [LogFile];
    for (;;) {
      const bytesRead = await file.read(this.#piece, { position: this.#offset, length: pieceBytes });
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const text = this.#decoder.decode(this.#piece.subarray(0, bytesRead));
      if (text.length > 0) yield text;
    }
  }

  /** Drops the files before the last lines and finds where in the first that is left they begin. */
  async #skipTo(lines: number): Promise<void> {
    const finder = new TailFinder(lines);
    for (let at = this.#files.length - 1; at >= 0; at -= 1) {
      const file = this.#files[at] as LogFile;
      for (let end = await file.size(); end > 0; end = Math.max(0, end - pieceBytes)) {
        const start = Math.max(0, end - pieceBytes);
        const bytesRead = await file.read(this.#piece, { position: start, length: end - start });
        const found = finder.look(this.#piece.subarray(0, bytesRead));
        if (found === undefined) continue;
        this.#offset = start + found;
        return closeLogFiles(this.#files.splice(0, at));
      }
    }
  }
}
