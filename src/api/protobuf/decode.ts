/**
 * Objects in Kubernetes' protobuf as JSON values, read by the run-time schema (apimachinery pkg/runtime/serializer/protobuf).
 * Go's encoder writes empty values too; what Go's JSON would leave out is left out here.
 */
import type { Schema } from '../schema/schema.ts';
import { documentSchema } from './document-schemas.ts';
import { readEnvelope } from './envelope.ts';
import { readMessage } from './message.ts';
import { ProtobufError } from './wire-reader.ts';

export interface ProtobufDocument {
  readonly apiVersion: string;
  readonly kind: string;
  /** Without kind and apiVersion, unless they are the message's own fields. */
  readonly value: Record<string, unknown>;
}

/** Throws {@link ProtobufError} for bytes that are no document; `fallback` is the schema when the kind is not built in. */
export function decodeProtobuf(body: Buffer, fallback?: Schema): ProtobufDocument {
  const { apiVersion, kind, raw } = readEnvelope(body);
  const schema = documentSchema(apiVersion, kind) ?? fallback;
  if (schema?.type !== 'struct') throw new ProtobufError(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { apiVersion, kind, value: readMessage(raw, schema) };
}
