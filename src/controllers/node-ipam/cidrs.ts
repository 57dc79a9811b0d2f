/** Hands out node-sized pieces of a cluster CIDR: nodeipam/ipam/cidrset. Pure but for its memory. */
import type { Cidr } from '../../api/ip.ts';
import { cidrContains, formatAddress, parseCidr } from '../../api/ip.ts';

export class CidrPool {
  readonly #cluster: Cidr;
  readonly #nodeBits: number;
  readonly #used = new Set<bigint>();
  #next = 0n;

  /** Throws when the text is no CIDR or has no room for one node. IPv4 nodes get /24, IPv6 nodes /64. */
  constructor(text: string) {
    const cluster = parseCidr(text);
    if (cluster === undefined) throw new Error(`${text} is no CIDR`);
    this.#cluster = cluster;
    this.#nodeBits = cluster.address.family === 4 ? 24 : 64;
    if (cluster.bits > this.#nodeBits) throw new Error(`${text} is smaller than a node's /${String(this.#nodeBits)}`);
  }

  /** Takes the next free piece; undefined when all are taken. */
  allocate(): string | undefined {
    const count = 1n << BigInt(this.#nodeBits - this.#cluster.bits);
    if (BigInt(this.#used.size) >= count) return undefined;
    while (this.#used.has(this.#next)) this.#next = (this.#next + 1n) % count;
    const at = this.#next;
    this.#used.add(at);
    this.#next = (at + 1n) % count;
    return `${formatAddress({ family: this.#cluster.address.family, value: this.#cluster.base + (at << this.#hostBits) })}/${String(this.#nodeBits)}`;
  }

  /** Marks a piece that a node has already; one from elsewhere is ignored. */
  occupy(text: string): void {
    const at = this.#indexOf(text);
    if (at !== undefined) this.#used.add(at);
  }

  release(text: string): void {
    const at = this.#indexOf(text);
    if (at !== undefined) this.#used.delete(at);
  }

  get #hostBits(): bigint {
    return BigInt((this.#cluster.address.family === 4 ? 32 : 128) - this.#nodeBits);
  }

  #indexOf(text: string): bigint | undefined {
    const cidr = parseCidr(text);
    if (cidr === undefined || !cidrContains(this.#cluster, cidr.address)) return undefined;
    return (cidr.base - this.#cluster.base) >> this.#hostBits;
  }
}
