/**
 * Documents, lists and watch frames around messages that were written before, so that an object is written once for all its readers.
 * Layout: apimachinery pkg/runtime/generated.proto (Unknown), pkg/apis/meta/v1/generated.proto (WatchEvent), pkg/util/framer.
 */
import { magic } from './envelope.ts';
import { WireWriter } from './wire-writer.ts';

export interface DocumentType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Content encoding and content type, both empty. */
const documentTail = Buffer.from([0x1a, 0, 0x22, 0]);

const sizeOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0);

/** A document of a message that lies in parts. The parts are handed on as they are. */
export function documentParts(type: DocumentType, message: readonly Buffer[]): Buffer[] {
  const { head, tail } = documentAround(type, sizeOf(message));
  return [head, ...message, tail];
}

/** What stands before and behind a message of so many bytes. */
export function documentAround(type: DocumentType, length: number): { readonly head: Buffer; readonly tail: Buffer } {
  const writer = new WireWriter(96);
  writer.uint32(length);
  writer.uint32(0x12);
  const before = writer.written;
  writer.string(type.kind);
  writer.uint32(0x12);
  writer.string(type.apiVersion);
  writer.uint32(0x0a);
  writer.lengthSince(before);
  writer.uint32(0x0a);
  writer.raw(magic);
  return { head: writer.finish(), tail: documentTail };
}

/** A list's metadata as its first field. */
export function listHead(metadata: Buffer): Buffer {
  const writer = new WireWriter(metadata.length + 6);
  writer.bytes(metadata);
  writer.uint32(0x0a);
  return writer.finish();
}

/** A message as element of a list's `items`: its tag and length before it. */
export function listElement(message: Buffer): Buffer {
  const writer = new WireWriter(message.length + 6);
  writer.bytes(message);
  writer.uint32(0x12);
  return writer.finish();
}

/** The message inside an element. */
export function elementMessage(element: Buffer): Buffer {
  let at = 1;
  while ((element[at] ?? 0) > 0x7f) at++;
  return element.subarray(at + 1);
}

/** One frame of `application/vnd.kubernetes.protobuf;stream=watch`: four bytes of length, big-endian, and a WatchEvent around a document. */
export function watchFrame(type: string, document: readonly Buffer[]): Buffer {
  const size = sizeOf(document);
  const writer = new WireWriter(size + 40);
  for (const part of document.toReversed()) writer.raw(part);
  writer.uint32(size);
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
