/**
 * The frame around every protobuf object: four magic bytes and a runtime.Unknown (apimachinery pkg/runtime/serializer/protobuf/protobuf.go).
 * Field numbers: apimachinery pkg/runtime/generated.proto.
 */
import { ProtobufError, WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** The first bytes of every document: `k8s` and a zero. */
export const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Buffer;
  readonly contentEncoding: string;
  /** Of `raw`; '' stands for protobuf. */
  readonly contentType: string;
}

export function hasMagic(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes[0] === magic[0] && bytes[1] === magic[1] && bytes[2] === magic[2] && bytes[3] === magic[3];
}

/** Throws {@link ProtobufError} for what is no envelope. */
export function readEnvelope(bytes: Buffer): Envelope {
  if (bytes.length === 0) throw new ProtobufError('empty data');
  if (!hasMagic(bytes)) {
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  const reader = new WireReader(bytes.subarray(4));
  let typeMeta = { apiVersion: '', kind: '' };
  let raw: Buffer = Buffer.alloc(0);
  let contentEncoding = '';
  let contentType = '';
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) typeMeta = readTypeMeta(reader);
    else if (tag === 0x12) raw = reader.bytes();
    else if (tag === 0x1a) contentEncoding = reader.string();
    else if (tag === 0x22) contentType = reader.string();
    else reader.skip(tag);
  }
  return { ...typeMeta, raw, contentEncoding, contentType };
}

function readTypeMeta(reader: WireReader): { apiVersion: string; kind: string } {
  const outer = reader.enter();
  const result = { apiVersion: '', kind: '' };
  while (!reader.done) {
    const tag = reader.tag();
    if (tag === 0x0a) result.apiVersion = reader.string();
    else if (tag === 0x12) result.kind = reader.string();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return result;
}

/** `write` writes the message with its length. */
export function writeEnvelope(type: { readonly apiVersion: string; readonly kind: string }, write: (writer: WireWriter) => void): Buffer {
  const writer = new WireWriter();
  writer.uint32(0);
  writer.uint32(0x22);
  writer.uint32(0);
  writer.uint32(0x1a);
  write(writer);
  writer.uint32(0x12);
  const before = writer.written;
  writer.string(type.kind);
  writer.uint32(0x12);
  writer.string(type.apiVersion);
  writer.uint32(0x0a);
  writer.lengthSince(before);
  writer.uint32(0x0a);
  writer.raw(magic);
  return writer.finish();
}
