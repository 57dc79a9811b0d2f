/** Frames of HTTP/2 (RFC 9113): their numbers, how they are cut from a stream of bytes, and the small ones that are written. */

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  compression: 9,
  enhanceYourCalm: 11,
} as const;

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** The connection is of no more use. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const headBytes = 9;

/** Cuts what comes in into frames, after the preface. Bytes are joined once a frame at most, however small the pieces are. */
export class FrameReader {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #needed = preface.length;
  #begun = false;

  constructor(maxFrameBytes: number) {
    this.#maxBytes = maxFrameBytes;
  }

  /** Throws {@link ConnectionError} for what is no preface, and for frames that are too long. */
  *read(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length < this.#needed) return;
    const bytes = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces, this.#length);
    let at = this.#skipPreface(bytes);
    for (;;) {
      const left = bytes.length - at;
      const length = left < headBytes ? 0 : bytes.readUIntBE(at, 3);
      if (length > this.#maxBytes) throw new ConnectionError(errorCode.frameSize, 'a frame too large');
      this.#needed = headBytes + length;
      if (left < this.#needed) break;
      const payload = bytes.subarray(at + headBytes, at + this.#needed);
      const head = at;
      at += this.#needed;
      yield { type: bytes[head + 3] ?? 0, flags: bytes[head + 4] ?? 0, stream: bytes.readUInt32BE(head + 5) & 0x7fff_ffff, payload };
    }
    this.#pieces = at === bytes.length ? [] : [bytes.subarray(at)];
    this.#length = bytes.length - at;
  }

  #skipPreface(bytes: Buffer): number {
    if (this.#begun) return 0;
    if (!bytes.subarray(0, preface.length).equals(preface)) throw new ConnectionError(errorCode.protocol, 'no preface');
    this.#begun = true;
    return preface.length;
  }
}

/** Without padding. Throws {@link ConnectionError} when that is longer than the frame. */
export function unpadded({ flags, payload }: Frame): Buffer {
  if ((flags & flag.padded) === 0) return payload;
  const padding = payload[0] ?? Infinity;
  if (padding >= payload.length) throw new ConnectionError(errorCode.protocol, 'more padding than frame');
  return payload.subarray(1, payload.length - padding);
}

export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

/** Writes a frame's head at the front of `into` (or at `at`). */
export function putHead(into: Buffer, { type, flags, stream }: FrameHead, length: number, at = 0): void {
  into.writeUIntBE(length, at, 3);
  into[at + 3] = type;
  into[at + 4] = flags;
  into.writeUInt32BE(stream, at + 5);
}

/** A frame of 32-bit numbers: resets, window updates, and what ends a connection. */
export function numbersFrame(head: FrameHead, ...numbers: readonly number[]): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + numbers.length * 4);
  putHead(frame, head, numbers.length * 4);
  for (const [index, number] of numbers.entries()) frame.writeUInt32BE(number, headBytes + index * 4);
  return frame;
}

export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const frame = Buffer.allocUnsafe(headBytes + settings.length * 6);
  putHead(frame, { type: frameType.settings, flags: 0, stream: 0 }, settings.length * 6);
  for (const [index, [id, value]] of settings.entries()) {
    frame.writeUInt16BE(id, headBytes + index * 6);
    frame.writeUInt32BE(value, headBytes + index * 6 + 2);
  }
  return frame;
}

/** What a frame of settings says, in order; nothing for an acknowledgement. Throws {@link ConnectionError} for what must not be said. */
export function settingsOf({ stream, flags, payload }: Frame): (readonly [id: number, value: number])[] {
  if (stream !== 0) throw new ConnectionError(errorCode.protocol, 'settings of a stream');
  if (payload.length % 6 !== 0 || ((flags & flag.ack) !== 0 && payload.length > 0))
    throw new ConnectionError(errorCode.frameSize, 'settings cut short');
  if (payload.length > maxSettings * 6) throw new ConnectionError(errorCode.protocol, 'too many settings');
  const settings: (readonly [id: number, value: number])[] = [];
  for (let at = 0; at < payload.length; at += 6) {
    const id = payload.readUInt16BE(at);
    const value = payload.readUInt32BE(at + 2);
    if (id === setting.maxFrameSize && (value < 16_384 || value > 16_777_215))
      throw new ConnectionError(errorCode.protocol, 'no size of frames');
    if (id === setting.enablePush && value > 1) throw new ConnectionError(errorCode.protocol, 'neither yes nor no');
    if (id === setting.initialWindowSize && value > 0x7fff_ffff) throw new ConnectionError(errorCode.flowControl, 'no window');
    settings.push([id, value]);
  }
  return settings;
}

/** As many as Go's server bears. */
const maxSettings = 100;

/** The stream that a priority names. */
export function dependency(priority: Buffer): number {
  return priority.readUInt32BE(0) & 0x7fff_ffff;
}

/** Throws {@link ConnectionError} for a frame of another length. */
export function expectLength({ payload }: Frame, length: number): void {
  if (payload.length !== length) throw new ConnectionError(errorCode.frameSize, 'no such size');
}
