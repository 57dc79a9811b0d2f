/** What connections send, put together in buffers that are used again: a list's answer is half a megabyte of garbage otherwise. */
import { type FrameHead, headBytes, putHead } from './frames.ts';

const leastBytes = 16 * 1024;
/** What lies ready at most, for all connections together. */
const mostSpareBytes = 2 << 20;

/** Buffers that nobody uses at present, of sizes that are powers of two. */
export class SpareBuffers {
  readonly #spare: Buffer[] = [];
  #bytes = 0;

  /** A buffer of at least so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    const at = this.#spare.findIndex(({ length }) => length >= bytes && length < 4 * Math.max(bytes, leastBytes));
    const [found] = at < 0 ? [] : this.#spare.splice(at, 1);
    if (found === undefined) return Buffer.allocUnsafeSlow(Math.max(leastBytes, 2 ** Math.ceil(Math.log2(bytes))));
    this.#bytes -= found.length;
    return found;
  }

  give(buffer: Buffer): void {
    if (this.#bytes + buffer.length > mostSpareBytes) return;
    this.#bytes += buffer.length;
    this.#spare.push(buffer);
  }
}

/** What one connection sends in one turn of the event loop. */
export class Outbox {
  readonly #buffers: SpareBuffers;
  #buffer: Buffer | undefined;
  #length = 0;
  /** Of what was taken last: the next will be much the same. */
  #last = 0;

  constructor(buffers: SpareBuffers) {
    this.#buffers = buffers;
  }

  get length(): number {
    return this.#length;
  }

  add(bytes: Buffer): void {
    this.#room(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A frame's head, with as much text behind it as there is: one character an octet. */
  frame(head: FrameHead, length: number, text = ''): void {
    const into = this.#room(headBytes + length);
    putHead(into, head, length, this.#length);
    this.#length += headBytes;
    if (text === '') return;
    into.write(text, this.#length, 'latin1');
    this.#length += text.length;
  }

  /** All of it; `written` is to be called when the bytes are no longer needed, or with what went wrong. */
  take(): { readonly bytes: Buffer; readonly written: (error?: Error | null) => void } {
    const buffer = this.#room(0);
    const bytes = buffer.subarray(0, this.#length);
    this.#buffer = undefined;
    this.#last = this.#length;
    this.#length = 0;
    return { bytes, written: (error) => (error ? undefined : this.#buffers.give(buffer)) };
  }

  #room(more: number): Buffer {
    const needed = this.#length + more;
    const buffer = this.#buffer;
    if (buffer !== undefined && buffer.length >= needed) return buffer;
    const larger = this.#buffers.take(Math.max(needed, this.#last));
    if (buffer !== undefined) {
      larger.set(buffer.subarray(0, this.#length));
      this.#buffers.give(buffer);
    }
    return (this.#buffer = larger);
  }
}
