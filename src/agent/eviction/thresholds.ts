/** When a node is short of something: pkg/kubelet/eviction (helpers.go, api/types.go), hard thresholds. */
import { tryParseQuantity } from '../../api/quantity.ts';

export type Signal =
  'memory.available' | 'nodefs.available' | 'nodefs.inodesFree' | 'imagefs.available' | 'imagefs.inodesFree' | 'pid.available';
export type Pressure = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';
export type Starved = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

interface Meaning {
  readonly pressure: Pressure;
  readonly starved: Starved;
}

const meanings: Readonly<Record<Signal, Meaning>> = {
  'memory.available': { pressure: 'MemoryPressure', starved: 'memory' },
  'nodefs.available': { pressure: 'DiskPressure', starved: 'ephemeral-storage' },
  'imagefs.available': { pressure: 'DiskPressure', starved: 'ephemeral-storage' },
  'nodefs.inodesFree': { pressure: 'DiskPressure', starved: 'inodes' },
  'imagefs.inodesFree': { pressure: 'DiskPressure', starved: 'inodes' },
  'pid.available': { pressure: 'PIDPressure', starved: 'pids' },
};

export interface Threshold extends Meaning {
  readonly signal: Signal;
  /** As it was written. */
  readonly text: string;
  /** An amount, or a share of the capacity. */
  readonly amount: number | undefined;
  readonly share: number | undefined;
}

export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = ReadonlyMap<Signal, Observation>;

/** k3s's shares for disks: on a shared machine the kubelet's 10 and 15 % are often used by others. */
export const defaultThresholds =
  'memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<5%,imagefs.inodesFree<5%';

/** `memory.available<100Mi,nodefs.available<10%`; '' for none. Throws an Error that says what is wrong. */
export function parseThresholds(text: string): Threshold[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseThreshold);
}

function parseThreshold(part: string): Threshold {
  const [name = '', value = ''] = part.split('<').map((side) => side.trim());
  if (!Object.hasOwn(meanings, name))
    throw new Error(`unknown eviction signal ${JSON.stringify(name)}, known are ${Object.keys(meanings).join(', ')}`);
  const signal = name as Signal;
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(value)?.[1];
  const amount = percent === undefined ? tryParseQuantity(value)?.value() : undefined;
  const share = percent === undefined ? undefined : Number(percent) / 100;
  if ((amount ?? share) === undefined || (amount ?? share ?? 0) < 0 || (share ?? 0) > 1)
    throw new Error(`eviction threshold ${JSON.stringify(part)} is not of the form SIGNAL<QUANTITY or SIGNAL<PERCENT%`);
  return { signal, text: value, amount, share, ...meanings[signal] };
}

/** The amount below which the threshold is met. */
export function limitOf({ amount, share }: Threshold, capacity: number): number {
  return amount ?? (share ?? 0) * capacity;
}

/** Memory before all else, as it is the most urgent. */
export function thresholdsMet(thresholds: readonly Threshold[], observations: Observations): Threshold[] {
  const met = thresholds.filter((threshold) => {
    const seen = observations.get(threshold.signal);
    return seen !== undefined && seen.available < limitOf(threshold, seen.capacity);
  });
  return met.sort((a, b) => Number(b.starved === 'memory') - Number(a.starved === 'memory'));
}

/** A condition stays for so long after it was last true, in ms (evictionPressureTransitionPeriod). */
export const transitionMs = 5 * 60_000;

/** Remembers when a pressure was last seen. */
export class Pressures {
  readonly #seen = new Map<Pressure, number>();

  /** `now` in ms of a clock that never goes back. Tells whether the set of pressures is another than before. */
  observe(met: readonly Threshold[], now: number): boolean {
    const before = this.current(now).join();
    const was = new Set(this.#seen.keys());
    for (const { pressure } of met) this.#seen.set(pressure, now);
    for (const [pressure, at] of this.#seen) if (now - at >= transitionMs) this.#seen.delete(pressure);
    return before !== this.current(now).join() || [...was].some((pressure) => !this.#seen.has(pressure));
  }

  current(now: number): Pressure[] {
    return [...this.#seen]
      .filter(([, at]) => now - at < transitionMs)
      .map(([pressure]) => pressure)
      .sort();
  }
}
