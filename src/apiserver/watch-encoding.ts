/**
 * Watch events as bytes. An event is encoded once for all its watchers, and a batch that several watchers get (the watch cache
 * hands the very same array to all of them) is joined and framed once.
 */
import type { StatusBody } from '../api/errors.ts';
import { apiVersionOf } from '../api/object.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { ResourceEvent } from '../registry/store.ts';
import { definitionPrefix } from './handlers/scope.ts';
import type { Transform } from './media-type.ts';
import { type IncludeObject, partialOf, tableOf } from './table.ts';

export interface EncodingOptions {
  readonly definition: ResourceDefinition;
  readonly transform: Transform;
  readonly version: string;
  readonly includeObject: IncludeObject;
  /** Milliseconds since the epoch, for ages in tables. */
  now(): number;
}

/** Makes lines of JSON, one an event, each ending with a line feed. */
export interface EventEncoder {
  event(event: ResourceEvent): Buffer;
  /** A batch as one chunk of HTTP's chunked transfer coding. */
  chunk(events: readonly ResourceEvent[]): Buffer;
}

type Memo<Key extends object> = WeakMap<Key, Map<string, Buffer>>;

/** Memos, not state: bytes by what they were made of. The second key says which of the forms. */
const eventBytes: Memo<ResourceEvent> = new WeakMap();
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
  if (options.transform === 'Table') return tableEncoder(options);
  const { definition, transform, version } = options;
  const form = `${definition.group}/${definition.version}/${definition.kind}/${transform ?? ''}/${version}`;
  const encode =
    transform === undefined
      ? (event: ResourceEvent) => encodeWhole(event, definition)
      : (event: ResourceEvent) => encodePartial(event, version);
  const encoder: EventEncoder = {
    event: (event) => remembered(eventBytes, event, form, () => encode(event)),
    chunk: (events) => remembered(chunkBytes, events, form, () => chunkOf(events.map((event) => encoder.event(event)))),
  };
  return encoder;
}

const lineEnd = Buffer.from('\r\n');
const close = Buffer.from('}\n');

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
  const metadata = JSON.stringify(bookmarkMetadata(event));
  return Buffer.from(
    `{"type":"BOOKMARK","object":{"kind":"${definition.kind}","apiVersion":"${apiVersionOf(definition)}","metadata":${metadata}}}\n`,
  );
}

function encodePartial(event: ResourceEvent, version: string): Buffer {
  const metadata = event.type === 'BOOKMARK' ? bookmarkMetadata(event) : event.entry.object.metadata;
  return line(event.type, partialOf({ metadata } as Parameters<typeof partialOf>[0], version));
}

type Bookmark = Extract<ResourceEvent, { type: 'BOOKMARK' }>;

function bookmarkMetadata({ revision, initialEventsEnd }: Bookmark): object {
  return {
    resourceVersion: String(revision),
    ...(initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  };
}

/** Columns go out once a watch, so nothing is shared. */
function tableEncoder(options: EncodingOptions): EventEncoder {
  let headers = true;
  const event = (event: ResourceEvent): Buffer => {
    const object =
      event.type === 'BOOKMARK' ? ({ metadata: bookmarkMetadata(event) } as Parameters<typeof partialOf>[0]) : event.entry.object;
    const table = tableOf(
      event.type === 'BOOKMARK' ? [] : [object],
      { resourceVersion: String(event.revision) },
      { ...options, now: options.now(), headers },
    );
    headers = false;
    if (event.type !== 'BOOKMARK') return line(event.type, table);
    return line('BOOKMARK', {
      ...table,
      rows: [{ cells: (table.columnDefinitions ?? []).map(() => null), object: partialOf(object, options.version) }],
    });
  };
  return { event, chunk: (events) => chunkOf(events.map(event)) };
}

/** An ERROR event: the last thing a watch says. */
export function encodeError(status: StatusBody): Buffer {
  return line('ERROR', status);
}

function line(type: string, object: unknown): Buffer {
  return Buffer.from(`{"type":"${type}","object":${JSON.stringify(object)}}\n`);
}
