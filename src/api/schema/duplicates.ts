/** Repeated keys in JSON text, which JSON.parse drops silently. The text must be valid JSON. */

/** The number of keys in a JSON text, repeated ones counted each time: its colons outside strings. */
export function keyCount(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 58) count += 1;
    else if (code === 34) at = stringEnd(text, at);
  }
  return count;
}

/** The number of keys in a parsed JSON value, at all depths. */
export function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + keysOf(item), 0);
  let sum = 0;
  for (const item of Object.values(value)) sum += 1 + keysOf(item);
  return sum;
}

/** The index of the quote that closes the string opened at `start`. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 92) slashes += 1;
    if (slashes % 2 === 0 || end === -1) return end === -1 ? text.length : end;
    end = text.indexOf('"', end + 1);
  }
}

interface Level {
  /** undefined for arrays. */
  readonly seen: Set<string> | undefined;
  readonly path: string;
  index: number;
  key: string;
}

/**
 * Faults in the order of the text, each once: a repeated key where it comes again, an unknown field (`unknown` has their paths,
 * `spec.containers[0].nme`) where it first is.
 */
export function faultsInOrder(text: string, unknown: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  walkKeys(text, (path, repeated) => {
    if (repeated) found.add(`duplicate field "${path}"`);
    else if (unknown.has(path)) found.add(`unknown field "${path}"`);
  });
  return [...found];
}

/** The paths of all keys that an object repeats, in the order of the text, each once. */
export function duplicateFields(text: string): string[] {
  const found = new Set<string>();
  walkKeys(text, (path, repeated) => {
    if (repeated) found.add(path);
  });
  return [...found];
}

function walkKeys(text: string, visit: (path: string, repeated: boolean) => void): void {
  const stack: Level[] = [];
  const here = (): string => {
    const level = stack.at(-1);
    if (level === undefined) return '';
    if (level.seen === undefined) return `${level.path}[${level.index}]`;
    return level.path === '' ? level.key : `${level.path}.${level.key}`;
  };
  let last = '';
  for (let at = 0; at < text.length; at += 1) {
    const level = stack.at(-1);
    switch (text[at]) {
      case '"': {
        const end = stringEnd(text, at);
        last = text.slice(at, end + 1);
        at = end;
        break;
      }
      case ':':
        if (level?.seen === undefined) break;
        level.key = JSON.parse(last) as string;
        visit(here(), level.seen.has(level.key));
        level.seen.add(level.key);
        break;
      case '{':
      case '[':
        stack.push({ seen: text[at] === '{' ? new Set() : undefined, path: here(), index: 0, key: '' });
        break;
      case '}':
      case ']':
        stack.pop();
        break;
      case ',':
        if (level !== undefined) level.index += 1;
        break;
      default:
    }
  }
}
