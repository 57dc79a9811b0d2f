/**
 * The verbs of one resource. HTTP handlers (apiserver/) and the in-process client call these; everything about decoding,
 * encoding and status codes stays outside. Failures are ApiErrors.
 */
import type { KubeObject } from '../api/object.ts';
import type { Running } from '../base/lifecycle.ts';
import type { RequestContext } from './context.ts';
import type { ResourceDefinition } from './definition.ts';

/** One stored object in the form it is shared by everybody: nothing of it may be changed. */
export interface Entry {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** Deeply frozen; parsed on first use. kind and apiVersion are absent, as in upstream's list items. */
  readonly object: KubeObject;
  /** `object`, or where that would have to be parsed first, only its metadata without managedFields. Missing: ask for `object`. */
  readonly partial?: Pick<KubeObject, 'metadata'>;
  /** The JSON as served inside lists: starts with `{"metadata":{"resourceVersion":"N",`, has no kind and apiVersion. */
  readonly json: Buffer;
}

/** A parsed selector: apiserver and client turn text into it with api/selectors.ts. */
export interface Selection {
  readonly namespace: string;
  readonly labels?: (labels: Readonly<Record<string, string>> | undefined) => boolean;
  /** Field selector; throws 400 at parse time for unknown fields. */
  readonly fields?: (object: KubeObject) => boolean;
  /** Selections of one resource with the same text select the same. Missing where there is nothing but a place, or no text. */
  readonly text?: string;
  /** Set when a field selector pins metadata.name: lists and watches look at one key only. */
  readonly name?: string;
}

export interface ListRequest extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
}

export interface ListResult {
  readonly entries: readonly Entry[];
  readonly revision: number;
  readonly continue: string | undefined;
  /** Only without selectors and when there is more. */
  readonly remaining: number | undefined;
}

export interface WatchRequest extends Selection {
  /** '' and '0': any state first as ADDED, then changes; otherwise changes after it. */
  readonly resourceVersion: string;
  readonly allowBookmarks: boolean;
  /** When the watch will be stopped: it gets a bookmark shortly before, so that the next one can begin there. */
  readonly endsInSeconds?: number;
  readonly sendInitialEvents?: boolean;
  readonly resourceVersionMatch?: string;
}

/**
 * An event as all watchers share it. `entry.object` on DELETED is the last state with the revision of the deletion.
 * A BOOKMARK has no entry; `initialEventsEnd` marks the one that closes the initial events.
 */
export type ResourceEvent =
  | {
      readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
      readonly entry: Entry;
      readonly revision: number;
      /** The event is shared by all watchers: whoever encodes it keeps the bytes here, by encoding, for the others. */
      encoded?: Map<string, Buffer>;
    }
  | { readonly type: 'BOOKMARK'; readonly revision: number; readonly initialEventsEnd: boolean };

export interface EventSink {
  /** In revision order; the batch array must not be kept. Return false when the consumer cannot take more now: the watch ends. */
  events(events: readonly ResourceEvent[]): void;
  /** The watch ended by itself: 410 Expired, storage trouble, a consumer too slow. */
  end(error: Error): void;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
}

export interface DeleteRequest extends WriteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly orphanDependents?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** How an update finds the new object from the current one (undefined: not there). Gets a frozen value, returns a private one. */
export type Updater = (current: KubeObject | undefined) => Promise<KubeObject> | KubeObject;

export interface UpdateRequest extends WriteOptions {
  readonly name: string;
  readonly namespace: string;
  /** '' for the object itself, otherwise `status`, `scale` or a subresource's name. */
  readonly subresource: string;
  readonly update: Updater;
  /** Retry against newer states on conflict (patches do; PUT with a resourceVersion does not). */
  readonly retryOnConflict: boolean;
  /** Apply (server-side) creates when missing, whatever the strategy says. */
  readonly forceAllowCreate?: boolean;
  /**
   * Server-side apply: `update` gets this configuration (with kind and apiVersion) merged into the current object, parts shared with both,
   * and reads it as its kind.
   */
  readonly apply?: { readonly config: Readonly<Record<string, unknown>>; readonly force: boolean };
}

export interface ResourceStore {
  readonly definition: ResourceDefinition;
  /** `resourceVersion` '0' or a number: any state at least that new; '' : the newest. */
  get(namespace: string, name: string, resourceVersion?: string): Promise<Entry>;
  /** Any state of one object, or of a namespace's ('' : all) as the same array while nothing changes, that is known without waiting. */
  known?(namespace: string, name: string): Entry | undefined;
  knownIn?(namespace: string): readonly Entry[];
  list(request: ListRequest): Promise<ListResult>;
  /** Rejects when the start is refused (400, 410); afterwards `sink.end` tells. */
  watch(request: WatchRequest, sink: EventSink): Promise<Running>;
  create(namespace: string, object: KubeObject, context: RequestContext, options?: WriteOptions): Promise<Entry>;
  update(request: UpdateRequest, context: RequestContext): Promise<{ entry: Entry; created: boolean }>;
  /** `gone` false: finalizers or a grace period keep it (the entry is its new state). */
  delete(namespace: string, name: string, request: DeleteRequest, context: RequestContext): Promise<{ entry: Entry; gone: boolean }>;
  deleteCollection(list: ListRequest, request: DeleteRequest, context: RequestContext): Promise<ListResult>;
  /** POST to a subresource with behaviour of its own. */
  connect(subresource: string, namespace: string, name: string, body: KubeObject, context: RequestContext): Promise<KubeObject>;
  /** How much there is at the moment; missing where nothing is stored. */
  stats?(): StoreStats;
}

export interface StoreStats {
  readonly objects: number;
  /** What they take up in the store. */
  readonly bytes: number;
  readonly watches: number;
  /** Since the start: changes that came, objects of states taken in, how many such states. */
  readonly counts: { readonly changes: number; readonly loaded: number; readonly loads: number };
}

/** All resources that are served, by group, version and plural. */
export interface Registry {
  lookup(group: string, version: string, resource: string): ResourceStore | undefined;
  /** In discovery order. Changes when custom resources come and go. */
  all(): readonly ResourceStore[];
  /** Calls back after every change of the set. */
  onChange(call: () => void): Running;
}
