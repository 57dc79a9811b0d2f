/**
 * The client of Coracle's own parts: straight onto the resource stores. No HTTP, no JSON, no copies on the way out (objects
 * are the cache's own, frozen); what goes in is copied once, so callers may pass frozen parts.
 */
import { ApiError } from '../api/errors.ts';
import { cloneJson } from '../api/json.ts';
import { cloneObject, type KubeObject, type New } from '../api/object.ts';
import type { Running } from '../base/lifecycle.ts';
import type {
  Client,
  DeleteOptions,
  DiscoveredResource,
  List,
  ListOptions,
  PatchOptions,
  ReadOptions,
  ResourceClient,
  ResourceRef,
  SelectOptions,
  WatchOptions,
  WatchSink,
} from '../client/client.ts';
import type { RequestContext, UserInfo } from '../registry/context.ts';
import { scaleOf } from '../registry/scale.ts';
import type { Entry, EventSink, Registry, ResourceStore, UpdateRequest } from '../registry/store.ts';
import { patched } from './patching.ts';
import { selectionOf } from '../registry/selection.ts';

export interface InProcessOptions {
  /** Owner of the fields it writes; default: the user's name. */
  readonly fieldManager?: string;
  readonly signal?: AbortSignal;
  /** See RequestContext. */
  readonly mayRepeat?: () => boolean;
  /** Gets what would be a Warning header. */
  readonly warn?: (text: string) => void;
}

/** A client that acts as `user` with no authentication or authorization in between. */
export function inProcessClient(registry: Registry, user: UserInfo, options: InProcessOptions = {}): Client {
  const context: RequestContext = {
    user,
    fieldManager: options.fieldManager ?? user.name,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.mayRepeat === undefined ? {} : { mayRepeat: options.mayRepeat }),
    warn: options.warn ?? (() => undefined),
  };
  return {
    resource: <T>(ref: ResourceRef<T>) => new InProcessResource<T>(registry, ref, context),
    discover: async () => registry.all().map(discovered).filter(isCollectable),
  };
}

function discovered({ definition }: ResourceStore): DiscoveredResource {
  const { group, version, resource, kind, namespaced, verbs } = definition;
  return { group, version, resource, kind, namespaced, verbs };
}

function isCollectable({ verbs }: DiscoveredResource): boolean {
  return verbs.includes('list') && verbs.includes('watch') && verbs.includes('delete');
}

class InProcessResource<T> implements ResourceClient<T> {
  readonly ref: ResourceRef<T>;
  readonly #registry: Registry;
  readonly #context: RequestContext;

  constructor(registry: Registry, ref: ResourceRef<T>, context: RequestContext) {
    this.#registry = registry;
    this.ref = ref;
    this.#context = context;
  }

  async get(namespace: string, name: string): Promise<T> {
    return (await this.#store().get(namespace, name, '')).object as T;
  }

  async list(options: ListOptions = {}): Promise<List<T>> {
    const store = this.#store();
    const { limit, continue: token, resourceVersion } = options;
    const result = await store.list({
      ...selectionOf(store.definition, options),
      ...(limit === undefined ? {} : { limit }),
      ...(token === undefined ? {} : { continue: token }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    });
    return {
      items: result.entries.map(objectOf<T>(options)),
      resourceVersion: String(result.revision),
      ...(result.continue === undefined ? {} : { continue: result.continue }),
    };
  }

  async watch(options: WatchOptions, sink: WatchSink<T>): Promise<Running> {
    const store = this.#store();
    const request = {
      ...selectionOf(store.definition, options),
      resourceVersion: options.resourceVersion ?? '',
      allowBookmarks: true,
      ...(options.sendInitialEvents === true ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } : {}),
    };
    return store.watch(request, translate(sink, objectOf<T>(options)));
  }

  async create(namespace: string, object: New<T>): Promise<T> {
    const entry = await this.#store().create(namespace, cloneObject(object) as unknown as KubeObject, this.#context);
    return entry.object as T;
  }

  update(object: T): Promise<T> {
    return this.#replace(object, '');
  }

  updateStatus(object: T): Promise<T> {
    return this.#replace(object, 'status');
  }

  async patch(namespace: string, name: string, options: PatchOptions): Promise<T> {
    const store = this.#store();
    const fieldManager = options.fieldManager ?? this.#context.fieldManager ?? '';
    const subresource = options.subresource ?? '';
    const { type, body, force = false } = options;
    const warn = (text: string): void => this.#context.warn(text);
    const change = patched(store.definition, { type, body, name, subresource, force, validation: 'Ignore', warn });
    const request: UpdateRequest = { name, namespace, subresource, retryOnConflict: true, ...change };
    const { entry } = await store.update(request, { ...this.#context, fieldManager });
    return entry.object as T;
  }

  async delete(namespace: string, name: string, options: DeleteOptions = {}): Promise<void> {
    await this.#store().delete(namespace, name, options, this.#context);
  }

  async deleteCollection(select: SelectOptions, options: DeleteOptions = {}): Promise<void> {
    const store = this.#store();
    await store.deleteCollection(selectionOf(store.definition, select), options, this.#context);
  }

  createSubresource(namespace: string, name: string, subresource: string, body: unknown): Promise<KubeObject> {
    return this.#store().connect(subresource, namespace, name, cloneJson(body) as KubeObject, this.#context);
  }

  async getSubresource(namespace: string, name: string, subresource: string): Promise<KubeObject> {
    const store = this.#store();
    const entry = await store.get(namespace, name, '');
    return subresource === 'scale' ? scaleOf(store.definition, entry.object) : entry.object;
  }

  async updateSubresource(namespace: string, name: string, subresource: string, body: unknown): Promise<KubeObject> {
    const object = body as KubeObject;
    const request: UpdateRequest = { name, namespace, subresource, update: () => cloneObject(object), retryOnConflict: false };
    return (await this.#store().update(request, this.#context)).entry.object;
  }

  /** PUT: the object carries its own name; a missing resourceVersion overwrites whatever is there. */
  async #replace(object: T, subresource: string): Promise<T> {
    const { name, namespace = '' } = (object as KubeObject).metadata;
    const request: UpdateRequest = {
      name,
      namespace,
      subresource,
      update: () => cloneObject(object as unknown as KubeObject),
      retryOnConflict: false,
    };
    return (await this.#store().update(request, this.#context)).entry.object as T;
  }

  #store(): ResourceStore {
    const { group, version, resource } = this.ref;
    const store = this.#registry.lookup(group, version, resource);
    if (store === undefined)
      throw new ApiError('NotFound', 'the server could not find the requested resource', { details: { group, kind: resource } });
    return store;
  }
}

function objectOf<T>({ metadataOnly = false }: ReadOptions): (entry: Entry) => T {
  return metadataOnly ? (entry) => (entry.partial ?? entry.object) as T : (entry) => entry.object as T;
}

function translate<T>(sink: WatchSink<T>, objectOf: (entry: Entry) => T): EventSink {
  return {
    events: (events) => {
      for (const event of events) {
        if (event.type === 'BOOKMARK') {
          sink.event({ type: 'BOOKMARK', resourceVersion: String(event.revision), initialEventsEnd: event.initialEventsEnd });
        } else sink.event({ type: event.type, object: objectOf(event.entry) });
      }
    },
    end: (error) => sink.end(error),
  };
}
