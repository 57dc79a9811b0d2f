/**
 * The OpenAPI v2 document in the protobuf form that kubectl and Helm read. Field numbers: gnostic-models openapiv2/OpenAPIv2.proto,
 * without what Kubernetes' document never has (forms, headers, OAuth, tags, examples).
 */
import { WireWriter } from '../../api/protobuf/wire-writer.ts';
import { stringifyYaml } from '../../api/yaml.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Writes a value with its length, if it has one; returns its wire type. undefined: the zero value, which proto3 leaves out. */
type Codec = (writer: WireWriter, value: unknown) => number | undefined;

interface Message {
  /** By the name in JSON. */
  readonly fields: Readonly<Record<string, readonly [number: number, codec: Codec, repeated?: true]>>;
  /** The field that takes what begins with `x-`. */
  readonly extensions?: number;
}

const bytes = 2;

const text: Codec = (writer, value) => {
  if (typeof value !== 'string' || value === '') return undefined;
  writer.string(value);
  return bytes;
};
const flag: Codec = (writer, value) => {
  if (value !== true) return undefined;
  writer.boolean(true);
  return 0;
};
const integer: Codec = (writer, value) => {
  if (typeof value !== 'number' || value === 0) return undefined;
  writer.int64(value);
  return 0;
};
const decimal: Codec = (writer, value) => {
  if (typeof value !== 'number' || value === 0) return undefined;
  writer.double(value);
  return 1;
};

/** What a callback writes, with its length. */
function nested(writer: WireWriter, write: () => void): number {
  const before = writer.written;
  write();
  writer.lengthSince(before);
  return bytes;
}

function field(writer: WireWriter, number: number, wire: number | undefined): void {
  if (wire !== undefined) writer.uint32(number * 8 + wire);
}

/** Any value at all, as YAML in a message of its own. */
const anything: Codec = (writer, value) =>
  nested(writer, () => {
    writer.string(yamlOf(value));
    writer.uint32(0x12);
  });

const plainText = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][\w./-]*$/i;

/** One line; undefined for what the library has to look at. */
function scalar(value: unknown): string | undefined {
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return undefined;
  if (value === '*') return "'*'";
  return value === '' ? '""' : plainText.test(value) ? value : undefined;
}

function lines(value: unknown): readonly string[] | undefined {
  const single = scalar(value);
  if (single !== undefined) return [single];
  if (!isFields(value)) return undefined;
  const members = Object.entries(value).map(([name, inner]) => [name, scalar(inner)] as const);
  const isSimple = members.length > 0 && members.every(([name, inner]) => plainText.test(name) && inner !== undefined);
  return isSimple ? members.map(([name, inner]) => `${name}: ${inner ?? ''}`) : undefined;
}

/** Nearly all values are a word, a kind or a list of these: written here, as the library takes seconds for thousands of them. */
function yamlOf(value: unknown): string {
  const items = Array.isArray(value) ? (value as unknown[]).map(lines) : undefined;
  if (items !== undefined && items.length > 0 && items.every((item) => item !== undefined))
    return items.map((item) => `- ${item.join('\n  ')}\n`).join('');
  const own = lines(value);
  return own === undefined ? stringifyYaml(value) : `${own.join('\n')}\n`;
}

/** `{ name: value }` pairs of a map, each a message of name (1) and value (2), in the order they stand in. */
function pairs(writer: WireWriter, map: Fields, number: number, codec: Codec): void {
  for (const [name, value] of Object.entries(map).toReversed()) {
    nested(writer, () => {
      field(writer, 2, codec(writer, value));
      field(writer, 1, text(writer, name));
    });
    writer.uint32(number * 8 + bytes);
  }
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A map in a message whose field `number` repeats. */
const mapOf =
  (number: number, codec: Codec): Codec =>
  (writer, value) =>
    isFields(value) ? nested(writer, () => pairs(writer, value, number, codec)) : undefined;

/** A message around one other: how a choice is written. */
const around =
  (number: number, codec: Codec): Codec =>
  (writer, value) =>
    nested(writer, () => field(writer, number, codec(writer, value)));

/** A message that repeats its only field; JSON may have one value alone. */
const severalIn =
  (number: number, codec: Codec): Codec =>
  (writer, value) =>
    nested(writer, () => repeat(writer, Array.isArray(value) ? (value as unknown[]) : [value], number, codec));

function repeat(writer: WireWriter, list: readonly unknown[], number: number, codec: Codec): void {
  for (const item of list.toReversed()) field(writer, number, codec(writer, item) ?? emptyItem(writer));
}

/** A repeated field keeps its empty elements. */
function emptyItem(writer: WireWriter): number {
  writer.uint32(0);
  return bytes;
}

/** `make` is asked when something is written: messages refer to each other. */
function message(make: () => Message): Codec {
  let made: { readonly plan: Plan; readonly extensions: number | undefined } | undefined;
  return (writer, value) => {
    if (!isFields(value)) return undefined;
    if (made === undefined) {
      const own = make();
      made = { plan: planOf(own), extensions: own.extensions };
    }
    const { plan, extensions } = made;
    return nested(writer, () => writeFields(writer, value, plan, extensions));
  };
}

type Plan = readonly (readonly [name: string, number: number, codec: Codec, isRepeated: boolean])[];

/** Fields from the highest number to the lowest: writers go backwards. */
function planOf({ fields }: Message): Plan {
  return Object.entries(fields)
    .map(([name, [number, codec, repeated]]) => [name, number, codec, repeated === true] as const)
    .sort(([, a], [, b]) => b - a);
}

function writeFields(writer: WireWriter, value: Fields, plan: Plan, extensions: number | undefined): void {
  if (extensions !== undefined) pairs(writer, extensionsOf(value), extensions, anything);
  for (const [name, number, codec, isRepeated] of plan) {
    const inner = value[name];
    if (inner === undefined) continue;
    if (isRepeated) repeat(writer, inner as readonly unknown[], number, codec);
    else field(writer, number, codec(writer, inner));
  }
}

function extensionsOf(value: Fields): Fields {
  const names = Object.keys(value).filter((name) => name.startsWith('x-'));
  return Object.fromEntries(names.map((name) => [name, value[name]]));
}

const schema: Codec = message(() => ({
  fields: {
    $ref: [1, text],
    format: [2, text],
    title: [3, text],
    description: [4, text],
    default: [5, anything],
    maximum: [7, decimal],
    minimum: [9, decimal],
    maxLength: [11, integer],
    minLength: [12, integer],
    pattern: [13, text],
    maxItems: [14, integer],
    minItems: [15, integer],
    uniqueItems: [16, flag],
    required: [19, text, true],
    enum: [20, anything, true],
    additionalProperties: [21, additional],
    type: [22, severalIn(1, text)],
    items: [23, severalIn(1, schema)],
    allOf: [24, schema, true],
    properties: [25, mapOf(1, schema)],
  },
  extensions: 31,
}));

/** A schema, or whether there may be any others. */
const additional: Codec = (writer, value) =>
  typeof value === 'boolean' ? nested(writer, () => field(writer, 2, flag(writer, value))) : around(1, schema)(writer, value);

const bodyParameter = message(() => ({
  fields: { description: [1, text], name: [2, text], in: [3, text], required: [4, flag], schema: [5, schema] },
  extensions: 6,
}));

const pathParameter = message(() => ({
  fields: {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [5, text],
    format: [6, text],
    uniqueItems: [19, flag],
  },
  extensions: 22,
}));

const queryParameter = message(() => ({
  fields: {
    required: [1, flag],
    in: [2, text],
    description: [3, text],
    name: [4, text],
    type: [6, text],
    format: [7, text],
    uniqueItems: [20, flag],
  },
  extensions: 23,
}));

const reference = message(() => ({ fields: { $ref: [1, text], description: [2, text] } }));

/** Parameters of bodies are one choice, those of paths and queries choices of another. */
const parameter: Codec = (writer, value) => {
  const { in: place } = (value ?? {}) as Fields;
  if (place === 'body') return around(1, bodyParameter)(writer, value);
  return around(2, place === 'path' ? around(4, pathParameter) : around(3, queryParameter))(writer, value);
};

const parameterItem: Codec = (writer, value) =>
  isFields(value) && '$ref' in value ? around(2, reference)(writer, value) : around(1, parameter)(writer, value);

const response = message(() => ({ fields: { description: [1, text], schema: [2, around(1, schema)] }, extensions: 5 }));
const requirement = mapOf(1, severalIn(1, text));

const operation = message(() => ({
  fields: {
    tags: [1, text, true],
    description: [3, text],
    operationId: [5, text],
    produces: [6, text, true],
    consumes: [7, text, true],
    parameters: [8, parameterItem, true],
    responses: [9, mapOf(1, around(1, response))],
    schemes: [10, text, true],
  },
  extensions: 13,
}));

const pathItem = message(() => ({
  fields: {
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    options: [6, operation],
    head: [7, operation],
    patch: [8, operation],
    parameters: [9, parameterItem, true],
  },
  extensions: 10,
}));

const apiKey = message(() => ({ fields: { type: [1, text], name: [2, text], in: [3, text], description: [4, text] }, extensions: 5 }));

const documentMessage: Message = {
  fields: {
    swagger: [1, text],
    info: [2, message(() => ({ fields: { title: [1, text], version: [2, text], description: [3, text] } }))],
    paths: [8, mapOf(2, pathItem)],
    definitions: [9, mapOf(1, schema)],
    parameters: [10, mapOf(1, parameter)],
    security: [12, requirement, true],
    securityDefinitions: [13, mapOf(1, around(2, apiKey))],
  },
  extensions: 16,
};

/** `document` as it would be JSON. */
export function protobufV2(document: object): Buffer {
  const writer = new WireWriter(1 << 20);
  writeFields(writer, document as Fields, planOf(documentMessage), documentMessage.extensions);
  return writer.finish();
}
