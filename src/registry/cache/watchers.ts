/** The watches of one resource, found by the namespace and name they look at, and what each is told of a commit. */
import type { ResourceEvent, EventSink, Selection } from '../store.ts';
import { selects, selectsAll, type Change } from './change.ts';
import type { CachedEntry } from './entry.ts';

export class Watcher {
  readonly selection: Selection;
  readonly sink: EventSink;
  readonly bookmarks: boolean;
  /** Changes and bookmarks at or below this revision are not for it (any more). */
  told: number;
  stopped = false;

  constructor(selection: Selection, sink: EventSink, options: { readonly bookmarks: boolean; readonly after: number }) {
    this.selection = selection;
    this.sink = sink;
    this.bookmarks = options.bookmarks;
    this.told = options.after;
  }

  /** The event a change of its namespace and name is to it. */
  eventOf(change: Change): ResourceEvent | undefined {
    if (selectsAll(this.selection)) return change.event;
    return change.eventFor((entry) => selects(this.selection, entry));
  }
}

/** Names the place a selection looks at: a namespace or all, one name or all. */
const scopeOf = (namespace: string, name: string): string => `${namespace}/${name}`;

export class Watchers {
  readonly #scopes = new Map<string, Set<Watcher>>();
  /** How many want bookmarks. */
  bookmarked = 0;
  size = 0;

  add(watcher: Watcher): void {
    const scope = scopeOf(watcher.selection.namespace, watcher.selection.name ?? '');
    const set = this.#scopes.get(scope);
    if (set === undefined) this.#scopes.set(scope, new Set([watcher]));
    else set.add(watcher);
    this.size++;
    if (watcher.bookmarks) this.bookmarked++;
  }

  remove(watcher: Watcher): void {
    if (watcher.stopped) return;
    watcher.stopped = true;
    const scope = scopeOf(watcher.selection.namespace, watcher.selection.name ?? '');
    const set = this.#scopes.get(scope);
    set?.delete(watcher);
    if (set?.size === 0) this.#scopes.delete(scope);
    this.size--;
    if (watcher.bookmarks) this.bookmarked--;
  }

  end(watcher: Watcher, error: Error): void {
    if (watcher.stopped) return;
    this.remove(watcher);
    watcher.sink.end(error);
  }

  endAll(error: Error): void {
    for (const set of [...this.#scopes.values()]) for (const watcher of [...set]) this.end(watcher, error);
  }

  /** Tells everybody concerned of the changes of one commit. */
  dispatch(changes: readonly Change[]): void {
    if (this.size === 0) return;
    for (const [scope, concerning] of this.#byScope(changes)) this.#dispatchScope([...(this.#scopes.get(scope) ?? [])], concerning);
  }

  /** A bookmark for those that want one and have not been told of this revision yet. */
  bookmark(revision: number): void {
    const bookmark: ResourceEvent[] = [{ type: 'BOOKMARK', revision, initialEventsEnd: false }];
    for (const set of [...this.#scopes.values()]) {
      for (const watcher of [...set]) if (watcher.bookmarks && watcher.told < revision) this.tell(watcher, bookmark, revision);
    }
  }

  /** A bookmark for one, whatever it has been told. */
  lastBookmark(watcher: Watcher, revision: number): void {
    this.tell(watcher, [{ type: 'BOOKMARK', revision, initialEventsEnd: false }], Math.max(watcher.told, revision));
  }

  /** Hands events over; a sink that throws has lost its watch. */
  tell(watcher: Watcher, events: readonly ResourceEvent[], revision: number): void {
    if (watcher.stopped) return;
    watcher.told = revision;
    try {
      watcher.sink.events(events);
    } catch (error) {
      this.end(watcher, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #byScope(changes: readonly Change[]): Map<string, Change[]> {
    const scopes = new Map<string, Change[]>();
    for (const change of changes) {
      for (const scope of scopesOf(change.entry ?? change.previous)) {
        if (!this.#scopes.has(scope)) continue;
        const list = scopes.get(scope);
        if (list === undefined) scopes.set(scope, [change]);
        else list.push(change);
      }
    }
    return scopes;
  }

  #dispatchScope(watchers: readonly Watcher[], changes: readonly Change[]): void {
    const first = changes[0]?.revision ?? 0;
    const last = changes.at(-1)?.revision ?? 0;
    let shared: ResourceEvent[] | undefined;
    for (const watcher of watchers) {
      const whole = watcher.told < first;
      const events =
        whole && selectsAll(watcher.selection)
          ? (shared ??= changes.flatMap((change) => change.event ?? []))
          : changes.filter((change) => change.revision > watcher.told).flatMap((change) => watcher.eventOf(change) ?? []);
      if (events.length > 0) this.tell(watcher, events, last);
    }
  }
}

function scopesOf(entry: CachedEntry | undefined): ReadonlySet<string> {
  if (entry === undefined) return new Set();
  const { namespace, name } = entry;
  return new Set([scopeOf('', ''), scopeOf(namespace, ''), scopeOf(namespace, name), scopeOf('', name)]);
}
