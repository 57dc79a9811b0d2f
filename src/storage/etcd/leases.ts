/** Leases for keys with a time to live; neighbours share one (apiserver pkg/storage/etcd3/lease_manager.go). */
import type { Clock } from '../../base/clock.ts';

/** A lease is shared for at most this long and this part of its time, and by so many keys. */
const shareSeconds = 60;
const sharePart = 0.05;
const shareKeys = 1000;

interface Lease {
  readonly id: Promise<bigint>;
  /** Monotonic, ms: from then on a new key would live too short. */
  readonly until: number;
  keys: number;
}

export class Leases {
  readonly #clock: Clock;
  readonly #grant: (seconds: number) => Promise<bigint>;
  readonly #leases = new Map<number, Lease>();

  constructor(clock: Clock, grant: (seconds: number) => Promise<bigint>) {
    this.#clock = clock;
    this.#grant = grant;
  }

  /** A lease that lasts at least `seconds` from now. */
  of(seconds: number): Promise<bigint> {
    const now = this.#clock.monotonic();
    const known = this.#leases.get(seconds);
    if (known !== undefined && now < known.until && known.keys < shareKeys) {
      known.keys++;
      return known.id;
    }
    const extra = Math.min(Math.floor(seconds * sharePart), shareSeconds);
    const lease: Lease = { id: this.#grant(seconds + extra), until: now + extra * 1000, keys: 1 };
    this.#leases.set(seconds, lease);
    lease.id.catch(() => this.forget(seconds));
    return lease.id;
  }

  /** The lease turned out to be gone. */
  forget(seconds: number): void {
    this.#leases.delete(seconds);
  }
}
