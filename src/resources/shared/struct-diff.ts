/**
 * What differs between two values, a line a field, in the manner of the diff that upstream appends to a refused pod update
 * (go-cmp's; nobody reads it but people).
 */
export function structDiff(old: unknown, now: unknown): string {
  const lines: string[] = [];
  compare(old, now, { at: '', lines });
  return `${lines.join('\n')}\n`;
}

function compare(old: unknown, now: unknown, { at, lines }: { at: string; lines: string[] }): void {
  if (JSON.stringify(old) === JSON.stringify(now)) return;
  if (isObject(old) && isObject(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)]))
      compare(old[key], now[key], { at: at === '' ? key : `${at}.${key}`, lines });
    return;
  }
  if (Array.isArray(old) && Array.isArray(now)) {
    for (let index = 0; index < Math.max(old.length, now.length); index += 1) {
      compare((old as unknown[])[index], (now as unknown[])[index], { at: `${at}[${String(index)}]`, lines });
    }
    return;
  }
  if (old !== undefined) lines.push(`- \t${at}: ${JSON.stringify(old)},`);
  if (now !== undefined) lines.push(`+ \t${at}: ${JSON.stringify(now)},`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
