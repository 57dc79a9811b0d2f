/** Seats of the priority levels: from shares to numbers, and how they are lent (apiserver pkg/util/flowcontrol/apf_controller.go). */
import type * as t from '../../api/generated/types.ts';
import { allocate } from './allocation.ts';
import type { DemandSummary } from './seat-demand.ts';

type Spec = t.PriorityLevelConfiguration['spec'];

/** Seats a level is meant to have, has at least, and has at most. */
export interface Limits {
  readonly nominal: number;
  readonly min: number;
  readonly max: number;
}

export function sharesOf(spec: Spec): number {
  return (spec.limited ?? spec.exempt)?.nominalConcurrencyShares ?? 0;
}

/** `total`: the server's seats; `shareSum`: of all levels. Rounded up, so that the sum may be a little more than the total. */
export function limitsOf(spec: Spec, total: number, shareSum: number): Limits {
  const nominal = Math.ceil((total * sharesOf(spec)) / shareSum);
  const lendable = Math.round((nominal * ((spec.limited ?? spec.exempt)?.lendablePercent ?? 0)) / 100);
  const percent = spec.limited?.borrowingLimitPercent;
  const borrowing = percent === undefined ? total : Math.round((nominal * percent) / 100);
  return { nominal, min: nominal - lendable, max: nominal + borrowing };
}

/** The widest request of a level; upstream's rule keeps one request from taking a whole small level. */
export function maxSeatsOf(spec: Spec, nominal: number): number {
  const queuing = spec.limited?.limitResponse?.queuing;
  if (queuing === undefined) return Infinity;
  return Math.max(1, Math.min(Math.ceil(nominal * 0.15), Math.floor(nominal / (queuing.handSize ?? 1))));
}

/** A level as it takes part in sharing out. */
export interface Borrower {
  readonly exempt: boolean;
  readonly limits: Limits;
  readonly demand: DemandSummary;
}

export interface Shared {
  /** Seats each has from now on, in the order given. */
  readonly current: readonly number[];
  readonly targets: readonly number[];
  readonly fairFraction: number;
}

/** Undefined: the bounds contradict each other; everything stays. */
export function shareOut(levels: readonly Borrower[]): Shared | undefined {
  const floor = ({ exempt, limits, demand }: Borrower): number =>
    Math.max(limits.min, exempt ? demand.highWatermark : Math.min(limits.nominal, demand.highWatermark));
  const sum = (of: (level: Borrower) => number, which: readonly Borrower[] = levels): number =>
    which.reduce((all, level) => all + of(level), 0);
  const bounded = levels.filter(({ exempt }) => !exempt);
  const nominalSum = sum(({ limits }) => limits.nominal);
  const remaining =
    nominalSum -
    sum(
      floor,
      levels.filter(({ exempt }) => exempt),
    );
  const minSum = sum(({ limits }) => limits.min, bounded);
  const floorSum = sum(floor, bounded);
  const targets = levels.map((level) => Math.max(floor(level), level.demand.smoothed));
  const result = (of: (level: Borrower) => number, fairFraction = 0): Shared => ({
    current: levels.map((level) => (level.exempt ? floor(level) : of(level))),
    targets,
    fairFraction,
  });
  if (remaining <= minSum) return result(({ limits }) => limits.min);
  if (remaining <= floorSum) {
    const fraction = (remaining - minSum) / (floorSum - minSum);
    return result((level) => level.limits.min + Math.round((floor(level) - level.limits.min) * fraction));
  }
  const claims = bounded.map((level) => ({
    target: Math.max(floor(level), level.demand.smoothed),
    lower: floor(level),
    upper: level.limits.max,
  }));
  const allocation = allocate(nominalSum, claims);
  if (allocation === undefined) return undefined;
  return result((level) => Math.round(allocation.shares[bounded.indexOf(level)] ?? 0), allocation.fraction);
}
