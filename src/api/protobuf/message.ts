/** Codecs by schema: each struct's plan is made on first use and kept. */
import { parseApiVersion } from '../object.ts';
import { schemaFor, schemaOfKind } from '../schema/facts.ts';
import type { Field, Schema } from '../schema/schema.ts';
import {
  booleanCodec,
  bytesCodec,
  type Codec,
  doubleCodec,
  eachField,
  int32Codec,
  int64Codec,
  intOrStringCodec,
  microTimeCodec,
  quantityCodec,
  stringCodec,
  timeCodec,
} from './codec.ts';
import { hasMagic, readEnvelope } from './envelope.ts';
import { ProtobufError, WireReader, wireBytes } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

type Members = Record<string, unknown>;

/** A field, or an embedded struct whose fields JSON shows among its parent's. */
interface Step {
  readonly number: number;
  write(writer: WireWriter, object: Members): void;
  read(reader: WireReader, object: Members, tag: number): void;
}

/** A memo: codecs of structs. */
const structs = new WeakMap<Schema, StructCodec>();

/** The codec of a struct's schema. */
export function structCodec(schema: Schema): StructCodec {
  let codec = structs.get(schema);
  if (codec === undefined) {
    codec = new StructCodec(schema);
    structs.set(schema, codec);
  }
  return codec;
}

class StructCodec implements Codec {
  readonly wire = wireBytes;
  readonly #schema: Schema;
  #plan: Plan | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  get #made(): Plan {
    return (this.#plan ??= planOf([...this.#schema.fields.values()].map((field) => ({ field, way: field.embeddedNumbers }))));
  }

  write(writer: WireWriter, value: unknown): void {
    const before = writer.written;
    this.writeFields(writer, value);
    writer.lengthSince(before);
  }

  /** The message without its length. */
  writeFields(writer: WireWriter, value: unknown): void {
    writeSteps(writer, isMembers(value) ? value : {}, this.#made);
  }

  read(reader: WireReader, into: unknown): unknown {
    const object = isMembers(into) ? into : {};
    readSteps(reader, object, this.#made);
    return object;
  }
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Plan {
  /** From the highest number to the lowest: writers go backwards. */
  readonly steps: readonly Step[];
  readonly byNumber: readonly (Step | undefined)[];
}

interface Placed {
  readonly field: Field;
  /** Numbers of the embedded structs that are still to go through. */
  readonly way: readonly number[];
}

function planOf(placed: readonly Placed[]): Plan {
  const byNumber: (Step | undefined)[] = [];
  const embedded = new Map<number, Placed[]>();
  for (const { field, way } of placed) {
    const [next, ...rest] = way;
    if (next === undefined) {
      if (field.number !== 0) byNumber[field.number] = stepOf(field);
    } else if (next !== 0) embedded.set(next, [...(embedded.get(next) ?? []), { field, way: rest }]);
  }
  for (const [number, inner] of embedded) byNumber[number] = embeddedStep(number, planOf(inner));
  return { byNumber, steps: byNumber.filter((step) => step !== undefined).reverse() };
}

function writeSteps(writer: WireWriter, object: Members, plan: Plan): void {
  for (const step of plan.steps) step.write(writer, object);
}

function readSteps(reader: WireReader, object: Members, { byNumber }: Plan): void {
  const outer = reader.enter();
  while (!reader.done) {
    const tag = reader.tag();
    const step = byNumber[tag >>> 3];
    if (step === undefined) reader.skip(tag);
    else step.read(reader, object, tag);
  }
  reader.leave(outer);
}

function embeddedStep(number: number, plan: Plan): Step {
  return {
    number,
    write(writer, object) {
      const before = writer.written;
      writeSteps(writer, object, plan);
      writer.lengthSince(before);
      writer.uint32(number * 8 + wireBytes);
    },
    read(reader, object, tag) {
      checkWire(tag, wireBytes, '');
      readSteps(reader, object, plan);
    },
  };
}

function checkWire(tag: number, wire: number, name: string): void {
  if ((tag & 7) !== wire) throw new ProtobufError(`proto: wrong wireType = ${String(tag & 7)} for field ${name}`);
}

function stepOf(field: Field): Step {
  const { schema } = field;
  if (schema.type === 'list' && !isWrapped(schema)) return listStep(field, codecOf(schema.items));
  if (schema.type === 'map') return mapStep(field, codecOf(schema.items));
  return singleStep(field, codecOf(schema));
}

const nullable: ReadonlySet<string> = new Set(['list', 'map', 'bytes']);
const emptied: ReadonlySet<string> = new Set(['string', 'integer', 'number', 'boolean', 'bytes']);

function singleStep({ name, number, schema, pointer, omitEmpty }: Field, codec: Codec): Step {
  const tagged = number * 8 + codec.wire;
  /** Go writes values that are no pointers even when they are zero. */
  const always = !pointer && !nullable.has(schema.type);
  const drops = omitEmpty && !pointer && emptied.has(schema.type);
  return {
    number,
    write(writer, object) {
      const value = object[name];
      if (!always && (value === undefined || value === null)) return;
      codec.write(writer, value);
      writer.uint32(tagged);
    },
    read(reader, object, tag) {
      if (tag !== tagged) checkWire(tag, codec.wire, name);
      const value = codec.read(reader, object[name]);
      if (value === undefined || (drops && (value === '' || value === 0 || value === false))) delete object[name];
      else object[name] = value;
    },
  };
}

function listStep({ name, number }: Field, codec: Codec): Step {
  const tagged = number * 8 + codec.wire;
  return {
    number,
    write(writer, object) {
      const list = object[name];
      if (!Array.isArray(list)) return;
      for (let at = list.length - 1; at >= 0; at--) {
        codec.write(writer, list[at]);
        writer.uint32(tagged);
      }
    },
    read(reader, object, tag) {
      const list = (object[name] ??= []) as unknown[];
      if (tag === tagged) list.push(codec.read(reader, undefined) ?? null);
      else {
        checkWire(tag, wireBytes, name);
        const outer = reader.enter();
        while (!reader.done) list.push(codec.read(reader, undefined) ?? null);
        reader.leave(outer);
      }
    },
  };
}

function mapStep({ name, number }: Field, codec: Codec): Step {
  const valueTag = 16 + codec.wire;
  return {
    number,
    write(writer, object) {
      const map = object[name];
      if (!isMembers(map)) return;
      for (const key of Object.keys(map).sort().reverse()) {
        const before = writer.written;
        codec.write(writer, map[key]);
        writer.uint32(valueTag);
        writer.string(key);
        writer.uint32(0x0a);
        writer.lengthSince(before);
        writer.uint32(number * 8 + wireBytes);
      }
    },
    read(reader, object, tag) {
      checkWire(tag, wireBytes, name);
      const map = (object[name] ??= {}) as Members;
      let key = '';
      let value: unknown;
      eachField(reader, (inner) => {
        if (inner === 0x0a) key = reader.string();
        else if (inner === valueTag) value = codec.read(reader, value);
        else return false;
        return true;
      });
      value ??= codec === stringCodec || codec === bytesCodec ? '' : null;
      if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
      else map[key] = value;
    },
  };
}

/** Lists whose Go type is a message of its own with one repeated field. */
const isWrapped = ({ goType }: Schema): boolean => goType === 'v1.Verbs' || goType === 'v1.ExtraValue';

const wrappedStrings: Codec = {
  wire: wireBytes,
  write(writer, value) {
    const before = writer.written;
    for (const item of Array.isArray(value) ? [...(value as unknown[])].reverse() : []) {
      stringCodec.write(writer, item);
      writer.uint32(0x0a);
    }
    writer.lengthSince(before);
  },
  read(reader) {
    const list: string[] = [];
    eachField(reader, (tag) => tag === 0x0a && list.push(reader.string()) > 0);
    return list;
  },
};

function codecOf(schema: Schema | undefined): Codec {
  switch (schema?.type) {
    case 'struct':
      return structCodec(schema);
    case 'list':
      return wrappedStrings;
    case 'integer':
      return schema.bits === 32 ? int32Codec : int64Codec;
    case 'number':
      return doubleCodec;
    case 'boolean':
      return booleanCodec;
    case 'bytes':
      return bytesCodec;
    case 'quantity':
      return quantityCodec;
    case 'int-or-string':
      return intOrStringCodec;
    case 'time':
      return timeCodec;
    case 'micro-time':
      return microTimeCodec;
    case 'raw':
    case 'any':
      return unionCodec(schema) ?? rawCodec;
    default:
      return stringCodec;
  }
}

/** RawExtension, FieldsV1, apiextensions' JSON: JSON text in field 1; a RawExtension may hold an envelope instead. */
const rawCodec: Codec = {
  wire: wireBytes,
  write(writer, value) {
    const before = writer.written;
    if (value !== undefined && value !== null) {
      writer.string(JSON.stringify(value));
      writer.uint32(0x0a);
    }
    writer.lengthSince(before);
  },
  read(reader) {
    let raw: Buffer | undefined;
    eachField(reader, (tag) => tag === 0x0a && ((raw = reader.bytes()), true));
    return raw === undefined || raw.length === 0 ? undefined : rawValue(raw);
  },
};

function rawValue(raw: Buffer): unknown {
  if (!hasMagic(raw)) return parseJson(raw);
  const envelope = readEnvelope(raw);
  if (envelope.contentType === 'application/json') return parseJson(envelope.raw);
  const { group, version } = parseApiVersion(envelope.apiVersion) ?? { group: '', version: '' };
  const schema = schemaOfKind(group, version, envelope.kind);
  if (schema === undefined) throw new ProtobufError(`no kind "${envelope.kind}" is registered for version "${envelope.apiVersion}"`);
  return { kind: envelope.kind, apiVersion: envelope.apiVersion, ...readMessage(envelope.raw, schema) };
}

function parseJson(raw: Buffer): unknown {
  try {
    return (JSON.parse(raw.toString()) as unknown) ?? undefined;
  } catch {
    throw new ProtobufError('proto: an embedded object is no JSON');
  }
}

/** A message's bytes (without length) as the value of its kind. */
export function readMessage(bytes: Buffer, schema: Schema): Members {
  return structCodec(schema).read(new WireReader(bytes, true), undefined) as Members;
}

const schemaProps = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';

/** JSONSchemaPropsOrArray, -OrBool, -OrStringArray (apiextensions pkg/apis/apiextensions/v1/generated.proto and marshal.go). */
function unionCodec({ name }: Schema): Codec | undefined {
  const own = schemaFor(schemaProps);
  if (own === undefined || !name.startsWith(`${schemaProps}Or`)) return undefined;
  if (name.endsWith('OrBool')) return schemaOrBool(structCodec(own));
  return schemaOrList(structCodec(own), name.endsWith('OrArray') ? structCodec(own) : stringCodec);
}

function schemaOrBool(props: Codec): Codec {
  return {
    wire: wireBytes,
    write(writer, value) {
      const before = writer.written;
      if (isMembers(value)) {
        props.write(writer, value);
        writer.uint32(0x12);
      }
      writer.boolean(value === true || isMembers(value));
      writer.uint32(0x08);
      writer.lengthSince(before);
    },
    read(reader) {
      let allows = false;
      let schema: unknown;
      eachField(reader, (tag) => {
        if (tag === 0x08) allows = reader.boolean();
        else if (tag === 0x12) schema = props.read(reader, schema);
        else return false;
        return true;
      });
      return schema ?? allows;
    },
  };
}

function schemaOrList(props: Codec, items: Codec): Codec {
  return {
    wire: wireBytes,
    write(writer, value) {
      const before = writer.written;
      if (Array.isArray(value)) {
        for (const item of [...(value as unknown[])].reverse()) {
          items.write(writer, item);
          writer.uint32(0x12);
        }
      } else if (isMembers(value)) {
        props.write(writer, value);
        writer.uint32(0x0a);
      }
      writer.lengthSince(before);
    },
    read(reader) {
      const list: unknown[] = [];
      let schema: unknown;
      eachField(reader, (tag) => {
        if (tag === 0x0a) schema = props.read(reader, schema);
        else if (tag === 0x12) list.push(items.read(reader, undefined));
        else return false;
        return true;
      });
      return list.length > 0 ? list : schema;
    },
  };
}
