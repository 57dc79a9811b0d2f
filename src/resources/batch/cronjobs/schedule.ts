/** Whether a text is a cron schedule as robfig/cron (standard parser) takes it. */

const descriptors = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const fields: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];

/** What is wrong with it; undefined when nothing is. */
export function scheduleFault(schedule: string): string | undefined {
  const text = schedule.replace(/^(CRON_)?TZ=\S+\s+/, '').trim();
  if (text.startsWith('@every '))
    return /^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text) ? undefined : `failed to parse duration ${text}: invalid duration`;
  if (text.startsWith('@')) return descriptors.has(text) ? undefined : `unrecognized descriptor: ${text}`;
  const parts = text === '' ? [] : text.split(/\s+/);
  if (parts.length !== fields.length) return `expected exactly 5 fields, found ${String(parts.length)}: [${parts.join(' ')}]`;
  for (const [index, part] of parts.entries()) {
    for (const range of part.split(',')) {
      const fault = rangeFault(range, fields[index] ?? { min: 0, max: 0 });
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function rangeFault(range: string, field: Field): string | undefined {
  const [span = '', step, ...rest] = range.split('/');
  if (rest.length > 0) return `too many slashes: ${range}`;
  if (step !== undefined && (!/^\d+$/.test(step) || Number(step) === 0))
    return Number(step) === 0 ? `step of range should be a positive number: ${range}` : numberFault(step);
  if (span === '*' || span === '?') return undefined;
  const [low = '', high, ...more] = span.split('-');
  if (more.length > 0) return `too many hyphens: ${range}`;
  const start = valueOf(low, field);
  if (start === undefined) return numberFault(low);
  const end = high === undefined ? (step === undefined ? start : field.max) : valueOf(high, field);
  if (end === undefined) return numberFault(high ?? '');
  if (start < field.min) return `beginning of range (${String(start)}) below minimum (${String(field.min)}): ${range}`;
  if (end > field.max) return `end of range (${String(end)}) above maximum (${String(field.max)}): ${range}`;
  return start > end ? `beginning of range (${String(start)}) beyond end of range (${String(end)}): ${range}` : undefined;
}

const numberFault = (text: string): string =>
  `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;

function valueOf(text: string, { min, names }: Field): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  return index < 0 ? undefined : index + min;
}
