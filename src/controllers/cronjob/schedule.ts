/** Which run of a CronJob is due: pkg/controller/cronjob/utils.go. Pure. */
import type { CronJob } from '../../api/generated/types.ts';
import type { Calendar } from './calendar.ts';

/** Padding against clocks that drift, in ms. */
const slack = 100;

export interface DueRun {
  /** The latest time that has come up and is not done, in ms since the epoch. */
  readonly time: number | undefined;
  /** Where the search began. */
  readonly earliest: number;
  readonly missed: 'none' | 'few' | 'many';
}

/** A schedule that comes up at most once in a lifetime, like the 31st of February. */
export class SenselessSchedule extends Error {
  override readonly name = 'SenselessSchedule';
  constructor() {
    super('time difference between two schedules is less than 1 second');
  }
}

/** The run that is due at `now`; throws {@link SenselessSchedule}. */
export function dueRun(cronJob: CronJob, now: number, calendar: Calendar, withDeadline = true): DueRun {
  const { startingDeadlineSeconds } = cronJob.spec;
  let earliest = Date.parse(cronJob.status.lastScheduleTime ?? cronJob.metadata.creationTimestamp);
  if (withDeadline && startingDeadlineSeconds !== undefined) earliest = Math.max(earliest, now - startingDeadlineSeconds * 1000);
  const first = calendar.next(earliest);
  const second = first === undefined ? undefined : calendar.next(first);
  if (first !== undefined && now < first) return { time: undefined, earliest, missed: 'none' };
  if (first !== undefined && second !== undefined && now < second) return { time: first, earliest, missed: 'none' };
  if (first === undefined || second === undefined || second - first < 500) throw new SenselessSchedule();
  const interval = Math.round((second - first) / 1000) * 1000;
  const count = Math.floor((now - first) / interval) + 1;
  // A little before the last one, were they all as far apart as the first two; from there the calendar tells exactly.
  let time: number | undefined;
  for (let next = calendar.next(first + (count - 2) * interval); next !== undefined && next <= now; next = calendar.next(next)) time = next;
  return { time, earliest, missed: count > 100 ? 'many' : 'few' };
}

/** In how many ms the CronJob has to be looked at again. */
export function untilNextRun(cronJob: CronJob, now: number, calendar: Calendar): number | undefined {
  const next = calendar.next(lastRun(cronJob, now, calendar));
  return next === undefined ? undefined : next + slack - now;
}

function lastRun(cronJob: CronJob, now: number, calendar: Calendar): number {
  try {
    const { time, earliest, missed } = dueRun(cronJob, now, calendar, false);
    return time ?? (missed === 'none' ? earliest : now);
  } catch (error) {
    if (error instanceof SenselessSchedule) return now;
    throw error;
  }
}
