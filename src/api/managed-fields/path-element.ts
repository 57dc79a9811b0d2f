/**
 * The keys of a field set: `f:NAME` a field, `k:{...}` an element of a list by its keys, `v:VALUE` an element of a set, `i:N` an index.
 * Texts, order and printing as sigs.k8s.io/structured-merge-diff fieldpath/element.go and serialize-pe.go have them.
 */

/** `.`, the mark of membership, comes before everything (serialize.go writes it first). */
const ranks: Readonly<Record<string, number>> = { '.': 0, f: 1, k: 2, v: 3, i: 4 };

export const fieldKey = (name: string): string => `f:${name}`;

/** JSON as Go writes it: with the characters that are special in HTML escaped. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!/[<>&\u2028\u2029]/.test(text)) return text;
  return text.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const isPlainText = (value: unknown): value is string => typeof value === 'string' && /^[\w ./:@-]*$/.test(value);
const valueText = (value: unknown): string => (isPlainText(value) ? `"${value}"` : goJson(value));

export const valueKey = (value: unknown): string => `v:${valueText(value)}`;

/** `fields` in alphabetical order. */
export function elementKey(fields: readonly (readonly [name: string, value: unknown])[]): string {
  let text = '';
  for (const [name, value] of fields) text += `${text === '' ? '' : ','}${valueText(name)}:${valueText(value)}`;
  return `k:{${text}}`;
}

/** Negative, zero or positive: the order in which upstream serialises. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  const left = a.charAt(0);
  if (left !== b.charAt(0)) return (ranks[left] ?? 9) - (ranks[b.charAt(0)] ?? 9);
  if (left === 'f') return a < b ? -1 : 1;
  const quick = compareTexts(a, b);
  if (quick !== undefined) return quick;
  const [x, y] = [parsed(a), parsed(b)];
  return left === 'k' ? compareFields(x, y) : compareValues(x, y);
}

const quote = 0x22;
const backslash = 0x5c;

/** The order of two keys that first differ inside a string, where the shorter one comes first; undefined: they must be parsed. */
function compareTexts(a: string, b: string): number | undefined {
  let isInString = false;
  for (let at = 2; ; at++) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x === backslash || y === backslash) return undefined;
    if (x === y) {
      if (x === quote) isInString = !isInString;
    } else if (!isInString) return undefined;
    else return x === quote ? -1 : y === quote ? 1 : x - y;
  }
}

const parsed = (key: string): unknown => JSON.parse(key.slice(2)) as unknown;

function compareFields(a: unknown, b: unknown): number {
  const [left, right] = [Object.entries(a as object), Object.entries(b as object)] as [[string, unknown][], [string, unknown][]];
  for (let at = 0; ; at++) {
    const [x, y] = [left[at], right[at]];
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1;
    if (x[0] !== y[0]) return x[0] < y[0] ? -1 : 1;
    const order = compareValues(x[1], y[1]);
    if (order !== 0) return order;
  }
}

const kinds: Readonly<Record<string, number>> = { number: 0, string: 1, boolean: 2, list: 3, object: 4, null: 5 };
const kindOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);

/** value.Compare: numbers, then strings, booleans, lists, maps, null. */
function compareValues(a: unknown, b: unknown): number {
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return (kinds[kind] ?? 9) - (kinds[kindOf(b)] ?? 9);
  if (kind === 'object') return compareFields(a, b);
  if (kind === 'list') return compareFields({ ...(a as unknown[]) }, { ...(b as unknown[]) });
  const [left, right] = [a as number, b as number];
  return left === right ? 0 : left < right ? -1 : 1;
}

/** A key as a client may have written it, in the one form we keep; undefined: of a kind nobody knows, left out. Throws for what cannot be read. */
export function readKey(text: string): string | undefined {
  if (text.length < 2) throw new Error('key must be 2 characters long:');
  if (text.charAt(1) !== ':') throw new Error(`missing colon: ${text}`);
  switch (text.charAt(0)) {
    case 'f':
      return text;
    case 'v':
      return valueKey(parsed(text));
    case 'k': {
      const fields = parsed(text);
      if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) throw new Error(`no keys: ${text}`);
      return elementKey(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    case 'i':
      if (!/^[+-]?\d+$/.test(text.slice(2))) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text.slice(2))}: invalid syntax`);
      return `i:${String(Number(text.slice(2)))}`;
    default:
      return undefined;
  }
}

/** A path as conflicts show it: `.spec.containers[name="web"].image`. */
export function pathText(keys: readonly string[]): string {
  return keys.map(keyText).join('');
}

export function keyText(key: string): string {
  switch (key.charAt(0)) {
    case 'f':
      return `.${key.slice(2)}`;
    case 'k':
      return `[${Object.entries(parsed(key) as object)
        .map(([name, value]) => `${name}=${printed(value)}`)
        .join(',')}]`;
    case 'v':
      return `[=${printed(parsed(key))}]`;
    default:
      return `[${key.slice(2)}]`;
  }
}

function printed(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : value === null ? 'null' : `${value as number}`;
}
