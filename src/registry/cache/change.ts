/** One change as the window keeps it, and the events it is to different watchers. */
import type { Selection } from '../store.ts';
import type { CachedEntry, ObjectEvent } from './entry.ts';

export class Change {
  readonly revision: number;
  /** The new state; undefined: deleted. */
  readonly entry: CachedEntry | undefined;
  readonly previous: CachedEntry | undefined;
  #modified: ObjectEvent | undefined;
  /** Bytes of its own, which only those who are being told need: made anew for whoever asks later. */
  #deleted: WeakRef<ObjectEvent> | undefined;

  constructor(revision: number, entry: CachedEntry | undefined, previous: CachedEntry | undefined) {
    this.revision = revision;
    this.entry = entry;
    this.previous = previous;
  }

  /** Bytes the window keeps alive for it. */
  get size(): number {
    return (this.entry ?? this.previous)?.size ?? 0;
  }

  /** What it is to somebody who sees every object. */
  get event(): ObjectEvent | undefined {
    if (this.entry === undefined) return this.#deletion;
    return this.previous === undefined ? this.entry.added : this.#modification;
  }

  /**
   * What it is to a watcher with a selector: an object that begins to match is added, one that ends to match is deleted, with
   * its last matching state and the revision of the change (apiserver storage/cacher/cache_watcher.go, convertToWatchEvent).
   */
  eventFor(matches: (entry: CachedEntry) => boolean): ObjectEvent | undefined {
    const now = this.entry !== undefined && matches(this.entry);
    const before = this.previous !== undefined && matches(this.previous);
    if (now) return before ? this.#modification : this.entry?.added;
    return before ? this.#deletion : undefined;
  }

  get #modification(): ObjectEvent | undefined {
    const { entry, revision } = this;
    if (entry !== undefined) this.#modified ??= { type: 'MODIFIED', entry, revision };
    return this.#modified;
  }

  get #deletion(): ObjectEvent | undefined {
    const { previous, revision } = this;
    const known = this.#deleted?.deref();
    if (known !== undefined || previous === undefined) return known;
    const event: ObjectEvent = { type: 'DELETED', entry: previous.at(revision), revision };
    this.#deleted = new WeakRef(event);
    return event;
  }
}

/** Whether nothing but namespace and name decides, which the watch's place has checked already. */
export function selectsAll({ labels, fields }: Selection): boolean {
  return labels === undefined && fields === undefined;
}

/** Whether an entry of the right namespace and name is selected. */
export function selects({ labels, fields }: Selection, entry: CachedEntry): boolean {
  if (labels !== undefined && !labels(entry.object.metadata.labels)) return false;
  return fields === undefined || fields(entry.object);
}
