/**
 * When a cron schedule comes up next, as robfig/cron v3 has it: at every instant at which the clocks of the schedule's zone
 * show a time that its fields allow. A time that clocks skip does not come up, one that they show twice comes up twice.
 */
import { Cron } from 'croner';
import type { CronField, CronFields, CronSchedule } from '../../api/cron.ts';

export interface Calendar {
  /** The first time after `after` (both ms since the epoch); undefined when there is none in the next five years. */
  next(after: number): number | undefined;
}

/** `zone` is an IANA name; undefined is the machine's own. Throws a RangeError when there is no such zone. */
export function createCalendar(schedule: CronSchedule, zone: string | undefined): Calendar {
  const { every, fields } = schedule;
  if (every !== undefined) return { next: (after) => Math.floor(after / 1000) * 1000 + every };
  if (fields === undefined || Object.values(fields as unknown as Record<string, CronField>).some(({ values }) => values.length === 0)) {
    return { next: () => undefined };
  }
  const nextOnWall = wallTimes(fields);
  const offsetAt = zoneOffsets(schedule.zone ?? zone);
  return {
    next(after) {
      const limit = new Date(after + offsetAt(after)).getUTCFullYear() + 5;
      for (let from = after; ;) {
        const offset = offsetAt(from);
        const wall = nextOnWall(from + offset);
        if (wall === undefined || new Date(wall).getUTCFullYear() > limit) return undefined;
        const change = firstChange(offsetAt, from, wall - offset);
        if (change === undefined) return wall - offset;
        // Clocks change before that: look again from then on, by the new offset.
        from = change - 1;
        const changed = nextOnWall(from + offsetAt(change));
        if (changed !== undefined && changed === change + offsetAt(change)) return change;
        from = change;
      }
    },
  };
}

/** The library evaluates the fields on a clock without zones; it is given plain lists, whose meaning is beyond doubt. */
function wallTimes({ minute, hour, dayOfMonth, month, dayOfWeek }: CronFields): (after: number) => number | undefined {
  const text = ({ values, isStar }: CronField): string => (isStar ? '*' : values.join(','));
  const cron = new Cron([minute, hour, dayOfMonth, month, dayOfWeek].map(text).join(' '), {
    utcOffset: 0,
    paused: true,
    // Two restricted days: either will do. A star one adds nothing, even one like `*,5` that lists days besides.
    domAndDow: dayOfMonth.isStar || dayOfWeek.isStar,
  });
  return (after) => cron.nextRun(new Date(after))?.getTime();
}

const day = 86_400_000;

/** The first instant in (from, to] at which the offset is another than at `from`. No zone changes twice within twenty days. */
function firstChange(offsetAt: (time: number) => number, from: number, to: number): number | undefined {
  const offset = offsetAt(from);
  for (let low = from; low < to;) {
    const high = Math.min(low + 20 * day, to);
    if (offsetAt(high) !== offset) return bisect((time) => offsetAt(time) !== offset, low, high);
    low = high;
  }
  return undefined;
}

/** The first whole second in (low, high] that holds; high holds, low does not. */
function bisect(holds: (time: number) => boolean, low: number, high: number): number {
  let [no, yes] = [Math.floor(low / 1000), Math.ceil(high / 1000)];
  while (yes - no > 1) {
    const middle = Math.floor((no + yes) / 2);
    if (holds(middle * 1000)) yes = middle;
    else no = middle;
  }
  return yes * 1000;
}

/** How far the zone's clocks are ahead of UTC, in ms. */
function zoneOffsets(zone: string | undefined): (time: number) => number {
  if (zone === '' || zone === 'UTC') return () => 0;
  // The machine's own zone needs no Intl, which takes 30 ms to load.
  if (zone === undefined || zone.toLowerCase() === 'local') return (time) => wallClock(new Date(time)) - Math.floor(time / 1000) * 1000;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (time) => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(time / 1000) * 1000;
  };
}

/** What the machine's clocks show, as if it were UTC. */
function wallClock(date: Date): number {
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds());
}

/** RFC 3339 with the zone's offset, as Go writes it. */
export function rfc3339In(time: number, zone: string): string {
  const offset = zoneOffsets(zone)(time);
  const local = new Date(time + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const minutes = Math.abs(offset) / 60_000;
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
