/** Objects as protobuf messages and documents, in Go's bytes: zero values written, map keys sorted. */
import type { Schema } from '../schema/schema.ts';
import type { DocumentType } from './document.ts';
import { writeEnvelope } from './envelope.ts';
import { structCodec } from './message.ts';
import { WireWriter } from './wire-writer.ts';

/** `value` is as JSON shows it; its own kind and apiVersion are not looked at. */
export function encodeProtobuf(value: object, schema: Schema, type: DocumentType): Buffer {
  return writeEnvelope(type, (writer) => structCodec(schema).write(writer, value));
}

/** The message alone, without length: what {@link documentParts} and {@link listElement} go around. */
export function encodeMessage(value: object, schema: Schema): Buffer {
  const writer = new WireWriter();
  structCodec(schema).writeFields(writer, value);
  return writer.finish();
}
