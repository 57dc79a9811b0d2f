/**
 * A request body's JSON as a value of its kind: unknown fields dropped and reported, nulls and empty values as Go keeps them, type mismatches in
 * the words of Go's decoder (sigs.k8s.io/json). Parsing is JSON.parse; only bodies that repeat a key or fail to parse are looked at twice.
 */
import { jsonSyntaxFault } from '../go-json-syntax.ts';
import { faultsInOrder, keyCount, keysOf } from './duplicates.ts';
import { markEmpty } from './said-empty.ts';
import type { Field, Schema } from './schema.ts';

/** The fieldValidation query parameter. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface Decoded {
  /** undefined when `error` is set. */
  readonly value: Record<string, unknown> | undefined;
  /**
   * What Go's decoder says, without the frame "KIND in version V cannot be handled as a KIND: ", which the caller adds. Strict faults are
   * already one `strict decoding error: ...`.
   */
  readonly error: string | undefined;
  /** Warn mode: one text a Warning header. */
  readonly warnings: readonly string[];
}

const maxStrictFaults = 100;

interface Walk {
  keys: number;
  fault: string | undefined;
  readonly unknown: string[];
  /** The struct whose field is being read and the names on the way, for error texts. */
  struct: string;
  readonly names: string[];
  /** The path with indexes, for unknown fields. */
  readonly path: string[];
}

/** Decodes a parsed or textual JSON body. `schema` is that of the body's kind. */
export function decodeJson(body: string | Buffer, schema: Schema, mode: FieldValidation): Decoded {
  const text = typeof body === 'string' ? body : body.toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return failed(syntaxError(text));
  }
  return decodeValue(parsed, schema, { mode, text });
}

export interface DecodeValueOptions {
  readonly mode: FieldValidation;
  /** Its JSON, to look for repeated keys in. */
  readonly text?: string;
  /** What the parser of another form said about repeated keys. */
  readonly repeated?: readonly string[];
}

/** As {@link decodeJson} for a value that is parsed already (YAML, patches); without `text` repeated keys are not looked for. */
export function decodeValue(parsed: unknown, schema: Schema, options: DecodeValueOptions): Decoded {
  const walk: Walk = { keys: 0, fault: undefined, unknown: [], struct: '', names: [], path: [] };
  const value = read(parsed, schema, walk);
  if (walk.fault !== undefined) return failed(walk.fault);
  let faults = [...(options.repeated ?? []), ...walk.unknown.map((path) => `unknown field "${path}"`)];
  if (options.mode === 'Ignore') return { value: asObject(value), error: undefined, warnings: [] };
  if (options.text !== undefined && keyCount(options.text) !== walk.keys) {
    faults = faultsInOrder(options.text, new Set(walk.unknown));
  }
  const distinct = [...new Set(faults)].slice(0, maxStrictFaults);
  if (distinct.length === 0) return { value: asObject(value), error: undefined, warnings: [] };
  if (options.mode === 'Warn') return { value: asObject(value), error: undefined, warnings: distinct };
  return failed(`strict decoding error: ${strictText(distinct, options.repeated)}`);
}

/** All that the parser of YAML said is one fault. */
function strictText(faults: readonly string[], repeated: readonly string[] = []): string {
  const own = faults.filter((text) => !repeated.includes(text));
  if (repeated.length === 0) return own.join(', ');
  return [`yaml: unmarshal errors:\n${repeated.map((text) => `  ${text}`).join('\n')}`, ...own].join(', ');
}

const failed = (error: string): Decoded => ({ value: undefined, error, warnings: [] });
const asObject = (value: unknown): Record<string, unknown> => (value ?? {}) as Record<string, unknown>;

function syntaxError(text: string): string {
  return `couldn't get version/kind; json parse error: ${jsonSyntaxFault(text) ?? 'unexpected end of JSON input'}`;
}

/** What JSON holds, as Go's errors call it. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'number':
      return 'number';
    default:
      return 'object';
  }
}

/** Reflection knows a byte as uint8. */
const reflected = (goType: string): string => goType.replace(/\bbyte\b/g, 'uint8');

function mismatch(value: unknown, { goType, type }: Pick<Schema, 'goType' | 'type'>, walk: Walk): undefined {
  const what = typeof value === 'number' && (type === 'integer' || type === 'number') ? `number ${value}` : shown(value);
  const where = walk.struct === '' ? 'value' : `struct field ${walk.struct}.${walk.names.join('.')}`;
  walk.fault ??= `json: cannot unmarshal ${what} into Go ${where} of type ${reflected(goType)}`;
  return undefined;
}

function read(value: unknown, schema: Schema, walk: Walk): unknown {
  switch (schema.type) {
    case 'struct':
      return isObject(value) ? readStruct(value, schema, walk) : mismatch(value, schema, walk);
    case 'list':
      return Array.isArray(value) ? readList(value, schema, walk) : mismatch(value, schema, walk);
    case 'map':
      return isObject(value) ? readMap(value, schema, walk) : mismatch(value, schema, walk);
    case 'raw':
    case 'any':
      walk.keys += keysOf(value);
      return value;
    default:
      return readScalar(value, schema, walk);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function readStruct(value: Record<string, unknown>, schema: Schema, walk: Walk): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const outer = walk.struct;
  const fields = schema.fields;
  for (const key in value) {
    walk.keys += 1;
    const item = value[key];
    const field = fields.get(key);
    if (field === undefined) {
      walk.keys += keysOf(item);
      walk.unknown.push([...walk.path, key].join('.').replaceAll('.[', '['));
      continue;
    }
    if (item === null) continue;
    const depth = walk.names.length;
    if (field.embedded !== '') walk.names.push(field.embedded);
    walk.names.push(key);
    walk.path.push(key);
    walk.struct = schema.goType.slice(schema.goType.lastIndexOf('.') + 1);
    const read_ = read(item, field.schema, walk);
    if (!isLeftOut(read_, field)) result[key] = read_;
    else if (typeof read_ === 'object' || field.schema.type === 'bytes') markEmpty(result, key, read_);
    walk.names.length = depth;
    walk.path.pop();
  }
  walk.struct = outer;
  return result;
}

/** Whether Go's encoder would leave the value out: omitempty on anything but pointers and structs. */
function isLeftOut(value: unknown, field: Field): boolean {
  if (value === undefined) return true;
  if (!field.omitEmpty || field.pointer) return false;
  if (value === '' || value === 0 || value === false) return field.schema.type !== 'int-or-string' && field.schema.type !== 'quantity';
  if (Array.isArray(value)) return value.length === 0;
  if (field.schema.type !== 'map' || typeof value !== 'object') return false;
  for (const _key in value) return false;
  return true;
}

function readList(value: readonly unknown[], schema: Schema, walk: Walk): unknown[] {
  const items = schema.items;
  if (items === undefined) return [...value];
  return value.map((item, at) => {
    if (item === null) return zero(items);
    if (items.type === 'string' && typeof item === 'string') return item;
    walk.path.push(`[${at}]`);
    const result = read(item, items, walk);
    walk.path.pop();
    return result;
  });
}

function readMap(value: Record<string, unknown>, schema: Schema, walk: Walk): Record<string, unknown> {
  const items = schema.items;
  const result: Record<string, unknown> = {};
  let before = '';
  let isSorted = true;
  for (const key in value) {
    walk.keys += 1;
    isSorted &&= before <= key;
    before = key;
    const item = value[key];
    if (items === undefined) continue;
    if (item === null) {
      put(result, key, zero(items));
      continue;
    }
    walk.path.push(key);
    put(result, key, read(item, items, walk));
    walk.path.pop();
  }
  return isSorted ? result : byKey(result);
}

/** As Go's encoder writes maps, so that clients that keep the order see the same. */
function byKey(map: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(map).sort()) put(result, key, map[key]);
  return result;
}

function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

/** What a null element becomes. */
function zero(schema: Schema): unknown {
  switch (schema.type) {
    case 'struct':
      return {};
    case 'string':
      return '';
    case 'integer':
    case 'number':
    case 'int-or-string':
      return 0;
    case 'boolean':
      return false;
    case 'quantity':
      return '0';
    default:
      return null;
  }
}

const quantityForm = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function readScalar(value: unknown, schema: Schema, walk: Walk): unknown {
  switch (schema.type) {
    case 'string':
      return typeof value === 'string' ? value : mismatch(value, schema, walk);
    case 'boolean':
      return typeof value === 'boolean' ? value : mismatch(value, schema, walk);
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && fits(value, schema.bits) ? value : mismatch(value, schema, walk);
    case 'number':
      return typeof value === 'number' ? value : mismatch(value, schema, walk);
    case 'quantity':
      return readQuantity(value, walk);
    case 'int-or-string':
      if (typeof value === 'string' || (typeof value === 'number' && Number.isInteger(value) && fits(value, 32))) return value;
      return mismatch(value, { type: 'integer', goType: 'int32' }, walk);
    case 'bytes':
      return readBytes(value, schema, walk);
    case 'time':
    case 'micro-time':
      return readTime(value, schema.type === 'micro-time', walk);
    default:
      return typeof value === 'string' ? value : mismatch(value, schema, walk);
  }
}

const fits = (value: number, bits: 32 | 64): boolean =>
  bits === 32 ? value >= -(2 ** 31) && value < 2 ** 31 : value >= -(2 ** 63) && value < 2 ** 63;

/** Types with their own decoder report without naming the field. */
function ownFault(text: string, walk: Walk): undefined {
  walk.fault ??= text;
  return undefined;
}

/** Go counts where its decoder of base64 gave up: at the first strange character, or at the group that is not whole. */
function readBytes(value: unknown, schema: Schema, walk: Walk): unknown {
  if (typeof value !== 'string') return mismatch(value, schema, walk);
  const text = /[\r\n]/.test(value) ? value.replace(/[\r\n]/g, '') : value;
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return value;
  const strange = value.search(/[^A-Za-z0-9+/\r\n]/);
  return ownFault(`illegal base64 data at input byte ${String(strange < 0 ? value.length - (value.length % 4) : strange)}`, walk);
}

function readQuantity(value: unknown, walk: Walk): unknown {
  const text = typeof value === 'string' ? value.trim() : value;
  if ((typeof text === 'string' && quantityForm.test(text)) || typeof text === 'number') return String(text);
  return ownFault(`quantities must match the regular expression '${quantityForm.source}'`, walk);
}

function readTime(value: unknown, isMicro: boolean, walk: Walk): unknown {
  if (typeof value !== 'string') return mismatch(value, { type: 'string', goType: 'string' }, walk);
  if (timeForm.test(value) && !Number.isNaN(Date.parse(value))) {
    if (isMicro) return value;
    // Second precision in UTC, as metav1.Time writes it.
    return /^.{19}Z$/.test(value) ? value : `${new Date(value).toISOString().slice(0, 19)}Z`;
  }
  const layout = isMicro ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
  return ownFault(`parsing time "${value}" as "${layout}": cannot parse "${value}" as "2006"`, walk);
}
