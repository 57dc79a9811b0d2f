/** One stored object as everybody shares it: bytes and value, each made at most once and only when somebody asks. */
import { deepFreeze, type KubeObject } from '../../api/object.ts';
import type { Entry, ResourceEvent } from '../store.ts';

export type ObjectEvent = Extract<ResourceEvent, { entry: Entry }>;

/** How every stored value begins; the resource version goes behind it. */
const opening = Buffer.from('{"metadata":{');

/** What the writer serialised, by the bytes it became: a memo, not state. An entry is taken out when its event arrives. */
const remembered = new WeakMap<Buffer, KubeObject>();

/**
 * Call before `storage.put(key, value)`: the object that `value` is the JSON of becomes the cached one when the event arrives,
 * instead of being parsed again. The object is given away: the cache freezes what is in it.
 */
export function rememberObject(value: Buffer, object: KubeObject): void {
  remembered.set(value, object);
}

/** Where an entry takes its object from until somebody has asked for it. */
type Source = { readonly object: KubeObject } | undefined;

export class CachedEntry implements Entry {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  /** The stored bytes; dropped when `json`, which is nearly the same, has been made. */
  #value: Buffer | undefined;
  #json: Buffer | undefined;
  #object: KubeObject | undefined;
  #source: Source;
  #added: ObjectEvent | undefined;

  constructor(
    key: string,
    place: { readonly namespace: string; readonly name: string },
    stored: { readonly value: Buffer; readonly revision: number; readonly source?: Source },
  ) {
    this.key = key;
    this.namespace = place.namespace;
    this.name = place.name;
    this.revision = stored.revision;
    this.#value = stored.value;
    this.#source = stored.source ?? takeRemembered(stored.value);
  }

  get json(): Buffer {
    if (this.#json === undefined) {
      this.#json = splice(this.#value ?? opening, this.revision);
      this.#value = undefined;
    }
    return this.#json;
  }

  get object(): KubeObject {
    if (this.#object === undefined) {
      this.#object = this.#makeObject();
      this.#source = undefined;
    }
    return this.#object;
  }

  /** Bytes held, for the bounds of the window. */
  get size(): number {
    return (this.#json ?? this.#value)?.length ?? 0;
  }

  /** The event that shows this state to a watcher that did not know the object. */
  get added(): ObjectEvent {
    return (this.#added ??= { type: 'ADDED', entry: this, revision: this.revision });
  }

  /** The same state with the revision of a deletion. */
  at(revision: number): CachedEntry {
    return new CachedEntry(this.key, this, { value: this.#value ?? unsplice(this.json), revision, source: this });
  }

  #makeObject(): KubeObject {
    const resourceVersion = String(this.revision);
    const known = this.#source?.object;
    if (known === undefined) {
      const parsed = parse(this.#json ?? this.#value ?? opening);
      parsed.metadata.resourceVersion = resourceVersion;
      return deepFreeze(parsed);
    }
    const { kind: _kind, apiVersion: _apiVersion, metadata, ...fields } = known;
    return deepFreeze({ metadata: { ...metadata, resourceVersion }, ...fields });
  }
}

function takeRemembered(value: Buffer): Source {
  const object = remembered.get(value);
  if (object === undefined) return undefined;
  remembered.delete(value);
  return { object };
}

function parse(json: Buffer): KubeObject {
  return JSON.parse(json.toString()) as KubeObject;
}

/** The stored bytes with the resource version as the first field of metadata. */
function splice(value: Buffer, revision: number): Buffer {
  if (!startsWithOpening(value)) return spliceParsed(value, revision);
  const head = `{"metadata":{"resourceVersion":"${revision}",`;
  const json = Buffer.allocUnsafe(head.length + value.length - opening.length);
  json.write(head, 'latin1');
  value.copy(json, head.length, opening.length);
  return json;
}

/** Values that something else wrote: metadata need not come first. */
function spliceParsed(value: Buffer, revision: number): Buffer {
  const { metadata, ...fields } = parse(value);
  const { resourceVersion: _old, ...others } = metadata;
  return Buffer.from(JSON.stringify({ metadata: { resourceVersion: String(revision), ...others }, ...fields }));
}

function startsWithOpening(value: Buffer): boolean {
  // `{"metadata":{}` has no field that a comma could follow.
  return (
    value.length > opening.length && value[opening.length] === 0x22 && value.compare(opening, 0, opening.length, 0, opening.length) === 0
  );
}

/** The inverse of {@link splice} for its own result, sharing no memory with it. */
function unsplice(json: Buffer): Buffer {
  const end = json.indexOf(',', opening.length) + 1;
  return Buffer.concat([opening, json.subarray(end)]);
}
