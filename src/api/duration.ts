/**
 * A span of time in the few words that kubectl's tables use: `5s`, `3m20s`, `2d4h`.
 * The steps are those of apimachinery pkg/util/duration (HumanDuration).
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 60 * 2) return `${String(seconds)}s`;
  const minutes = Math.trunc(ms / 60_000);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 60 * 3) return `${String(minutes)}m`;
  const hours = Math.trunc(ms / 3_600_000);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${String(hours)}h`;
  if (hours < 24 * 8) return two(Math.trunc(hours / 24), 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${String(Math.trunc(hours / 24))}d`;
  if (hours < 24 * 365 * 8) return two(Math.trunc(hours / 24 / 365), 'y', Math.trunc(hours / 24) % 365, 'd');
  return `${String(Math.trunc(hours / 24 / 365))}y`;
}

function two(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${String(big)}${bigUnit}` : `${String(big)}${bigUnit}${String(small)}${smallUnit}`;
}

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as Go writes it (`1h30m`, `1.5s`, `-2m`) in ms; throws an Error with the words of Go's time.ParseDuration. */
export function parseGoDuration(text: string): number {
  const bad = (why: string): Error => new Error(`time: ${why} ${JSON.stringify(text)}`);
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === '') throw bad('invalid duration');
  let ms = 0;
  for (let rest = body === '0' ? '' : body; rest !== '';) {
    const [all, number = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest) ?? [];
    if (all === undefined) throw bad('invalid duration');
    if (unit === '') throw bad('missing unit in duration');
    const factor = units[unit];
    if (factor === undefined) throw bad(`unknown unit "${unit}" in duration`);
    ms += Number(number) * factor;
    rest = rest.slice(all.length);
  }
  return text.startsWith('-') ? -ms : ms;
}
