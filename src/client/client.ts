/**
 * How every part right of the API sees the cluster: controllers, scheduler, agent, proxy, DNS. Two transports stand behind
 * it: in-process (apiserver/in-process.ts: objects are shared with the cache, never copied) and HTTPS (client/https.ts).
 * Objects that come out are deeply frozen: copy (structuredClone) before changing. Failures are ApiErrors.
 */
import type { KubeObject, New } from '../api/object.ts';
import type { Running } from '../base/lifecycle.ts';

/** Names a resource and, for the compiler, its type. The core group is ''. */
export interface ResourceRef<T> {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly type?: (object: T) => T;
}

export interface SelectOptions {
  /** Missing or '': all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ReadOptions extends SelectOptions {
  /**
   * Only metadata is looked at, and of that not managedFields (upstream's PartialObjectMetadata): what comes may lack all else, and costs less.
   */
  readonly metadataOnly?: boolean;
}

export interface ListOptions extends ReadOptions {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface List<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue?: string;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

export interface WatchOptions extends ReadOptions {
  readonly resourceVersion?: string;
  readonly sendInitialEvents?: boolean;
}

export interface WatchSink<T> {
  event(event: WatchEvent<T>): void;
  /** The watch is over: undefined when the server closed it in order (watch again from the last version). */
  end(error: Error | undefined): void;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json'
  | 'application/apply-patch+yaml';

export interface PatchOptions {
  readonly type: PatchType;
  readonly body: unknown;
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly force?: boolean;
}

/** `namespace` is '' for cluster-scoped kinds. */
export interface ResourceClient<T> {
  readonly ref: ResourceRef<T>;
  get(namespace: string, name: string): Promise<T>;
  list(options?: ListOptions): Promise<List<T>>;
  /** Rejects when the start is refused; afterwards `sink.end` tells. */
  watch(options: WatchOptions, sink: WatchSink<T>): Promise<Running>;
  create(namespace: string, object: New<T>): Promise<T>;
  /** Replaces; 409 Conflict when `object.metadata.resourceVersion` is not the newest. */
  update(object: T): Promise<T>;
  updateStatus(object: T): Promise<T>;
  patch(namespace: string, name: string, options: PatchOptions): Promise<T>;
  delete(namespace: string, name: string, options?: DeleteOptions): Promise<void>;
  deleteCollection(select: SelectOptions, options?: DeleteOptions): Promise<void>;
  /** POST to a subresource (binding, eviction, token) and its answer. */
  createSubresource(namespace: string, name: string, subresource: string, body: unknown): Promise<KubeObject>;
  getSubresource(namespace: string, name: string, subresource: string): Promise<KubeObject>;
  updateSubresource(namespace: string, name: string, subresource: string, body: unknown): Promise<KubeObject>;
}

export interface Client {
  resource<T>(ref: ResourceRef<T>): ResourceClient<T>;
  /** Discovery's list of everything that can be listed, watched and deleted (garbage collector, namespace controller). */
  discover(): Promise<readonly DiscoveredResource[]>;
}

export interface DiscoveredResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}
