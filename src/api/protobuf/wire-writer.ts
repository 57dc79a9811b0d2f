/** Writes protobuf's wire format from the end to the start, so that a message's length is known when its turn comes (as gogo/protobuf does). */

const twoTo32 = 2 ** 32;

/** A growing buffer whose {@link WireWriter.position} counts from its end: contents first, then length, then tag. */
export class WireWriter {
  #bytes: Buffer;
  #at: number;

  constructor(expected = 2048) {
    this.#bytes = Buffer.allocUnsafeSlow(expected);
    this.#at = expected;
  }

  /** Bytes written so far. */
  get written(): number {
    return this.#bytes.length - this.#at;
  }

  /** All that was written; the writer is not to be used any more. */
  finish(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  /** The length of what was written since `written` was `before`. */
  lengthSince(before: number): void {
    this.uint32(this.#bytes.length - this.#at - before);
  }

  uint32(value: number): void {
    if (value < 0x80) {
      if (this.#at < 1) this.#grow(1);
      this.#bytes[--this.#at] = value;
      return;
    }
    const size = value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
    if (this.#at < size) this.#grow(size);
    this.#at -= size;
    let at = this.#at;
    for (let rest = value; ; rest >>>= 7) {
      if (rest >>> 0 < 0x80) {
        this.#bytes[at] = rest;
        return;
      }
      this.#bytes[at++] = (rest & 0x7f) | 0x80;
    }
  }

  /** Any integer, negative ones as two's complement of 64 bits. */
  int64(value: number): void {
    if (value >= 0 && value < twoTo32) return this.uint32(value);
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
    this.raw(Buffer.from(bytes));
  }

  boolean(value: boolean): void {
    this.uint32(value ? 1 : 0);
  }

  double(value: number): void {
    if (this.#at < 8) this.#grow(8);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** Text with its length. */
  string(value: string): void {
    const { length } = value;
    if (length < 32 && this.#ascii(value, length)) return this.uint32(length);
    const size = Buffer.byteLength(value);
    if (this.#at < size) this.#grow(size);
    this.#at -= size;
    this.#bytes.write(value, this.#at, size, 'utf8');
    this.uint32(size);
  }

  /** Bytes with their length. */
  bytes(value: Buffer): void {
    this.raw(value);
    this.uint32(value.length);
  }

  /** Bytes as they are. */
  raw(value: Buffer): void {
    if (this.#at < value.length) this.#grow(value.length);
    this.#at -= value.length;
    value.copy(this.#bytes, this.#at);
  }

  /** Short ASCII text is faster copied here than by a call into the runtime. false, and nothing written, when it is not ASCII. */
  #ascii(value: string, length: number): boolean {
    if (this.#at < length) this.#grow(length);
    const from = this.#at - length;
    const bytes = this.#bytes;
    for (let at = 0; at < length; at++) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) return false;
      bytes[from + at] = code;
    }
    this.#at = from;
    return true;
  }

  #grow(need: number): void {
    const { written } = this;
    const size = Math.max(this.#bytes.length * 2, written + need);
    const larger = Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(larger, size - written, this.#at);
    this.#bytes = larger;
    this.#at = size - written;
  }
}
