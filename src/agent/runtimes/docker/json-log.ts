/** Docker's json-file log lines as the bytes that the container wrote; pure. */

export interface JsonLogFilter {
  readonly streams: 'all' | 'stdout' | 'stderr';
  readonly timestamps: boolean;
  /** Milliseconds since the epoch; what is older is left out. */
  readonly since: number | undefined;
}

const newline = 0x0a;
const backslash = 0x5c;
const [letterN, letterO, quote, comma, space] = [0x6e, 0x6f, 0x22, 0x2c, 0x20];
/** Length of `{"log":"`. */
const toText = 8;
/** Length of `\n","stream":"`, which follows the text of a line. */
const toStream = 14;
/** Length of `stdout","time":"`. */
const toTime = 16;

interface Entry {
  readonly log?: string;
  readonly stream?: string;
  readonly time?: string;
}

interface Place {
  readonly at: number;
  readonly escape: number;
  readonly end: number;
}

interface Target {
  readonly out: Buffer;
  readonly size: number;
}

/**
 * Takes the files' bytes in pieces. Half a million lines a second need the short cut: a line whose only escape is its own end is
 * copied as it stands, anything else is parsed as JSON.
 */
export class JsonLogDecoder {
  readonly #filter: JsonLogFilter;
  #rest: Buffer = Buffer.alloc(0);
  #old: boolean;

  constructor(filter: JsonLogFilter) {
    this.#filter = filter;
    this.#old = filter.since !== undefined;
  }

  /** What the complete lines say; an incomplete one waits for more. */
  decode(bytes: Buffer): Buffer {
    const chunk = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    // What is left out around a text is longer than a time in front, and escapes are longer than what they stand for.
    const out = Buffer.allocUnsafe(chunk.length);
    let size = 0;
    let at = 0;
    let escape = -1;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, at)) {
      if (escape < at + toText && escape < chunk.length) escape = chunk.indexOf(backslash, at + toText);
      if (escape < 0) escape = chunk.length;
      const isPlain = escape < end && chunk[escape + 1] === letterN && chunk[escape + 2] === quote && chunk[escape + 3] === comma;
      size += isPlain
        ? this.#copyPlain(chunk, { at, escape, end }, { out, size })
        : this.#copyParsed(chunk.toString('utf8', at, end), { out, size });
      at = end + 1;
    }
    this.#rest = Buffer.from(chunk.subarray(at));
    return out.subarray(0, size);
  }

  /** `escape`: where the text of the line ends. Answers how much was written. */
  #copyPlain(chunk: Buffer, { at, escape, end }: Place, { out, size }: Target): number {
    const stream = escape + toStream;
    const time = stream + toTime;
    const { streams, timestamps } = this.#filter;
    if (streams !== 'all' && (chunk[stream + 3] === letterO) !== (streams === 'stdout')) return 0;
    if (this.#old && this.#isOld(chunk.toString('latin1', time, end - 2))) return 0;
    let to = size;
    if (timestamps) {
      to += chunk.copy(out, to, time, end - 2);
      out[to++] = space;
    }
    to += chunk.copy(out, to, at + toText, escape);
    out[to++] = newline;
    return to - size;
  }

  #copyParsed(line: string, { out, size }: Target): number {
    let entry: Entry;
    try {
      entry = JSON.parse(line) as Entry;
    } catch {
      // Torn by a crash of the machine or a full disk.
      return 0;
    }
    const { log = '', stream, time = '' } = entry;
    if (this.#filter.streams !== 'all' && stream !== this.#filter.streams) return 0;
    if (this.#old && this.#isOld(time)) return 0;
    return out.write(this.#filter.timestamps ? `${time} ${log}` : log, size);
  }

  /** Lines are in the order of their times: after the first that is new enough none is asked. */
  #isOld(time: string): boolean {
    this.#old = Date.parse(time) < (this.#filter.since ?? 0);
    return this.#old;
  }
}

/** Looks for the start of the last `lines` lines while pieces of a text come from its end to its beginning. */
export class TailFinder {
  /** How many more ends of lines there are before the one that the tail follows. */
  #left: number;
  #begun = false;

  constructor(lines: number) {
    this.#left = lines;
  }

  /** Where in this piece the tail begins; undefined when it begins before it. */
  look(piece: Buffer): number | undefined {
    // The end of the last line is its own; a text that is cut off within a line has none.
    if (!this.#begun && piece.length > 0) {
      this.#begun = true;
      if (piece.at(-1) === newline) this.#left += 1;
    }
    for (let at = piece.lastIndexOf(newline); at >= 0; at = at === 0 ? -1 : piece.lastIndexOf(newline, at - 1)) {
      this.#left -= 1;
      if (this.#left === 0) return at + 1;
    }
    return undefined;
  }
}
