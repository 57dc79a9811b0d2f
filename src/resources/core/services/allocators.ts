/**
 * The pools a Service takes its cluster IPs and node ports from, in memory. Values that nobody asked for come from the upper
 * part of a range as long as there are any, so that those picked by hand from the lower part seldom collide.
 * pkg/registry/core/service/{ipallocator,portallocator}.
 */
import { cidrContains, formatAddress, parseAddress, parseCidr, type Cidr } from '../../../api/ip.ts';
import type { Family } from '../../shared/ip.ts';

/** Why a value could not be had; the texts are upstream's. */
export class AllocationError extends Error {
  readonly full: boolean;
  constructor(message: string, full = false) {
    super(message);
    this.name = 'AllocationError';
    this.full = full;
  }
}

type Random = () => number;

/** Numbers from 0 up to `size`; the first `band` of them are only given out at random when the others are used up. */
class Pool {
  readonly #used = new Set<number>();
  readonly #size: number;
  readonly #band: number;
  readonly #random: Random;

  constructor(size: number, band: number, random: Random) {
    this.#size = size;
    this.#band = band;
    this.#random = random;
  }

  take(offset: number): boolean {
    if (this.#used.has(offset)) return false;
    this.#used.add(offset);
    return true;
  }

  next(): number | undefined {
    return this.#scan(this.#band, this.#size) ?? this.#scan(0, this.#band);
  }

  release(offset: number): void {
    this.#used.delete(offset);
  }

  #scan(from: number, to: number): number | undefined {
    const count = to - from;
    const start = Math.floor(this.#random() * count);
    for (let step = 0; step < count; step += 1) {
      const offset = from + ((start + step) % count);
      if (this.take(offset)) return offset;
    }
    return undefined;
  }
}

/** Addresses of one service CIDR: neither its first one nor, of IPv4, its last. */
export class AddressAllocator {
  readonly #text: string;
  readonly #cidr: Cidr;
  readonly #pool: Pool;
  readonly #count: bigint;

  constructor(cidr: string, random: Random = Math.random) {
    const parsed = parseCidr(cidr);
    if (parsed === undefined) throw new Error(`invalid service CIDR ${JSON.stringify(cidr)}`);
    this.#text = cidr;
    this.#cidr = parsed;
    const size = 1n << BigInt((parsed.address.family === 4 ? 32 : 128) - parsed.bits);
    this.#count = size - (parsed.address.family === 4 ? 2n : 1n);
    this.#pool = new Pool(tame(this.#count), band(tame(size), { min: 16, max: 256, step: 16 }), random);
  }

  get family(): Family {
    return this.#cidr.address.family === 4 ? 'IPv4' : 'IPv6';
  }

  take(address: string): void {
    const parsed = parseAddress(address);
    if (parsed === undefined || !cidrContains(this.#cidr, parsed))
      throw new AllocationError('the provided network does not match the current range');
    const offset = this.#offset(address);
    if (offset < 0n || offset >= this.#count)
      throw new AllocationError(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${this.#text}`);
    if (!this.#pool.take(Number(offset))) throw new AllocationError('provided IP is already allocated');
  }

  next(): string {
    const offset = this.#pool.next();
    if (offset === undefined) throw new AllocationError('range is full', true);
    return formatAddress({ family: this.#cidr.address.family, value: this.#cidr.base + 1n + BigInt(offset) });
  }

  release(address: string): void {
    this.#pool.release(Number(this.#offset(address)));
  }

  #offset(address: string): bigint {
    return (parseAddress(address)?.value ?? -1n) - this.#cidr.base - 1n;
  }
}

export class PortAllocator {
  readonly #first: number;
  readonly #last: number;
  readonly #pool: Pool;

  constructor(range: { readonly first: number; readonly last: number }, random: Random = Math.random) {
    const size = range.last - range.first + 1;
    this.#first = range.first;
    this.#last = range.last;
    this.#pool = new Pool(size, band(size, { min: 16, max: 128, step: 32 }), random);
  }

  contains(port: number): boolean {
    return port >= this.#first && port <= this.#last;
  }

  take(port: number): void {
    if (!this.contains(port)) {
      throw new AllocationError(
        `provided port is not in the valid range. The range of valid ports is ${String(this.#first)}-${String(this.#last)}`,
      );
    }
    if (!this.#pool.take(port - this.#first)) throw new AllocationError('provided port is already allocated');
  }

  next(): number {
    const offset = this.#pool.next();
    if (offset === undefined) throw new AllocationError('range is full', true);
    return this.#first + offset;
  }

  release(port: number): void {
    this.#pool.release(port - this.#first);
  }
}

function band(size: number, { min, max, step }: { min: number; max: number; step: number }): number {
  return size <= min ? 0 : Math.min(Math.max(Math.floor(size / step), min), max);
}

/** No pool is larger than what a number counts exactly. */
const tame = (size: bigint): number => Number(size > 2n ** 48n ? 2n ** 48n : size);
