/** Reads protobuf's wire format: varints, 64-bit values, length-delimited bytes; groups and unknown fields are skipped. */

/** Bytes that are not what they should be; the message is for the client. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** Deeper nesting than this is taken for an attack: no kind comes near it, a schema of a custom resource needs about three a level. */
const maxDepth = 1000;

export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
const wireStartGroup = 3;
const wireEndGroup = 4;
const wireFixed32 = 5;

const twoTo32 = 2 ** 32;

/** Every method throws {@link ProtobufError} for bytes that end too early or make no sense. */
export class WireReader {
  readonly #bytes: Buffer;
  #at: number;
  #end: number;
  #depth = 0;
  /** The first message has no length: it is all there is. */
  #whole: boolean;

  constructor(bytes: Buffer, whole = false) {
    this.#bytes = bytes;
    this.#whole = whole;
    this.#at = 0;
    this.#end = bytes.length;
  }

  /** Whether the message that is being read has ended. */
  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** Begins the embedded message at this place; give the result to {@link leave}. */
  enter(): number {
    const length = this.#whole ? this.#end : this.#length();
    this.#whole = false;
    this.#depth += 1;
    if (this.#depth > maxDepth) throw new ProtobufError(`proto: messages are nested more than ${String(maxDepth)} deep`);
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  leave(outer: number): void {
    this.#depth -= 1;
    this.#end = outer;
  }

  /** A field's number times 8 plus its wire type. */
  tag(): number {
    const tag = this.uint32();
    if (tag >>> 3 === 0) throw new ProtobufError(`proto: illegal tag ${String(tag >>> 3)} (wire type ${String(tag & 7)})`);
    return tag;
  }

  uint32(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    return this.#varint(first, true);
  }

  int32(): number {
    return this.uint32() | 0;
  }

  boolean(): boolean {
    return this.int64() !== 0;
  }

  /** Exact up to 2^53 on either side of zero, the nearest number beyond, as JSON.parse reads it. */
  int64(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    return this.#varint(first, false);
  }

  double(): number {
    this.#need(8);
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  string(): string {
    const length = this.#length();
    const from = this.#at;
    this.#at += length;
    return length === 0 ? '' : this.#bytes.toString('utf8', from, this.#at);
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    const length = this.#length();
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  /** Skips the value of an unknown field. */
  skip(tag: number): void {
    let open = 0;
    for (let next = tag; ; next = this.tag()) {
      switch (next & 7) {
        case wireVarint:
          this.int64();
          break;
        case wireFixed64:
          this.#advance(8);
          break;
        case wireBytes:
          this.#advance(this.#length());
          break;
        case wireStartGroup:
          open += 1;
          break;
        case wireEndGroup:
          open -= 1;
          if (open < 0) throw new ProtobufError('proto: unexpected end of group');
          break;
        case wireFixed32:
          this.#advance(4);
          break;
        default:
          throw new ProtobufError(`proto: illegal wireType ${String(next & 7)}`);
      }
      if (open === 0) return;
    }
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new ProtobufError('unexpected EOF');
    return this.#bytes[this.#at++] as number;
  }

  #need(count: number): void {
    if (count > this.#end - this.#at) throw new ProtobufError('unexpected EOF');
  }

  #advance(count: number): void {
    this.#need(count);
    this.#at += count;
  }

  #length(): number {
    const length = this.int64();
    if (length < 0) throw new ProtobufError('proto: negative length found during unmarshaling');
    this.#need(length);
    return length;
  }

  #varint(first: number, low32: boolean): number {
    let low = first & 0x7f;
    let high = 0;
    for (let shift = 7; ; shift += 7) {
      if (shift >= 70) throw new ProtobufError('proto: integer overflow');
      const byte = this.#byte();
      const part = byte & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high = part >>> 4;
      } else high |= part << (shift - 32);
      if (byte < 0x80) break;
    }
    return low32 ? low >>> 0 : (high | 0) * twoTo32 + (low >>> 0);
  }
}
