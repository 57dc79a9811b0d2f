/** Protocol buffers' wire format, as far as etcd's messages need it. Numbers are JavaScript's: revisions stay below 2^53. */

/** Wire types. */
const varintType = 0;
const bytesType = 2;

/** Builds one message; fields are written in the order of the calls. Zero values are left out, as proto3 does. */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** An integer that is not negative, or a bool. `always`: also when it is 0 (a member of a oneof). */
  number(field: number, value: number | bigint | boolean, always = false): this {
    const whole = typeof value === 'boolean' ? Number(value) : value;
    if ((whole === 0 || whole === 0n) && !always) return this;
    return this.#varint(field * 8 + varintType).#varint(whole);
  }

  bytes(field: number, value: Uint8Array): this {
    if (value.length === 0) return this;
    this.#varint(field * 8 + bytesType).#varint(value.length);
    return this.#push(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  message(field: number, value: Message): this {
    this.#varint(field * 8 + bytesType).#varint(value.#length);
    for (const part of value.#parts) this.#push(part);
    return this;
  }

  encode(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }

  #varint(value: number | bigint): this {
    const bytes: number[] = [];
    if (typeof value === 'bigint') {
      let rest = value;
      for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
      bytes.push(Number(rest));
    } else {
      let rest = value;
      for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
      bytes.push(rest);
    }
    return this.#push(Uint8Array.from(bytes));
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

/** Reads one message field by field; bytes share the memory of what is read. Throws RangeError when it is cut off. */
export class Fields {
  readonly #data: Buffer;
  #at: number;
  readonly #end: number;
  #type = 0;

  constructor(data: Buffer, at = 0, end = data.length) {
    this.#data = data;
    this.#at = at;
    this.#end = end;
  }

  /** The number of the next field; 0 at the end. Its value must be read, or skipped, before the next call. */
  next(): number {
    if (this.#at >= this.#end) return 0;
    const tag = this.number();
    this.#type = tag % 8;
    return Math.floor(tag / 8);
  }

  /** A varint as an unsigned number; exact below 2^53. */
  number(): number {
    let result = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#data[this.#at++];
      if (byte === undefined) throw new RangeError('a message of etcd is cut off');
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) return result;
      scale *= 128;
    }
  }

  bool(): boolean {
    return this.number() !== 0;
  }

  bigint(): bigint {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#data[this.#at++];
      if (byte === undefined) throw new RangeError('a message of etcd is cut off');
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
  }

  bytes(): Buffer {
    const length = this.number();
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#end) throw new RangeError('a message of etcd is cut off');
    return this.#data.subarray(from, this.#at);
  }

  text(): string {
    const length = this.number();
    const from = this.#at;
    this.#at += length;
    return this.#data.toString('utf8', from, this.#at);
  }

  message(): Fields {
    const length = this.number();
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#end) throw new RangeError('a message of etcd is cut off');
    return new Fields(this.#data, from, this.#at);
  }

  skip(): void {
    if (this.#type === varintType) this.number();
    else if (this.#type === bytesType) this.bytes();
    else if (this.#type === 1) this.#at += 8;
    else this.#at += 4;
  }
}
