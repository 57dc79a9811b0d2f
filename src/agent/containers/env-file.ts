/** Files of variables that containers of a pod leave for each other; pure (kubelet/util/env, ParseEnv). */

/** How far the reading of a file has come. */
interface Lines {
  readonly all: readonly string[];
  at: number;
}

/**
 * The value of `key`: lines are `NAME='value'`, where the value may go on over lines; '' when it is not there. Throws for lines
 * before it that are no such thing.
 */
export function envFileValue(text: string, key: string): string {
  const lines: Lines = {
    all: text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => line.replace(/\r$/, '')),
    at: 0,
  };
  while (lines.at < lines.all.length) {
    const line = (lines.all[lines.at] ?? '').replace(/^[ \t]+/, '');
    lines.at += 1;
    if (line === '' || line.startsWith('#')) continue;
    const { name, value } = variable(line, lines);
    if (name === key) return value;
  }
  return '';
}

function variable(line: string, lines: Lines): { readonly name: string; readonly value: string } {
  const number = lines.at;
  const fault = (what: string): Error => new Error(`invalid environment variable format at line ${number}: ${what}`);
  const equals = line.indexOf('=');
  if (equals < 0) throw fault("missing '='");
  const name = line.slice(0, equals);
  if (name.trimEnd() === '') throw fault('empty variable name');
  if (name !== name.replace(/[ \t]+$/, '')) throw fault("whitespace before '=' is not allowed");
  const rest = line.slice(equals + 1);
  // As in a shell: nothing is assigned.
  if (/^[ \t]/.test(rest)) return { name, value: '' };
  if (!rest.startsWith("'")) throw fault('value must be enclosed in single quotes');
  return { name, value: quoted(rest.slice(1), lines, number) };
}

function quoted(first: string, lines: Lines, start: number): string {
  let value = '';
  for (let rest = first; ;) {
    const end = rest.indexOf("'");
    if (end >= 0) {
      const after = rest.slice(end + 1).replace(/^[ \t]+/, '');
      if (after !== '' && !after.startsWith('#'))
        throw new Error(`invalid environment variable format at line ${lines.at}: unexpected content after closing quote`);
      return value + rest.slice(0, end);
    }
    value += `${rest}\n`;
    const next = lines.all[lines.at];
    if (next === undefined) throw new Error(`invalid environment variable format starting at line ${start}: unclosed single quote`);
    lines.at += 1;
    rest = next;
  }
}
