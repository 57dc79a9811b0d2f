/** Streams whose answer was complete before the request was. */
import { errorCode } from './frames.ts';
import type { Http2Stream } from './stream.ts';

const largestWindow = 0x7fff_ffff;

/**
 * What is remembered of the stream of a connection that was left last: its client has been told to stop, and what was on its way by then
 * is no fault, but must still be what was announced. What comes for any other stream that has ended is a fault.
 */
export class LeftStream {
  readonly #id: number;
  #sendWindow: number;
  /** How many bytes of the body are still to come, if that was said. */
  #missing: number | undefined;

  /** Without a stream it stands for none. */
  constructor(stream?: Http2Stream) {
    this.#id = stream?.id ?? 0;
    this.#sendWindow = stream?.sendWindow ?? 0;
    this.#missing = stream?.request.missing;
  }

  is(id: number): boolean {
    return id === this.#id;
  }

  /** The error to reset the stream with, if that is due. */
  data(id: number, bytes: number, isLast: boolean): number | undefined {
    if (id !== this.#id) return errorCode.streamClosed;
    if (this.#missing === undefined) return undefined;
    this.#missing -= bytes;
    return this.#missing < 0 || (isLast && this.#missing > 0) ? errorCode.protocol : undefined;
  }

  /** The same for a window that grows. */
  windowUpdate(id: number, more: number): number | undefined {
    if (more === 0) return errorCode.protocol;
    if (id !== this.#id) return undefined;
    this.#sendWindow += more;
    return this.#sendWindow > largestWindow ? errorCode.flowControl : undefined;
  }
}
