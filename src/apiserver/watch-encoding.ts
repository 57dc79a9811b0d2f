/**
 * Watch events as bytes. An event is encoded once for all its watchers, and a batch that several watchers get (the watch cache
 * hands the very same array to all of them) is joined and framed once.
 */
import type { StatusBody } from '../api/errors.ts';
import { apiVersionOf, type KubeObject } from '../api/object.ts';
import { partialObjectSchema } from '../api/protobuf/document-schemas.ts';
import { documentParts, watchFrame } from '../api/protobuf/document.ts';
import { encodeMessage } from '../api/protobuf/encode.ts';
import { complete } from '../api/schema/complete.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { ResourceEvent } from '../registry/store.ts';
import { definitionPrefix } from './handlers/scope.ts';
import type { Format } from './media-type.ts';
import { type Messages, messageSchema } from './messages.ts';
import { protobufParts } from './respond.ts';
import { type IncludeObject, partialOf, tableOf } from './table.ts';

export interface EncodingOptions {
  readonly definition: ResourceDefinition;
  readonly format: Format;
  readonly includeObject: IncludeObject;
  readonly messages: Messages;
  /** Milliseconds since the epoch, for ages in tables. */
  now(): number;
}

/** Makes lines of JSON, one an event, each ending with a line feed, or frames of protobuf. */
export interface EventEncoder {
  event(event: ResourceEvent): Buffer;
  batch(events: readonly ResourceEvent[]): Buffer;
  /** A batch as one chunk of HTTP/1.1's chunked transfer coding. */
  chunk(events: readonly ResourceEvent[]): Buffer;
  /** An ERROR event: the last thing a watch says. */
  error(status: StatusBody): Buffer;
}

type Memo<Key extends object> = WeakMap<Key, Map<string, Buffer>>;

/** Memos, not state: bytes by what they were made of. The second key says which of the forms. */
const eventBytes: Memo<ResourceEvent> = new WeakMap();
const batchBytes: Memo<readonly ResourceEvent[]> = new WeakMap();
const chunkBytes: Memo<readonly ResourceEvent[]> = new WeakMap();

function remembered<Key extends object>(memo: Memo<Key>, key: Key, form: string, make: () => Buffer): Buffer {
  let forms = memo.get(key);
  if (forms === undefined) {
    forms = new Map();
    memo.set(key, forms);
  }
  let bytes = forms.get(form);
  if (bytes === undefined) {
    bytes = make();
    forms.set(form, bytes);
  }
  return bytes;
}

export function createEventEncoder(options: EncodingOptions): EventEncoder {
  const { definition, format } = options;
  if (format.transform === 'Table') return tableEncoder(options);
  const form = `${definition.group}/${definition.version}/${definition.kind}/${format.transform ?? ''}/${format.version}/${format.encoding}`;
  const isProtobuf = format.encoding === 'protobuf';
  const encode = encoderOf(options);
  const encoder: EventEncoder = {
    event: (event) => remembered(eventBytes, event, form, () => encode(event)),
    batch: (events) => remembered(batchBytes, events, form, () => joined(events.map((event) => encoder.event(event)))),
    chunk: (events) => remembered(chunkBytes, events, form, () => chunkOf(events.map((event) => encoder.event(event)))),
    error: (status) => (isProtobuf ? watchFrame('ERROR', protobufParts(status)) : line('ERROR', status)),
  };
  return encoder;
}

function encoderOf({ definition, format, messages }: EncodingOptions): (event: ResourceEvent) => Buffer {
  const isWhole = format.transform === undefined;
  if (format.encoding === 'protobuf')
    return isWhole ? (event) => frameWhole(event, definition, messages) : (event) => framePartial(event, format.version, definition);
  return isWhole ? (event) => encodeWhole(event, definition) : (event) => encodePartial(event, format.version, definition);
}

const lineEnd = Buffer.from('\r\n');
const close = Buffer.from('}\n');

function joined(lines: readonly Buffer[]): Buffer {
  return lines.length === 1 ? (lines[0] as Buffer) : Buffer.concat(lines);
}

export function chunkOf(lines: readonly Buffer[]): Buffer {
  let length = 0;
  for (const line of lines) length += line.length;
  return Buffer.concat([Buffer.from(`${length.toString(16)}\r\n`, 'latin1'), ...lines, lineEnd]);
}

function encodeWhole(event: ResourceEvent, definition: ResourceDefinition): Buffer {
  const prefix = definitionPrefix(definition);
  if (event.type !== 'BOOKMARK') {
    return Buffer.concat([Buffer.from(`{"type":"${event.type}","object":`, 'latin1'), prefix, event.entry.json.subarray(1), close]);
  }
  return line('BOOKMARK', { kind: definition.kind, apiVersion: apiVersionOf(definition), ...bookmarkObject(event, definition) });
}

function frameWhole(event: ResourceEvent, definition: ResourceDefinition, messages: Messages): Buffer {
  const schema = messageSchema(definition);
  if (schema === undefined) throw new Error(`${definition.kind} has no protobuf form`);
  const message =
    event.type === 'BOOKMARK' ? encodeMessage({ metadata: bookmarkMetadata(event) }, schema) : messages.message(event.entry, schema);
  return watchFrame(event.type, documentParts({ apiVersion: apiVersionOf(definition), kind: definition.kind }, [message]));
}

function encodePartial(event: ResourceEvent, version: string, definition: ResourceDefinition): Buffer {
  return line(event.type, partialOf(metadataOnly(event), version, definition));
}

function framePartial(event: ResourceEvent, version: string, definition: ResourceDefinition): Buffer {
  const message = encodeMessage({ metadata: partialOf(metadataOnly(event), version, definition).metadata }, partialObjectSchema());
  return watchFrame(event.type, documentParts({ apiVersion: `meta.k8s.io/${version}`, kind: 'PartialObjectMetadata' }, [message]));
}

function metadataOnly(event: ResourceEvent): KubeObject {
  return { metadata: event.type === 'BOOKMARK' ? bookmarkMetadata(event) : event.entry.object.metadata };
}

type Bookmark = Extract<ResourceEvent, { type: 'BOOKMARK' }>;

function bookmarkMetadata({ revision, initialEventsEnd }: Bookmark): KubeObject['metadata'] {
  return {
    resourceVersion: String(revision),
    ...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  } as KubeObject['metadata'];
}

/** An otherwise empty object, with what Go always writes of one. */
function bookmarkObject(event: Bookmark, definition: ResourceDefinition): KubeObject {
  const object: KubeObject = { metadata: bookmarkMetadata(event) };
  const schema = messageSchema(definition);
  const empty = schema === undefined ? object : complete(object, schema);
  definition.emptied?.(empty);
  return empty;
}

/** Columns go out once a watch, so nothing is shared. */
function tableEncoder(options: EncodingOptions): EventEncoder {
  const { version } = options.format;
  let headers = true;
  const event = (event: ResourceEvent): Buffer => {
    const object = event.type === 'BOOKMARK' ? bookmarkObject(event, options.definition) : event.entry.object;
    // Upstream shows the metadata of the bookmark that ends the initial events whatever was asked for: it carries the mark.
    const isMarked = event.type === 'BOOKMARK' && event.initialEventsEnd && options.includeObject === 'None';
    const shown = { ...options, version, ...(isMarked ? { includeObject: 'Metadata' as const } : {}), now: options.now(), headers };
    headers = false;
    return line(event.type, tableOf([object], { resourceVersion: String(event.revision) }, shown));
  };
  return {
    event,
    batch: (events) => joined(events.map(event)),
    chunk: (events) => chunkOf(events.map(event)),
    error: (status) => line('ERROR', status),
  };
}

function line(type: string, object: unknown): Buffer {
  return Buffer.from(`{"type":"${type}","object":${JSON.stringify(object)}}\n`);
}
