/**
 * The grammar of cron schedules as robfig/cron v3's standard parser takes it: five fields, descriptors (`@daily`),
 * `@every DURATION`, and a leading `TZ=ZONE` or `CRON_TZ=ZONE`. When a schedule next comes up is not told here.
 */

import { parseGoDuration } from './duration.ts';

/** The values a field allows. */
export interface CronField {
  /** Ascending. */
  readonly values: readonly number[];
  /** Written as `*` (or `?`, or `*` with step 1): decides how day of month and day of week go together. */
  readonly isStar: boolean;
}

export interface CronFields {
  readonly minute: CronField;
  readonly hour: CronField;
  readonly dayOfMonth: CronField;
  /** 1 is January. */
  readonly month: CronField;
  /** 0 is Sunday. */
  readonly dayOfWeek: CronField;
}

export interface CronSchedule {
  /** From a `TZ=` prefix. */
  readonly zone?: string;
  /** For `@every`: the interval in ms, at least a second and in whole seconds. */
  readonly every?: number;
  readonly fields?: CronFields;
}

/** A schedule that cannot be read; the message is robfig/cron's. */
export class CronError extends Error {
  override readonly name = 'CronError';
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const bounds: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];
const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Throws a {@link CronError}. The zone is not looked at. */
export function parseCron(text: string): CronSchedule {
  if (text === '') throw new CronError('empty spec string');
  const [, zone] = /^(?:CRON_)?TZ=(\S*)(?:\s|$)/.exec(text) ?? [];
  if (zone === undefined) return parseBody(text);
  return { zone, ...parseBody(text.slice(text.indexOf(zone, 3) + zone.length).trim()) };
}

function parseBody(text: string): CronSchedule {
  if (text.startsWith('@every ')) return { every: intervalMs(text) };
  if (text.startsWith('@')) {
    const fields = descriptors[text];
    if (fields === undefined) throw new CronError(`unrecognized descriptor: ${text}`);
    return parseBody(fields);
  }
  const parts = text.trim() === '' ? [] : text.trim().split(/\s+/);
  if (parts.length !== bounds.length) {
    throw new CronError(`expected exactly 5 fields, found ${String(parts.length)}: [${parts.join(' ')}]`);
  }
  const [minute, hour, dayOfMonth, month, dayOfWeek] = bounds.map((bound, at) => parseField(parts[at] ?? '', bound)) as [
    CronField,
    CronField,
    CronField,
    CronField,
    CronField,
  ];
  return { fields: { minute, hour, dayOfMonth, month, dayOfWeek } };
}

function intervalMs(text: string): number {
  try {
    return Math.max(1, Math.floor(parseGoDuration(text.slice('@every '.length)) / 1000)) * 1000;
  } catch (error) {
    throw new CronError(`failed to parse duration ${text}: ${error instanceof Error ? error.message : ''}`, { cause: error });
  }
}

function parseField(text: string, bound: Bounds): CronField {
  const values = new Set<number>();
  let isStar = false;
  for (const range of text.split(',').filter((part) => part !== '')) {
    const { start, end, step, star } = parseRange(range, bound);
    for (let value = start; value <= end; value += step) values.add(value);
    isStar ||= star;
  }
  return { values: [...values].sort((a, b) => a - b), isStar };
}

function parseRange(range: string, bound: Bounds): { start: number; end: number; step: number; star: boolean } {
  const [span = '', stepText, ...tooMany] = range.split('/');
  const [low = '', high, ...more] = span.split('-');
  const any = low === '*' || low === '?';
  const start = any ? bound.min : valueOf(low, bound);
  if (!any && more.length > 0) throw new CronError(`too many hyphens: ${range}`);
  let end = any ? bound.max : high === undefined ? start : valueOf(high, bound);
  const step = stepText === undefined || tooMany.length > 0 ? 1 : numberOf(stepText);
  // `5/10` means from 5 on.
  if (stepText !== undefined && high === undefined) end = bound.max;
  if (tooMany.length > 0) throw new CronError(`too many slashes: ${range}`);
  if (start < bound.min) throw new CronError(`beginning of range (${String(start)}) below minimum (${String(bound.min)}): ${range}`);
  if (end > bound.max) throw new CronError(`end of range (${String(end)}) above maximum (${String(bound.max)}): ${range}`);
  if (start > end) throw new CronError(`beginning of range (${String(start)}) beyond end of range (${String(end)}): ${range}`);
  if (step === 0) throw new CronError(`step of range should be a positive number: ${range}`);
  return { start, end, step, star: any && step === 1 };
}

function valueOf(text: string, { min, names }: Bounds): number {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  return index < 0 ? numberOf(text) : index + min;
}

function numberOf(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new CronError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  if (Number(text) < 0) throw new CronError(`negative number (${String(Number(text))}) not allowed: ${text}`);
  return Number(text);
}
