/** Answers and bodies that are no text, as the JSON they stand for. */
import { parseApiVersion } from '../../src/api/object.ts';
import { decodeProtobuf } from '../../src/api/protobuf/decode.ts';
import { encodeProtobuf } from '../../src/api/protobuf/encode.ts';
import { WireReader } from '../../src/api/protobuf/wire-reader.ts';
import { schemaOfKind } from '../../src/api/schema/facts.ts';
import type { Json } from './case.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';

/** The text of an answer: documents of protobuf as one JSON value, watch frames as a line each, everything else as it is. */
export function textOf(contentType: string, bytes: Buffer): string {
  if (contentType === protobuf) return documentText(bytes);
  if (contentType === `${protobuf};stream=watch`) return frames(bytes).map(frameText).join('');
  // Documents about documents: not read here.
  if (contentType.includes('proto-openapi')) return 'bytes';
  return bytes.toString();
}

/** How many events of a watch have arrived. */
export function eventCount(contentType: string, bytes: Buffer): number {
  if (contentType.startsWith(protobuf)) return frames(bytes).length;
  return bytes.toString().split('\n').length - 1;
}

function documentText(document: Buffer): string {
  const { kind, apiVersion, value } = decodeProtobuf(document);
  return JSON.stringify({ kind, apiVersion, ...value });
}

function frames(bytes: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    found.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return found;
}

/** A metav1.WatchEvent: type, and an object in a RawExtension. */
function frameText(frame: Buffer): string {
  const reader = new WireReader(frame);
  let type = '';
  let object = '';
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) type = reader.string();
    else if (tag === 0x12) {
      const inner = new WireReader(reader.bytes());
      inner.tag();
      object = documentText(inner.bytes());
    } else reader.skip(tag);
  }
  return `{"type":${JSON.stringify(type)},"object":${object}}\n`;
}

/** An object that says its kind, as protobuf. */
export function protobufOf(body: Json): Buffer {
  const { kind, apiVersion, ...value } = body as { readonly kind: string; readonly apiVersion: string };
  const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
  const schema = schemaOfKind(group, version, kind);
  if (schema === undefined) throw new Error(`${apiVersion} ${kind} has no protobuf form`);
  return encodeProtobuf(value, schema, { kind, apiVersion });
}
