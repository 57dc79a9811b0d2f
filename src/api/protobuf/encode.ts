/** Objects as protobuf documents, and watch events as frames of `application/vnd.kubernetes.protobuf;stream=watch`. */
import type { Schema } from '../schema/schema.ts';
import { writeEnvelope } from './envelope.ts';
import { structCodec } from './message.ts';
import { WireWriter } from './wire-writer.ts';

/** `value` is as JSON shows it; its own kind and apiVersion are not looked at. Go's bytes: zero values written, map keys sorted. */
export function encodeProtobuf(value: object, schema: Schema, type: { readonly apiVersion: string; readonly kind: string }): Buffer {
  return writeEnvelope(type, (writer) => structCodec(schema).write(writer, value));
}

/** One frame: four bytes of length, big-endian, and a WatchEvent around a document (apimachinery pkg/util/framer, LengthDelimited). */
export function encodeWatchFrame(type: string, document: Buffer): Buffer {
  const writer = new WireWriter(document.length + 64);
  writer.bytes(document);
  writer.uint32(0x0a);
  writer.lengthSince(0);
  writer.uint32(0x12);
  writer.string(type);
  writer.uint32(0x0a);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(writer.written);
  writer.raw(length);
  return writer.finish();
}
