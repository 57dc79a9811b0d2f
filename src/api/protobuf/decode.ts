/**
 * Objects in Kubernetes' protobuf as JSON values, read by the run-time schema (apimachinery pkg/runtime/serializer/protobuf).
 * Go's encoder writes empty values too; what Go's JSON would leave out is left out here.
 */
import { schemaOfKind } from '../schema/facts.ts';
import type { Field, Schema } from '../schema/schema.ts';
import { parseApiVersion } from '../object.ts';
import { rfc3339, rfc3339Micro } from '../../base/clock.ts';
import { ProtoReader } from './reader.ts';

/** What every document starts with. */
const magic = Buffer.from('k8s\0');

export interface ProtobufDocument {
  readonly apiVersion: string;
  readonly kind: string;
  /** Without kind and apiVersion, unless they are the message's own fields. */
  readonly value: Record<string, unknown>;
}

/** Throws an Error for bytes that are no document; `fallback` is the schema when the kind is not built in. */
export function decodeProtobuf(body: Buffer, fallback?: Schema): ProtobufDocument {
  if (body.length < magic.length || !body.subarray(0, magic.length).equals(magic)) {
    throw new Error('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  let apiVersion = '';
  let kind = '';
  let raw: Buffer = Buffer.alloc(0);
  const reader = new ProtoReader(body.subarray(magic.length));
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    if (tag.number === 1) {
      const meta = new ProtoReader(reader.bytes());
      for (let inner = meta.tag(); inner !== undefined; inner = meta.tag()) {
        if (inner.number === 1) apiVersion = meta.bytes().toString();
        else if (inner.number === 2) kind = meta.bytes().toString();
        else meta.skip(inner.wire);
      }
    } else if (tag.number === 2) raw = reader.bytes();
    else reader.skip(tag.wire);
  }
  const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
  const schema = schemaOfKind(group, version, kind) ?? fallback;
  if (schema === undefined) throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { apiVersion, kind, value: readMessage(raw, schema) };
}

/** A field, or an embedded struct's fields, by number. */
type Member = { readonly field: Field } | { readonly embedded: ReadonlyMap<number, Member> };

/** A memo: the members of a struct by their numbers. */
const tables = new WeakMap<Schema, ReadonlyMap<number, Member>>();

function tableOf(schema: Schema): ReadonlyMap<number, Member> {
  let table = tables.get(schema);
  if (table === undefined) {
    const made = new Map<number, Member>();
    for (const field of schema.fields.values()) if (field.number !== 0) place(made, field, field.embeddedNumbers);
    tables.set(schema, made);
    table = made;
  }
  return table;
}

function place(table: Map<number, Member>, field: Field, way: readonly number[]): void {
  const [next, ...rest] = way;
  if (next === undefined) {
    table.set(field.number, { field });
    return;
  }
  let member = table.get(next);
  if (member === undefined || !('embedded' in member)) {
    member = { embedded: new Map() };
    table.set(next, member);
  }
  place(member.embedded as Map<number, Member>, field, rest);
}

function readMessage(bytes: Buffer, schema: Schema): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  readInto(result, bytes, tableOf(schema));
  return result;
}

function readInto(result: Record<string, unknown>, bytes: Buffer, table: ReadonlyMap<number, Member>): void {
  const reader = new ProtoReader(bytes);
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    const member = table.get(tag.number);
    if (member === undefined) reader.skip(tag.wire);
    else if ('embedded' in member) readInto(result, reader.bytes(), member.embedded);
    else readField(result, reader, { field: member.field, wire: tag.wire });
  }
}

function readField(
  result: Record<string, unknown>,
  reader: ProtoReader,
  { field, wire }: { readonly field: Field; readonly wire: number },
): void {
  const { schema, name } = field;
  if (schema.type === 'list' && schema.items !== undefined) {
    const list = (result[name] ??= []) as unknown[];
    if (wire === 2 && isNumeric(schema.items)) {
      const packed = new ProtoReader(reader.bytes());
      while (!packed.atEnd) list.push(readValue(packed, schema.items, wireOf(schema.items)));
    } else list.push(readValue(reader, schema.items, wire));
    return;
  }
  if (schema.type === 'map' && schema.items !== undefined) {
    const [key, value] = readEntry(reader.bytes(), schema.items);
    ((result[name] ??= {}) as Record<string, unknown>)[key] = value;
    return;
  }
  const value = readValue(reader, schema, wire);
  if (value === undefined || (field.omitEmpty && !field.pointer && isEmpty(value))) return;
  result[name] = value;
}

const isNumeric = ({ type }: Schema): boolean => type === 'integer' || type === 'boolean' || type === 'number';
const wireOf = ({ type }: Schema): number => (type === 'number' ? 1 : 0);
const isEmpty = (value: unknown): boolean => value === '' || value === 0 || value === false;

function readEntry(bytes: Buffer, values: Schema): [string, unknown] {
  const reader = new ProtoReader(bytes);
  let key = '';
  let value: unknown = emptyOf(values);
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    if (tag.number === 1) key = reader.bytes().toString();
    else if (tag.number === 2) value = readValue(reader, values, tag.wire);
    else reader.skip(tag.wire);
  }
  return [key, value];
}

function emptyOf({ type }: Schema): unknown {
  if (type === 'integer' || type === 'number') return 0;
  if (type === 'boolean') return false;
  return type === 'list' ? [] : type === 'string' || type === 'bytes' ? '' : {};
}

function readValue(reader: ProtoReader, schema: Schema, wire: number): unknown {
  switch (schema.type) {
    case 'struct':
      return readMessage(reader.bytes(), schema);
    case 'string':
      return reader.bytes().toString();
    case 'bytes':
      return reader.bytes().toString('base64');
    case 'boolean':
      return reader.varint() !== 0n;
    case 'integer':
      return Number(BigInt.asIntN(64, reader.varint()));
    case 'number':
      return wire === 1 ? reader.double() : wire === 5 ? reader.float() : Number(BigInt.asIntN(64, reader.varint()));
    default:
      return readSpecial(reader.bytes(), schema);
  }
}

/** Types with a message of their own that JSON writes as something simple. */
function readSpecial(bytes: Buffer, schema: Schema): unknown {
  switch (schema.type) {
    case 'quantity':
      return first(bytes, (reader) => reader.bytes().toString()) ?? '0';
    case 'int-or-string':
      return readIntOrString(bytes);
    case 'time':
    case 'micro-time':
      return readTime(bytes, schema.type === 'time' ? rfc3339 : rfc3339Micro);
    case 'duration':
      return goDuration(first(bytes, (reader) => BigInt.asIntN(64, reader.varint())) ?? 0n);
    case 'raw':
    case 'any': {
      const raw = first(bytes, (reader) => reader.bytes().toString()) ?? '';
      return raw === '' ? undefined : (JSON.parse(raw) as unknown);
    }
    case 'list': {
      // A list inside a map is a message with one repeated field (ExtraValue, ReplicaSetNames ...).
      const list: unknown[] = [];
      const reader = new ProtoReader(bytes);
      for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) list.push(readValue(reader, schema.items as Schema, tag.wire));
      return list;
    }
    default:
      return undefined;
  }
}

/** The message's field 1. */
function first<T>(bytes: Buffer, read: (reader: ProtoReader) => T): T | undefined {
  const reader = new ProtoReader(bytes);
  let value: T | undefined;
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    if (tag.number === 1) value = read(reader);
    else reader.skip(tag.wire);
  }
  return value;
}

function readIntOrString(bytes: Buffer): number | string {
  const reader = new ProtoReader(bytes);
  let type = 0n;
  let number = 0;
  let text = '';
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    if (tag.number === 1) type = reader.varint();
    else if (tag.number === 2) number = Number(BigInt.asIntN(32, reader.varint()));
    else if (tag.number === 3) text = reader.bytes().toString();
    else reader.skip(tag.wire);
  }
  return type === 1n ? text : number;
}

/** An empty message is Go's zero time: null in JSON, absent here. */
function readTime(bytes: Buffer, format: (ms: number) => string): string | undefined {
  if (bytes.length === 0) return undefined;
  const reader = new ProtoReader(bytes);
  let seconds = 0n;
  let nanos = 0n;
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    if (tag.number === 1) seconds = BigInt.asIntN(64, reader.varint());
    else if (tag.number === 2) nanos = reader.varint();
    else reader.skip(tag.wire);
  }
  if (format === rfc3339) return format(Number(seconds) * 1000);
  const micros = String(nanos / 1000n).padStart(6, '0');
  return `${format(Number(seconds) * 1000).slice(0, 20)}${micros}Z`;
}

/** metav1.Duration as Go prints it: `1h30m0s`, `500ms`. */
function goDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const sign = nanos < 0n ? '-' : '';
  const all = nanos < 0n ? -nanos : nanos;
  const fraction = (value: bigint, unit: bigint): string => {
    const rest = (value % unit)
      .toString()
      .padStart(unit.toString().length - 1, '0')
      .replace(/0+$/, '');
    return `${String(value / unit)}${rest === '' ? '' : `.${rest}`}`;
  };
  if (all < 1_000n) return `${sign}${String(all)}ns`;
  if (all < 1_000_000n) return `${sign}${fraction(all, 1_000n)}µs`;
  if (all < 1_000_000_000n) return `${sign}${fraction(all, 1_000_000n)}ms`;
  const minutes = all / 60_000_000_000n;
  const seconds = `${fraction(all % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return `${sign}${seconds}`;
  return minutes < 60n ? `${sign}${String(minutes)}m${seconds}` : `${sign}${String(minutes / 60n)}h${String(minutes % 60n)}m${seconds}`;
}
