/** When a node is short of something: pkg/kubelet/eviction (helpers.go, api/types.go). */
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

interface Amount {
  /** As it was written. */
  readonly text: string;
  /** An amount, or a share of the capacity. */
  readonly amount: number | undefined;
  readonly share: number | undefined;
}

export interface Threshold extends Meaning, Amount {
  readonly signal: Signal;
  /** A soft one has to be met for so long before a pod goes; 0 for hard ones. */
  readonly graceMs: number;
  /** Once met it stays met until there is so much more. */
  readonly reclaim?: Amount;
}

/** evictionSoft and what goes with it, by signal, as a KubeletConfiguration says it; the soft thresholds in the form of {@link parseThresholds}. */
export interface EvictionTuning {
  readonly soft: string;
  readonly softGraceMs: Readonly<Record<string, number>>;
  readonly minimumReclaim: Readonly<Record<string, string>>;
  /** Pods that go for a soft threshold have at most so long to end. */
  readonly maxPodGraceMs: number;
  readonly transitionMs: number;
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

/** Hard and soft thresholds together. Throws an Error that says what is wrong. */
export function allThresholds(hard: string, { soft, softGraceMs, minimumReclaim }: EvictionTuning = noTuning): Threshold[] {
  const waiting = parseThresholds(soft).map((threshold) => {
    const graceMs = softGraceMs[threshold.signal];
    if (graceMs === undefined) throw new Error(`grace period must be specified for the soft eviction threshold ${threshold.signal}`);
    return { ...threshold, graceMs };
  });
  for (const name of [...Object.keys(softGraceMs), ...Object.keys(minimumReclaim)]) signalOf(name);
  return [...parseThresholds(hard), ...waiting].map((threshold) => {
    const reclaim = minimumReclaim[threshold.signal];
    return reclaim === undefined ? threshold : { ...threshold, reclaim: parseAmount(reclaim, reclaim) };
  });
}

function signalOf(name: string): Signal {
  if (Object.hasOwn(meanings, name)) return name as Signal;
  throw new Error(`unknown eviction signal ${JSON.stringify(name)}, known are ${Object.keys(meanings).join(', ')}`);
}

function parseThreshold(part: string): Threshold {
  const [name = '', value = ''] = part.split('<').map((side) => side.trim());
  const signal = signalOf(name);
  return { signal, graceMs: 0, ...parseAmount(value, part), ...meanings[signal] };
}

function parseAmount(text: string, whole: string): Amount {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  const amount = percent === undefined ? tryParseQuantity(text)?.value() : undefined;
  const share = percent === undefined ? undefined : Number(percent) / 100;
  if ((amount ?? share) === undefined || (amount ?? share ?? 0) < 0 || (share ?? 0) > 1)
    throw new Error(`eviction threshold ${JSON.stringify(whole)} is not of the form SIGNAL<QUANTITY or SIGNAL<PERCENT%`);
  return { text, amount, share };
}

/** The amount below which the threshold is met. */
export function limitOf({ amount, share }: Amount, capacity: number): number {
  return amount ?? (share ?? 0) * capacity;
}

/** Memory before all else, as it is the most urgent. `withReclaim`: what has to be freed on top counts too. */
export function thresholdsMet(thresholds: readonly Threshold[], observations: Observations, withReclaim = false): Threshold[] {
  const met = thresholds.filter((threshold) => {
    const seen = observations.get(threshold.signal);
    if (seen === undefined) return false;
    const { reclaim } = threshold;
    const more = withReclaim && reclaim !== undefined ? limitOf(reclaim, seen.capacity) : 0;
    return seen.available < limitOf(threshold, seen.capacity) + more;
  });
  return met.sort((a, b) => Number(b.starved === 'memory') - Number(a.starved === 'memory'));
}

/** Since when each threshold has been met, and which of them pods have to go for. */
export class ThresholdWatch {
  readonly #thresholds: readonly Threshold[];
  readonly #since = new Map<Threshold, number>();
  #due: readonly Threshold[] = [];

  constructor(thresholds: readonly Threshold[]) {
    this.#thresholds = thresholds;
  }

  /** `met`: what the node suffers from; `due`: what has been met long enough, the most urgent first. `now` as for {@link Pressures}. */
  observe(observations: Observations, now: number): { readonly met: readonly Threshold[]; readonly due: readonly Threshold[] } {
    const unresolved = new Set(thresholdsMet(this.#due, observations, true));
    const below = new Set(thresholdsMet(this.#thresholds, observations));
    const met = this.#thresholds.filter((threshold) => below.has(threshold) || unresolved.has(threshold));
    for (const threshold of this.#thresholds) {
      if (!met.includes(threshold)) this.#since.delete(threshold);
      else if (!this.#since.has(threshold)) this.#since.set(threshold, now);
    }
    this.#due = met
      .filter((threshold) => now - (this.#since.get(threshold) ?? now) >= threshold.graceMs)
      .sort((a, b) => Number(b.starved === 'memory') - Number(a.starved === 'memory'));
    return { met, due: this.#due };
  }
}

/** A condition stays for so long after it was last true, in ms (evictionPressureTransitionPeriod). */
export const transitionMs = 5 * 60_000;

/** Nothing soft. */
export const noTuning: EvictionTuning = { soft: '', softGraceMs: {}, minimumReclaim: {}, maxPodGraceMs: 0, transitionMs };

/** Remembers when a pressure was last seen. */
export class Pressures {
  readonly #seen = new Map<Pressure, number>();
  readonly #keepMs: number;

  constructor(keepMs = transitionMs) {
    this.#keepMs = keepMs;
  }

  /** `now` in ms of a clock that never goes back. Tells whether the set of pressures is another than before. */
  observe(met: readonly Threshold[], now: number): boolean {
    const before = this.current(now).join();
    const was = new Set(this.#seen.keys());
    for (const { pressure } of met) this.#seen.set(pressure, now);
    for (const [pressure, at] of this.#seen) if (now - at >= this.#keepMs) this.#seen.delete(pressure);
    return before !== this.current(now).join() || [...was].some((pressure) => !this.#seen.has(pressure));
  }

  current(now: number): Pressure[] {
    return [...this.#seen]
      .filter(([, at]) => now - at < this.#keepMs)
      .map(([pressure]) => pressure)
      .sort();
  }
}
