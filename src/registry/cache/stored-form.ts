/**
 * Values as they lie in the store: upstream's JSON with kind and apiVersion in front, `{"kind":"Pod","apiVersion":"v1","metadata":{`,
 * so that an upstream API server reads them too. What it wrote itself (protobuf of built-in kinds, JSON with its own order of
 * fields) is understood as well. Inside, kind and apiVersion are left out: the place of an object tells them.
 */
import { objectText } from '../../api/managed-fields/text.ts';
import { apiVersionOf, parseApiVersion, type KubeObject } from '../../api/object.ts';
import { decodeProtobuf } from '../../api/protobuf/decode.ts';
import { hasMagic, readEnvelope } from '../../api/protobuf/envelope.ts';
import { complete } from '../../api/schema/complete.ts';
import { schemaOfKind } from '../../api/schema/facts.ts';
import type { Schema } from '../../api/schema/schema.ts';
import { ownBytes } from '../../base/own-bytes.ts';

export interface StoredType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What a definition says about the type it is stored as. */
export interface TypedResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly storedAs?: StoredType;
}

export function storedTypeOf({ group, version, kind, storedAs }: TypedResource): StoredType {
  return storedAs ?? { apiVersion: apiVersionOf({ group, version }), kind };
}

/** What of a definition decides how stored values of its kind are read. */
export interface ReadResource extends TypedResource {
  readonly strategy?: { default?(object: KubeObject): void };
  readonly convert?: { toStored(object: KubeObject): KubeObject };
  readonly storedVersions?: Readonly<Record<string, (object: KubeObject) => KubeObject>>;
}

/** What the store may hold in another form than is written here: other versions and groups, protobuf, fields without defaults. */
export class StoredConversions {
  readonly #conversions = new Map<string, (object: KubeObject) => KubeObject>();
  /** By group and kind. */
  readonly #definitions = new Map<string, ReadResource>();
  /** The head that was found good last, to where metadata begins: the next value most likely has the same. */
  latestHead: Buffer | undefined;

  add(definition: ReadResource): void {
    const { group, version, kind, convert, storedVersions = {} } = definition;
    this.latestHead = undefined;
    if (convert !== undefined) {
      this.#conversions.set(headOf({ apiVersion: apiVersionOf({ group, version }), kind }), (object) => convert.toStored(object));
      return;
    }
    this.#definitions.set(`${group}/${kind}`, definition);
    for (const [apiVersion, toThis] of Object.entries(storedVersions)) this.#conversions.set(headOf({ apiVersion, kind }), toThis);
  }

  /** Whether values that begin like this must be converted. */
  concern(start: string): boolean {
    return this.#conversions.has(start);
  }

  /** The schema of another version of the kind, for versions that are only ever stored. */
  schemaOf({ apiVersion, kind }: StoredType): Schema | undefined {
    const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
    const known = schemaOfKind(group, version, kind);
    const definition = this.#definitions.get(`${group}/${kind}`);
    return known ?? (definition === undefined ? undefined : schemaOfKind(group, definition.version, kind));
  }

  /** The object as it is stored here, with the defaults that upstream fills in only when it reads. */
  convert(type: StoredType, object: KubeObject): KubeObject {
    const converted = this.#conversions.get(headOf(type))?.(object) ?? object;
    const { group } = parseApiVersion(type.apiVersion) ?? { group: '' };
    this.#definitions.get(`${group}/${type.kind}`)?.strategy?.default?.(converted);
    return converted;
  }
}

const headOf = ({ apiVersion, kind }: StoredType): string => `{"kind":"${kind}","apiVersion":"${apiVersion}",`;

/** How every value begins inside: the resource version goes behind it. */
export const opening = Buffer.from('{"metadata":{');

const metadataField = Buffer.from('"metadata":{');
const kindField = Buffer.from('{"kind":"');
const [quote, backslash, openBrace, closeBrace] = [0x22, 0x5c, 0x7b, 0x7d];
/** Kind and apiVersion are never longer together. */
const longestHead = 400;
const head = /^\{"kind":"[A-Za-z0-9]+","apiVersion":"[\w.\-/]+",$/;

/** The bytes to store of an object without kind and apiVersion, whose first field is metadata. */
export function encodeStored(type: StoredType, object: KubeObject): Buffer {
  return ownBytes(headOf(type) + objectText(object).slice(1));
}

/** Where `"metadata":{"...` starts in a value of the usual form; -1: the value has another form, or must be converted. */
export function metadataAt(value: Buffer, conversions: StoredConversions): number {
  const at = startsWith(value, opening) ? 1 : startsWith(value, kindField) ? endOfHead(value, conversions) : -1;
  // `{"metadata":{}` has no field that a comma could follow.
  return at > 0 && value[at + metadataField.length] === 0x22 ? at : -1;
}

function endOfHead(value: Buffer, conversions: StoredConversions): number {
  const { latestHead } = conversions;
  if (latestHead !== undefined && startsWith(value, latestHead)) return latestHead.length - metadataField.length;
  const at = value.indexOf(metadataField, kindField.length);
  if (at === -1 || at > longestHead) return -1;
  const start = value.toString('latin1', 0, at);
  if (!head.test(start) || conversions.concern(start)) return -1;
  conversions.latestHead = ownBytes(start + metadataField.toString());
  return at;
}

/** Where the object ends that begins at `from`, in JSON that is known to be good. */
export function objectEnd(value: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < value.length; at++) {
    const byte = value[at];
    if (byte === quote) {
      // What is escaped, a quote above all, is passed over.
      for (at++; at < value.length && value[at] !== quote; at++) if (value[at] === backslash) at++;
    } else if (byte === openBrace) depth++;
    else if (byte === closeBrace && --depth === 0) return at + 1;
  }
  return value.length;
}

/** Byte by byte: for so few, calls of Buffer's own take longer. */
function startsWith(value: Buffer, bytes: Buffer): boolean {
  if (value.length <= bytes.length) return false;
  for (let at = 0; at < bytes.length; at++) if (value[at] !== bytes[at]) return false;
  return true;
}

/** A value in any form as the object it stands for, without kind, apiVersion and resourceVersion. Throws for what is neither JSON nor protobuf. */
export function decodeStored(value: Buffer, conversions: StoredConversions): KubeObject {
  const isProtobuf = hasMagic(value);
  const schema = isProtobuf ? conversions.schemaOf(readEnvelope(value)) : undefined;
  const decoded = isProtobuf ? fromProtobuf(value, schema) : (JSON.parse(value.toString()) as KubeObject);
  const { kind, apiVersion, ...fields } = decoded;
  const type = typeof kind === 'string' && typeof apiVersion === 'string' ? { kind, apiVersion } : undefined;
  const object = fields as unknown as KubeObject;
  const { metadata, ...others } = type === undefined ? object : conversions.convert(type, object);
  const { resourceVersion: _resourceVersion, ...meta } = metadata;
  const stored = { metadata: meta as KubeObject['metadata'], ...others };
  return schema === undefined ? stored : complete(stored, schema);
}

function fromProtobuf(value: Buffer, schema: Schema | undefined): KubeObject {
  const { apiVersion, kind, value: fields } = decodeProtobuf(value, schema);
  return { kind, apiVersion, ...fields } as unknown as KubeObject;
}
