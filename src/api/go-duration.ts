/** Go's durations as text: `1h2m3.5s` (time.ParseDuration). */

const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds. Throws an Error in Go's words for what is none. */
export function parseGoDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  let ms = 0;
  let left = rest;
  if (left === '') throw new Error(`time: invalid duration ${quoted}`);
  while (left !== '') {
    const [all, number = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(left) ?? [''];
    if (all === '') throw new Error(`time: invalid duration ${quoted}`);
    if (unit === '') throw new Error(`time: missing unit in duration ${quoted}`);
    const factor = unitMs[unit];
    if (factor === undefined) throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    ms += Number(number) * factor;
    left = left.slice(all.length);
  }
  // int64 of nanoseconds.
  if (ms > 9_223_372_036_854) throw new Error(`time: invalid duration ${quoted}`);
  return sign === '-' ? -ms : ms;
}
