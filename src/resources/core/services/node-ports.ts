/**
 * The pool a Service takes its node ports from. Ports that nobody asked for come from the upper part of the range as long as there
 * are any, so that those picked by hand from the lower part seldom collide. pkg/registry/core/service/portallocator.
 */
import { AllocationError } from './allocation-error.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export const defaultNodePorts: PortRange = { first: 30_000, last: 32_767 };

/** Where it is kept which ports are taken; offsets are from the range's first port. */
export interface PortBits {
  /** Brings what is known up to date and hands it to `change`, whose changes are then kept; so again when somebody else was faster. */
  update<T>(change: (used: Set<number>) => T): Promise<T>;
}

/** Of a server that is alone. */
class OwnPortBits implements PortBits {
  readonly #used = new Set<number>();

  update<T>(change: (used: Set<number>) => T): Promise<T> {
    return Promise.resolve(change(this.#used));
  }
}

export class PortAllocator {
  readonly #range: PortRange;
  readonly #bits: PortBits;
  readonly #random: () => number;

  constructor(range: PortRange, bits: PortBits = new OwnPortBits(), random: () => number = Math.random) {
    this.#range = range;
    this.#bits = bits;
    this.#random = random;
  }

  async take(port: number): Promise<void> {
    const { first, last } = this.#range;
    if (port < first || port > last) {
      throw new AllocationError(`provided port is not in the valid range. The range of valid ports is ${String(first)}-${String(last)}`);
    }
    const isFree = await this.#bits.update((used) => !used.has(port - first) && used.add(port - first).has(port - first));
    if (!isFree) throw new AllocationError('provided port is already allocated');
  }

  async next(): Promise<number> {
    const size = this.#range.last - this.#range.first + 1;
    const band = staticBand(size);
    const offset = await this.#bits.update((used) => this.#scan(used, band, size) ?? this.#scan(used, 0, band));
    if (offset === undefined) throw new AllocationError('range is full', true);
    return this.#range.first + offset;
  }

  /**
   * Takes what Services have, and frees what nobody has had since the last time: `leaked` is that time's answer. A server that dies
   * between taking a port and storing its Service leaves one.
   */
  reconcile(inUse: readonly number[], leaked: ReadonlySet<number> = new Set()): Promise<ReadonlySet<number>> {
    const { first, last } = this.#range;
    const offsets = new Set(inUse.filter((port) => port >= first && port <= last).map((port) => port - first));
    return this.#bits.update((used) => {
      const without = new Set<number>();
      for (const offset of used) {
        if (offsets.has(offset)) continue;
        if (leaked.has(offset)) used.delete(offset);
        else without.add(offset);
      }
      for (const offset of offsets) used.add(offset);
      return without;
    });
  }

  has(port: number): Promise<boolean> {
    return this.#bits.update((used) => used.has(port - this.#range.first));
  }

  async release(ports: readonly number[]): Promise<void> {
    if (ports.length === 0) return;
    await this.#bits.update((used) => ports.forEach((port) => used.delete(port - this.#range.first)));
  }

  #scan(used: Set<number>, from: number, to: number): number | undefined {
    const count = to - from;
    const start = Math.floor(this.#random() * count);
    for (let step = 0; step < count; step += 1) {
      const offset = from + ((start + step) % count);
      if (used.has(offset)) continue;
      used.add(offset);
      return offset;
    }
    return undefined;
  }
}

const staticBand = (size: number): number => (size <= 16 ? 0 : Math.min(Math.max(Math.floor(size / 32), 16), 128));

/** The ports one write takes and gives back. A dry run looks only whether a port that was asked for is free. */
export class PortOperation {
  readonly #pool: PortAllocator;
  readonly #dryRun: boolean;
  readonly #taken: number[] = [];
  readonly #later: number[] = [];

  constructor(pool: PortAllocator, dryRun: boolean) {
    this.#pool = pool;
    this.#dryRun = dryRun;
  }

  async take(port: number): Promise<void> {
    if (!this.#dryRun) await this.#pool.take(port);
    else if (this.#taken.includes(port) || (await this.#pool.has(port))) throw new AllocationError('provided port is already allocated');
    this.#taken.push(port);
  }

  /** Of a dry run the made up numbers of upstream, beyond the range. */
  async next(): Promise<number> {
    const port = this.#dryRun ? (this.#taken.length === 0 ? 32_768 : Math.max(0, ...this.#taken)) + 1 : await this.#pool.next();
    this.#taken.push(port);
    return port;
  }

  /** When the write is done. */
  releaseLater(ports: readonly number[]): void {
    this.#later.push(...ports);
  }

  commit(): Promise<void> {
    return this.#dryRun ? Promise.resolve() : this.#pool.release(this.#later);
  }

  rollback(): Promise<void> {
    return this.#dryRun ? Promise.resolve() : this.#pool.release(this.#taken);
  }
}
