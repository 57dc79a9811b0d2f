/**
 * Which node ports are taken where several servers share a store: one value there, as upstream's servers keep it, changed by
 * compare-and-swap. pkg/registry/core/service/allocator/{bitmap.go,storage/storage.go}; the value is a core/v1 RangeAllocation.
 */
import { ApiError } from '../../../api/errors.ts';
import { hasMagic, readEnvelope } from '../../../api/protobuf/envelope.ts';
import { WireReader } from '../../../api/protobuf/wire-reader.ts';
import type { SharedValues } from '../../deps.ts';
import type { PortBits, PortRange } from './node-ports.ts';

const key = '/registry/ranges/servicenodeports';
/** Others are faster at most so often. */
const attempts = 100;

interface Allocation {
  readonly range: string;
  /** A number's bytes, the highest first; bit N stands for the Nth port. */
  readonly data: Buffer;
}

export class SharedPortBits implements PortBits {
  readonly #values: SharedValues;
  readonly #range: string;
  /** This server's own changes come one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(values: SharedValues, { first, last }: PortRange) {
    this.#values = values;
    this.#range = `${String(first)}-${String(last)}`;
  }

  update<T>(change: (used: Set<number>) => T): Promise<T> {
    const mine = this.#last.then(() => this.#update(change));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #update<T>(change: (used: Set<number>) => T): Promise<T> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const found = await this.#values.get(key);
      const stored = found === undefined ? undefined : readAllocation(found.value);
      // Numbers of another range say nothing: upstream would refuse to start.
      const used = stored?.range === this.#range ? bitsOf(stored.data) : new Set<number>();
      const before = [...used];
      const result = change(used);
      const isSame = stored?.range === this.#range && before.length === used.size && before.every((bit) => used.has(bit));
      if (isSame) return result;
      const value = writeAllocation({ range: this.#range, data: dataOf(used) });
      const { done } = await this.#values.put(key, value, { expected: found?.modRevision ?? 0 });
      if (done) return result;
    }
    throw new ApiError('ServerTimeout', 'cannot allocate resources of type servicenodeportallocations at this time');
  }
}

export function readAllocation(value: Buffer): Allocation {
  if (!hasMagic(value)) {
    const { range = '', data = '' } = JSON.parse(value.toString()) as { range?: string; data?: string | null };
    return { range, data: Buffer.from(data ?? '', 'base64') };
  }
  const reader = new WireReader(readEnvelope(value).raw);
  let [range, data] = ['', Buffer.alloc(0)];
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x12) range = reader.string();
    else if (tag === 0x1a) data = Buffer.from(reader.bytes());
    else reader.skip(tag);
  }
  return { range, data };
}

function writeAllocation({ range, data }: Allocation): Buffer {
  const object = { kind: 'RangeAllocation', apiVersion: 'v1', metadata: {}, range, data: data.toString('base64') };
  return Buffer.from(`${JSON.stringify(object)}\n`);
}

export function bitsOf(data: Buffer): Set<number> {
  const bits = new Set<number>();
  for (const [index, byte] of data.entries()) {
    const from = (data.length - 1 - index) * 8;
    for (let bit = 0; bit < 8; bit += 1) if ((byte & (1 << bit)) !== 0) bits.add(from + bit);
  }
  return bits;
}

export function dataOf(bits: ReadonlySet<number>): Buffer {
  const length = bits.size === 0 ? 0 : Math.floor(Math.max(...bits) / 8) + 1;
  const data = Buffer.alloc(length);
  for (const bit of bits) {
    const at = length - 1 - Math.floor(bit / 8);
    data[at] = (data[at] ?? 0) | (1 << (bit % 8));
  }
  return data;
}
