/** One stored object as everybody shares it: bytes and value, each made at most once and only when somebody asks. */
import type { KubeObject } from '../../api/object.ts';
import { freezeLike } from '../../api/shared-parts.ts';
import { ownBytes } from '../../base/own-bytes.ts';
import type { Entry, ResourceEvent } from '../store.ts';
import type { StoredConversions } from './stored-form.ts';
import { decodeStored, metadataAt, objectEnd, opening } from './stored-form.ts';

export type ObjectEvent = Extract<ResourceEvent, { entry: Entry }>;

/** What the writer serialised, by the bytes it became: a memo, not state. An entry is taken out when its event arrives. */
const remembered = new WeakMap<Buffer, KubeObject>();

/**
 * Call before `storage.put(key, value)`: the object that `value` is the JSON of becomes the cached one when the event arrives,
 * instead of being parsed again. The object is given away: the cache freezes what is in it.
 */
export function rememberObject(value: Buffer, object: KubeObject): void {
  remembered.set(value, object);
}

type Partial = Pick<KubeObject, 'metadata'>;

/** Where an entry takes its object from until somebody has asked for it. */
type Source = { readonly object: KubeObject } | undefined;

/** The object of a resource that was made last: the next one shares with it what is the same in both. */
export class Kin {
  latest: KubeObject | undefined;
}

export interface StoredValue {
  readonly value: Buffer;
  /** When that is not the length of the value. */
  readonly storedBytes?: number;
  readonly revision: number;
  readonly source?: Source;
  readonly conversions: StoredConversions;
  /** The state it takes the place of. */
  readonly previous?: CachedEntry | undefined;
  readonly kin?: Kin;
}

export class CachedEntry implements Entry {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly revision: number;
  /** Bytes it takes up in the store. */
  readonly storedBytes: number;
  /** The stored bytes; dropped when `json`, which is nearly the same, has been made. */
  #value: Buffer | undefined;
  #json: Buffer | undefined;
  #object: KubeObject | undefined;
  #partial: Partial | undefined;
  #source: Source;
  readonly #conversions: StoredConversions;
  readonly #kin: Kin | undefined;
  /** What its object is most likely like; until that is made. */
  #like: KubeObject | undefined;
  #added: ObjectEvent | undefined;

  constructor(key: string, place: { readonly namespace: string; readonly name: string }, stored: StoredValue) {
    this.key = key;
    this.namespace = place.namespace;
    this.name = place.name;
    this.revision = stored.revision;
    this.storedBytes = stored.storedBytes ?? stored.value.length;
    this.#value = stored.value;
    this.#source = stored.source ?? takeRemembered(stored.value);
    this.#conversions = stored.conversions;
    this.#kin = stored.kin;
    if (stored.previous !== undefined) this.#like = stored.previous.#object;
  }

  get json(): Buffer {
    if (this.#json === undefined) {
      this.#json = this.#splice(this.#value ?? opening);
      this.#value = undefined;
    }
    return this.#json;
  }

  get object(): KubeObject {
    if (this.#object === undefined) {
      this.#object = freezeLike(this.#makeObject(), this.#like ?? this.#kin?.latest);
      this.#source = undefined;
      this.#like = undefined;
      if (this.#kin !== undefined) this.#kin.latest = this.#object;
    }
    return this.#object;
  }

  /** Makes the object now, because it will be asked for. */
  parse(): void {
    void this.object;
  }

  get partial(): Partial {
    if (this.#object !== undefined || this.#source !== undefined) return this.object;
    return (this.#partial ??= this.#parsedMetadata() ?? this.object);
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
    const { key, storedBytes } = this;
    const value = this.#value ?? this.json;
    const entry = new CachedEntry(key, this, { value, storedBytes, revision, source: this, conversions: this.#conversions });
    if (this.#value === undefined) {
      entry.#json = resplice(value, entry.#head);
      entry.#value = undefined;
    }
    return entry;
  }

  #makeObject(): KubeObject {
    if (this.#source === undefined) return this.#parsed();
    const { kind: _kind, apiVersion: _apiVersion, metadata, ...fields } = this.#source.object;
    return { metadata: { ...metadata, resourceVersion: String(this.revision) }, ...fields };
  }

  /** The object as it is served. Of values in the usual form the very text that is served is parsed: copying fields costs as much again. */
  #parsed(): KubeObject {
    if (this.#json !== undefined) return JSON.parse(this.#json.toString()) as KubeObject;
    const value = this.#value ?? opening;
    const at = metadataAt(value, this.#conversions);
    return at === -1 ? this.#decoded(value) : (JSON.parse(this.#head + value.toString('utf8', at + opening.length - 1)) as KubeObject);
  }

  /** undefined: the value has another form than usual. */
  #parsedMetadata(): Partial | undefined {
    const text = this.#metadataText();
    if (text === undefined) return undefined;
    const { metadata } = JSON.parse(text) as KubeObject;
    const { managedFields: _owners, ...meta } = metadata;
    return freezeLike({ metadata: meta }, this.#kin?.latest);
  }

  #metadataText(): string | undefined {
    if (this.#json !== undefined) return this.#json.toString('utf8', 0, objectEnd(this.#json, opening.length - 1)) + '}';
    const value = this.#value ?? opening;
    const at = metadataAt(value, this.#conversions);
    if (at === -1) return undefined;
    const from = at + opening.length - 1;
    return this.#head + value.toString('utf8', from, objectEnd(value, from - 1)) + '}';
  }

  /** Values that something else wrote: metadata need not come first, nor need it be JSON. */
  #decoded(value: Buffer): KubeObject {
    const { metadata, ...fields } = decodeStored(value, this.#conversions);
    const { resourceVersion: _old, ...meta } = metadata;
    return { metadata: { resourceVersion: String(this.revision), ...meta }, ...fields };
  }

  get #head(): string {
    return `{"metadata":{"resourceVersion":"${this.revision}",`;
  }

  /** The stored bytes with the resource version as the first field of metadata, and without kind and apiVersion. */
  #splice(value: Buffer): Buffer {
    const at = metadataAt(value, this.#conversions);
    if (at === -1) return ownBytes(JSON.stringify(this.#decoded(value)));
    const head = this.#head;
    const from = at + opening.length - 1;
    const json = Buffer.allocUnsafeSlow(head.length + value.length - from);
    json.write(head, 'latin1');
    value.copy(json, head.length, from);
    return json;
  }
}

function takeRemembered(value: Buffer): Source {
  const object = remembered.get(value);
  if (object === undefined) return undefined;
  remembered.delete(value);
  return { object };
}

/** Bytes that were made by splicing with another head, sharing no memory with them. */
function resplice(json: Buffer, head: string): Buffer {
  const end = json.indexOf(',', opening.length) + 1;
  const other = Buffer.allocUnsafeSlow(head.length + json.length - end);
  other.write(head, 'latin1');
  json.copy(other, head.length, end);
  return other;
}
