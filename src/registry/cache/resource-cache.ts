/** The cache of one resource: ordered index, window and watches, and the reads that are answered from them. */
import sortedBtree from 'sorted-btree';
import { ApiError, badRequest } from '../../api/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { running, type Running } from '../../base/lifecycle.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Entry, EventSink, ListRequest, ListResult, ResourceEvent, Selection, WatchRequest } from '../store.ts';
import type { ResourceCache } from './cache.ts';
import { Change, selects } from './change.ts';
import { decodeContinue, encodeContinue, encodeToken } from './continue-token.ts';
import { CachedEntry, Kin } from './entry.ts';
import { Lists, lowerBound } from './lists.ts';
import { Snapshots } from './snapshots.ts';
import type { StoredConversions } from './stored-form.ts';
import { listError, parseVersion, tooOldVersion } from './versions.ts';
import { Watcher, Watchers } from './watchers.ts';
import { Window } from './window.ts';

/** What the cache of a resource needs of the whole one. */
export interface Host {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly revision: number;
  /** What the store holds in another version or group, as it is held here. */
  readonly conversions: StoredConversions;
  waitFor(revision: number): Promise<void>;
  waitForNewest(): Promise<number>;
  /** A watch wants bookmarks. */
  bookmarksWanted(): void;
  /** Throws when the cache no longer follows the store. */
  check(): void;
}

/** How long before its end a watch gets its last bookmark. */
const lastBookmarkSeconds = 2;

/** A state to list from, in key order. */
interface State {
  readonly entries: readonly CachedEntry[];
  readonly revision: number;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export class CachedResource implements ResourceCache {
  readonly prefix: string;
  readonly watchers = new Watchers();
  readonly conversions: StoredConversions;
  readonly #host: Host;
  readonly #tree = new sortedBtree.default<string, CachedEntry>(undefined, order);
  readonly #window: Window;
  readonly #snapshots: Snapshots;
  readonly #lists = new Lists((namespace) => this.#allIn(namespace));
  readonly #kin = new Kin();
  /** Since the start, for metrics: changes, entries of states taken in, how many such states. */
  readonly counts = { changes: 0, loaded: 0, loads: 0 };
  #changed: number;
  #bytes = 0;

  constructor(prefix: string, host: Host) {
    this.prefix = prefix;
    this.#host = host;
    this.conversions = host.conversions;
    this.#changed = host.revision;
    this.#window = new Window(host.revision, host.clock);
    this.#snapshots = new Snapshots(host.clock);
  }

  get size(): number {
    return this.#tree.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get watches(): number {
    return this.watchers.size;
  }

  keyOf(namespace: string, name: string): string {
    return namespace === '' ? this.prefix + name : `${this.prefix}${namespace}/${name}`;
  }

  get(namespace: string, name: string): Entry | undefined {
    return this.#tree.get(this.keyOf(namespace, name));
  }

  entriesOf(namespace: string): readonly Entry[] {
    return this.#lists.of(namespace);
  }

  /** Makes the entry of a stored value. */
  entry(key: string, value: Buffer, revision: number, previous?: CachedEntry): CachedEntry {
    return new CachedEntry(key, this.#placeOf(key), { value, revision, conversions: this.conversions, previous, kin: this.#kin });
  }

  /** A state found while nothing is here yet, each key once: no event comes of it. */
  load(entries: Iterable<CachedEntry>): void {
    this.counts.loads++;
    for (const entry of entries) {
      this.counts.loaded++;
      this.#bytes += entry.storedBytes;
      this.#tree.set(entry.key, entry);
    }
    this.#lists.clear();
  }

  /** Begins anew with this state; watches end, for what happened in between is not known. */
  reload(entries: readonly CachedEntry[], revision: number): void {
    this.#tree.clear();
    this.#bytes = 0;
    this.load(entries);
    this.#changed = revision;
    this.#window.restart(revision);
    this.#snapshots.stop();
    this.watchers.endAll(new ApiError('Expired', 'too old resource version: the server has lost its place in the store'));
  }

  /** The entry of a key, when it is at this revision. */
  known(key: string, revision: number): CachedEntry | undefined {
    const entry = this.#tree.get(key);
    return entry?.revision === revision ? entry : undefined;
  }

  /** Takes a change in without telling anybody; undefined when there was nothing to delete. */
  apply(key: string, value: Buffer | undefined, revision: number): Change | undefined {
    const previous = this.#tree.get(key);
    if (value === undefined && previous === undefined) return undefined;
    const entry = value === undefined ? undefined : this.entry(key, value, revision, previous);
    this.#bytes += (entry?.storedBytes ?? 0) - (previous?.storedBytes ?? 0);
    if (entry === undefined) this.#tree.delete(key);
    else this.#tree.set(key, entry);
    this.#lists.changed((entry ?? previous)?.namespace ?? '', { key, entry });
    this.#changed = revision;
    this.counts.changes++;
    const change = new Change(revision, entry, previous);
    this.#window.add(change);
    return change;
  }

  stop(error: Error): void {
    this.watchers.endAll(error);
    this.#snapshots.stop();
  }

  async list(request: ListRequest): Promise<ListResult> {
    this.#host.check();
    if (request.continue !== undefined && request.continue !== '') return this.#listRest(request, request.continue);
    const { resourceVersion = '', resourceVersionMatch = '', limit = 0 } = request;
    const asked = parseVersion(resourceVersion);
    const exact = resourceVersionMatch === 'Exact' || (resourceVersionMatch === '' && limit > 0 && asked > 0);
    if (exact) return this.#page(await this.#stateAt(request, asked, undefined), request, '');
    await this.#freshEnough(resourceVersion, asked);
    // Any state will do: upstream then ignores the limit (cacher.go, computeListLimit).
    const { limit: _limit, ...all } = request;
    return this.#page(this.#state(request), resourceVersion === '0' ? all : request, '');
  }

  async watch(request: WatchRequest, sink: EventSink): Promise<Running> {
    this.#host.check();
    const { resourceVersion, sendInitialEvents } = request;
    const asked = parseVersion(resourceVersion, 'watch');
    const newest = resourceVersion === '' && sendInitialEvents !== undefined;
    if (newest || sendInitialEvents === true) await this.#freshEnough(resourceVersion, asked);
    const fromState = sendInitialEvents === true || (sendInitialEvents === undefined && asked === 0);
    const { revision } = this.#host;
    const after = fromState || asked === 0 ? revision : asked;
    if (after < this.#window.start) throw tooOldVersion(after, this.#window.start);
    const watcher = new Watcher(request, sink, { bookmarks: request.allowBookmarks, after: Math.max(after, revision) });
    const initial = fromState ? this.#initialEvents(request) : this.#missedEvents(watcher, after);
    this.watchers.add(watcher);
    if (request.allowBookmarks) this.#host.bookmarksWanted();
    if (initial.length > 0) this.watchers.tell(watcher, initial, watcher.told);
    const cancel = this.#armLastBookmark(watcher, request);
    return running(() => {
      cancel?.();
      this.watchers.remove(watcher);
    });
  }

  /** Upstream's cacher_watch.go, nextBookmarkTime. */
  #armLastBookmark(watcher: Watcher, { allowBookmarks, endsInSeconds = 0 }: WatchRequest): (() => void) | undefined {
    if (!allowBookmarks || endsInSeconds <= lastBookmarkSeconds) return undefined;
    const wait = (endsInSeconds - lastBookmarkSeconds) * 1000;
    return this.#host.clock.after(wait, () => this.watchers.lastBookmark(watcher, this.#host.revision));
  }

  async #freshEnough(resourceVersion: string, asked: number): Promise<void> {
    if (resourceVersion === '') await this.#host.waitForNewest();
    else if (asked > 0) await this.#host.waitFor(asked);
  }

  #initialEvents(request: WatchRequest): ResourceEvent[] {
    const events: ResourceEvent[] = this.#selected(this.#state(request).entries, request).map((entry) => entry.added);
    if (request.sendInitialEvents === true && request.allowBookmarks)
      events.push({ type: 'BOOKMARK', revision: this.#host.revision, initialEventsEnd: true });
    return events;
  }

  #missedEvents(watcher: Watcher, after: number): ResourceEvent[] {
    const { namespace, name } = watcher.selection;
    const concerns = ({ entry, previous }: Change): boolean => {
      const place = entry ?? previous;
      return (namespace === '' || place?.namespace === namespace) && (name === undefined || place?.name === name);
    };
    return this.#window.after(after).flatMap((change) => (concerns(change) ? (watcher.eventOf(change) ?? []) : []));
  }

  /** The pages after the first: all show its revision, for as long as that is remembered. */
  async #listRest(request: ListRequest, text: string): Promise<ListResult> {
    const { resourceVersion = '' } = request;
    const token = decodeContinue(text);
    if (resourceVersion !== '' && resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    const start = this.#prefixOf(request.namespace) + token.start;
    if (token.revision > 0) {
      const newest = encodeToken({ revision: -1, start: token.start });
      return this.#page(await this.#stateAt(request, token.revision, newest), request, start);
    }
    await this.#host.waitForNewest();
    return this.#page(this.#state(request), request, start);
  }

  #page({ entries, revision }: State, request: ListRequest, start: string): ListResult {
    const { limit = 0, namespace } = request;
    const from = start === '' ? 0 : lowerBound(entries, start);
    if (limit <= 0)
      return {
        entries: this.#selected(from === 0 ? entries : entries.slice(from), request),
        revision,
        continue: undefined,
        remaining: undefined,
      };
    const chosen: CachedEntry[] = [];
    let at = from;
    for (; at < entries.length && chosen.length < limit; at++) {
      const entry = entries[at];
      if (entry !== undefined && isChosen(request, entry)) chosen.push(entry);
    }
    const last = chosen.at(-1);
    if (at >= entries.length || last === undefined) return { entries: chosen, revision, continue: undefined, remaining: undefined };
    this.#snapshots.keep(namespace, revision, entries);
    const selective = request.labels !== undefined || request.fields !== undefined || request.name !== undefined;
    return {
      entries: chosen,
      revision,
      continue: encodeContinue(this.#prefixOf(namespace), last.key, revision),
      remaining: selective ? undefined : entries.length - at,
    };
  }

  #selected(entries: readonly CachedEntry[], selection: Selection): readonly CachedEntry[] {
    const { labels, fields, name } = selection;
    if (labels === undefined && fields === undefined && name === undefined) return entries;
    if (name !== undefined) return entries.filter((entry) => isChosen(selection, entry));
    return this.#lists.chosen(entries, selection, (entry) => selects(selection, entry));
  }

  /** What is there now of a selection's namespace and name. */
  #state({ namespace, name }: Selection): State {
    const { revision } = this.#host;
    const single = name === undefined ? undefined : this.#tree.get(this.keyOf(namespace, name));
    if (single !== undefined) return { entries: [single], revision };
    if (name !== undefined && namespace !== '') return { entries: [], revision };
    return { entries: this.#lists.of(namespace), revision };
  }

  #allIn(namespace: string): readonly CachedEntry[] {
    const entries: CachedEntry[] = [];
    if (namespace === '') this.#tree.forEachPair((_, entry) => void entries.push(entry));
    else {
      const scope = `${this.prefix}${namespace}`;
      this.#tree.forRange(`${scope}/`, `${scope}0`, false, (_, entry) => void entries.push(entry));
    }
    return entries;
  }

  /** The state at exactly this revision: the present one, a remembered one, or one from the store's log. */
  async #stateAt(request: ListRequest, revision: number, newest: string | undefined): Promise<State> {
    const { namespace } = request;
    try {
      // What the store has forgotten is Expired, even if the cache could still tell: clients count on reads at a revision to end.
      if (revision < this.#host.revision && !this.#snapshots.isFresh(namespace, revision))
        await this.#host.storage.range({ prefix: this.#prefixOf(namespace), revision, limit: 1 });
      if (this.#changed <= revision && revision <= this.#host.revision) return { entries: this.#lists.of(namespace), revision };
      const kept = this.#snapshots.find(namespace, revision);
      if (kept !== undefined) return { entries: kept, revision };
      const { items } = await this.#host.storage.range({ prefix: this.#prefixOf(namespace), revision });
      return {
        entries: items.map(({ key, value, modRevision }) => this.known(key, modRevision) ?? this.entry(key, value, modRevision)),
        revision,
      };
    } catch (error) {
      throw listError(error, { revision, current: this.#host.revision, newest, isSingle: request.name !== undefined });
    }
  }

  #prefixOf(namespace: string): string {
    return namespace === '' ? this.prefix : `${this.prefix}${namespace}/`;
  }

  #placeOf(key: string): { readonly namespace: string; readonly name: string } {
    const slash = key.indexOf('/', this.prefix.length);
    if (slash === -1) return { namespace: '', name: key.slice(this.prefix.length) };
    return { namespace: key.slice(this.prefix.length, slash), name: key.slice(slash + 1) };
  }
}

function isChosen(selection: Selection, entry: CachedEntry): boolean {
  return (selection.name === undefined || selection.name === entry.name) && selects(selection, entry);
}
