/** Header fields of HTTP/2 (RFC 7541): a decoder with its table, and an encoder that needs none. */
import { huffmanText } from './huffman.ts';
import { staticTable } from './static-table.ts';

export type Field = readonly [name: string, value: string];

/** The block cannot be read, and nothing after it on the connection. */
export class CompressionError extends Error {
  override readonly name = 'CompressionError';
}

/** What a field counts for in tables and limits beyond its text (RFC 7541, section 4.1). */
const fieldOverhead = 32;

/** Decodes the blocks of one connection, in order. */
export class HpackDecoder {
  /** Newest last. */
  readonly #table: Field[] = [];
  readonly #maxListBytes: number;
  readonly #mostTableBytes: number;
  #tableBytes = 0;
  #allowedBytes: number;
  #block: Buffer = Buffer.alloc(0);
  #at = 0;

  /** `tableBytes`: the size of the table we told the other side; `maxListBytes`: of all fields of one block. */
  constructor(tableBytes: number, maxListBytes: number) {
    this.#mostTableBytes = tableBytes;
    this.#allowedBytes = tableBytes;
    this.#maxListBytes = maxListBytes;
  }

  /** The fields; undefined when they are more than allowed (the table is right all the same). Throws {@link CompressionError}. */
  decode(block: Buffer): Field[] | undefined {
    this.#block = block;
    this.#at = 0;
    const fields: Field[] = [];
    let bytes = 0;
    while (this.#at < block.length) {
      const first = block[this.#at] ?? 0;
      if ((first & 0xe0) === 0x20) {
        if (fields.length > 0) throw new CompressionError('a table size after fields');
        this.#resize(this.#integer(0x1f));
        continue;
      }
      const field = this.#field(first);
      bytes += sizeOf(field);
      if (bytes <= this.#maxListBytes) fields.push(field);
    }
    return bytes <= this.#maxListBytes ? fields : undefined;
  }

  #field(first: number): Field {
    if ((first & 0x80) !== 0) return this.#indexed(this.#integer(0x7f));
    const isAdded = (first & 0xc0) === 0x40;
    const index = this.#integer(isAdded ? 0x3f : 0x0f);
    const name = index === 0 ? this.#text() : this.#indexed(index)[0];
    const field: Field = [name, this.#text()];
    if (isAdded) this.#add(field);
    return field;
  }

  #indexed(index: number): Field {
    const field = index <= staticTable.length ? staticTable[index - 1] : this.#table[this.#table.length - (index - staticTable.length)];
    if (field === undefined) throw new CompressionError(`no field ${String(index)}`);
    return field;
  }

  #add(field: Field): void {
    this.#tableBytes += sizeOf(field);
    this.#table.push(field);
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > this.#mostTableBytes) throw new CompressionError('a larger table than allowed');
    this.#allowedBytes = bytes;
    this.#evict();
  }

  #evict(): void {
    let gone = 0;
    while (this.#tableBytes > this.#allowedBytes) {
      const field = this.#table[gone++];
      if (field === undefined) break;
      this.#tableBytes -= sizeOf(field);
    }
    if (gone > 0) this.#table.splice(0, gone);
  }

  #integer(mask: number): number {
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      if (shift > 21) throw new CompressionError('a number too large');
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
  }

  #text(): string {
    const isHuffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(0x7f);
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#block.length) throw new CompressionError('the block is cut short');
    if (!isHuffman) return this.#block.toString('latin1', from, this.#at);
    const text = huffmanText(this.#block, from, this.#at);
    if (text === undefined) throw new CompressionError('no Huffman code');
    return text;
  }

  #byte(): number {
    const byte = this.#block[this.#at++];
    if (byte === undefined) throw new CompressionError('the block is cut short');
    return byte;
  }
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + fieldOverhead;
}

/** Fields as literals that enter no table: what a table would save in bytes it costs in work, on both sides. One character an octet. */
export function encodedField(name: string, value: string): string {
  let head = heads.get(name);
  if (head === undefined) {
    head = headOf(name);
    if (heads.size < maxHeads) heads.set(name, head);
  }
  return head + integer(value.length, 0x7f, 0) + value;
}

export function encodedStatus(code: number): string {
  const index = staticTable.findIndex(([name, value]) => name === ':status' && value === String(code)) + 1;
  return index > 0 ? String.fromCharCode(0x80 | index) : encodedField(':status', String(code));
}

/** A memo, not state: how literals of a name begin. Proxied answers bring names of their own, so it is bounded. */
const heads = new Map<string, string>();
const maxHeads = 256;

function headOf(name: string): string {
  const index = staticTable.findIndex(([known]) => known === name) + 1;
  return index > 0 ? integer(index, 0x0f, 0) : `\0${integer(name.length, 0x7f, 0)}${name}`;
}

function integer(value: number, mask: number, flags: number): string {
  if (value < mask) return String.fromCharCode(flags | value);
  let text = String.fromCharCode(flags | mask);
  let rest = value - mask;
  for (; rest > 0x7f; rest >>>= 7) text += String.fromCharCode((rest & 0x7f) | 0x80);
  return text + String.fromCharCode(rest);
}
