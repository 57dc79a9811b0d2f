/** The wire format of protocol buffers, as far as Kubernetes uses it. Every method throws an Error at a cut-off message. */
export class ProtoReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next field's number and wire type; undefined at the end. */
  tag(): { readonly number: number; readonly wire: number } | undefined {
    if (this.atEnd) return undefined;
    const tag = Number(this.varint());
    return { number: Math.floor(tag / 8), wire: tag % 8 };
  }

  varint(): bigint {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return BigInt(value);
    }
    let large = BigInt(value);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      large |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, large);
    }
    throw new Error('proto: integer overflow');
  }

  /** A length-delimited field; shares memory. */
  bytes(): Buffer {
    const length = Number(this.varint());
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Error('unexpected EOF');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  double(): number {
    return this.#fixed(8).readDoubleLE();
  }

  float(): number {
    return this.#fixed(4).readFloatLE();
  }

  skip(wire: number): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.#fixed(8);
    else if (wire === 2) this.bytes();
    else if (wire === 5) this.#fixed(4);
    else throw new Error(`proto: illegal wireType ${String(wire)}`);
  }

  #fixed(size: number): Buffer {
    if (this.#at + size > this.#bytes.length) throw new Error('unexpected EOF');
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error('unexpected EOF');
    return byte;
  }
}
