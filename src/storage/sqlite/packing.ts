/** Values of many rows in one ArrayBuffer, so that threads hand over memory instead of copying each value. */

/** Collects values, then lays them out one after the other. */
export class Packer {
  readonly #values: Uint8Array[] = [];
  bytes = 0;

  add(value: Uint8Array): void {
    this.#values.push(value);
    this.bytes += value.byteLength;
  }

  pack(): ArrayBuffer {
    const data = new Uint8Array(new ArrayBuffer(this.bytes));
    let offset = 0;
    for (const value of this.#values) {
      data.set(value, offset);
      offset += value.byteLength;
    }
    return data.buffer;
  }
}

/** Takes values off a packed ArrayBuffer in the order they were added; they share its memory. */
export class Unpacker {
  readonly #data: ArrayBuffer;
  #offset = 0;

  constructor(data: ArrayBuffer) {
    this.#data = data;
  }

  next(length: number): Buffer {
    const value = Buffer.from(this.#data, this.#offset, length);
    this.#offset += length;
    return value;
  }
}
