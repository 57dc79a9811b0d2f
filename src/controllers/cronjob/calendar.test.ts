import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CronError, parseCron } from '../../api/cron.ts';
import { createCalendar, rfc3339In } from './calendar.ts';

/** Schedule, zone, start, and what robfig/cron 3.0.1 (Go 1.26) says: the next times, or why it refuses. */
type Fact = readonly [schedule: string, zone: string, from: string, answer: readonly string[] | string];
const facts = JSON.parse(readFileSync(new URL('./testing/robfig.json', import.meta.url), 'utf8')) as Fact[];

function answerTo([schedule, zone, from, wanted]: Fact): readonly string[] | string {
  try {
    const calendar = createCalendar(parseCron(schedule), zone === '' ? 'UTC' : zone);
    const times: string[] = [];
    for (let time: number | undefined = Date.parse(from); times.length < wanted.length;) {
      time = calendar.next(time);
      times.push(time === undefined ? 'never' : new Date(time).toISOString().replace('.000', ''));
      if (time === undefined) break;
    }
    return times;
  } catch (error) {
    if (error instanceof CronError) return error.message;
    throw error;
  }
}

describe('cron schedules', () => {
  test('come up when robfig/cron says so, and are refused with its words', () => {
    for (const fact of facts) expect([fact, answerTo(fact)]).toEqual([fact, fact[3]]);
  });

  test('a time that clocks skip does not come up; one that they show twice comes up twice', () => {
    const berlin = createCalendar(parseCron('30 2 * * *'), 'Europe/Berlin');
    const spring = berlin.next(Date.parse('2026-03-28T12:00:00Z')) ?? 0;
    expect(rfc3339In(spring, 'Europe/Berlin')).toBe('2026-03-30T02:30:00+02:00');
    const first = berlin.next(Date.parse('2026-10-24T12:00:00Z')) ?? 0;
    expect(rfc3339In(first, 'Europe/Berlin')).toBe('2026-10-25T02:30:00+02:00');
    expect(rfc3339In(berlin.next(first) ?? 0, 'Europe/Berlin')).toBe('2026-10-25T02:30:00+01:00');
  });

  test('a zone in the schedule itself goes first', () => {
    const calendar = createCalendar(parseCron('TZ=Asia/Kathmandu 0 0 * * *'), 'UTC');
    expect(new Date(calendar.next(Date.UTC(2026, 0, 1)) ?? 0).toISOString()).toBe('2026-01-01T18:15:00.000Z');
  });

  test('an unknown zone is a RangeError', () => {
    expect(() => createCalendar(parseCron('* * * * *'), 'Mars/Base')).toThrow(RangeError);
  });
});

test('without a zone the clocks of this machine count', () => {
  const next = createCalendar(parseCron('30 12 * * *'), undefined).next(Date.UTC(2026, 6, 1)) ?? 0;
  const seen = new Date(next);
  expect([seen.getHours(), seen.getMinutes()]).toEqual([12, 30]);
  expect(next - Date.UTC(2026, 6, 1)).toBeLessThanOrEqual(86_400_000);
});
