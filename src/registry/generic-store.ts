/** The one implementation of ResourceStore for everything that is stored. */
import { ApiError, badRequest, notFound } from '../api/errors.ts';
import { cloneJson } from '../api/json.ts';
import type { KubeObject } from '../api/object.ts';
import type { Running } from '../base/lifecycle.ts';
import type { AdmissionRequest } from './admission.ts';
import { mutate, validate } from './admit.ts';
import type { RequestContext } from './context.ts';
import { createObject } from './create.ts';
import type { ResourceDefinition, Subresource } from './definition.ts';
import { deleteObject, type Deleted } from './delete.ts';
import type { Resource } from './engine.ts';
import { freshly } from './freshness.ts';
import { setManagedFields } from './managed-fields.ts';
import { apiErrorOf } from './storage-errors.ts';
import type {
  DeleteRequest,
  Entry,
  EventSink,
  ListRequest,
  ListResult,
  ResourceStore,
  StoreStats,
  UpdateRequest,
  WatchRequest,
  WriteOptions,
} from './store.ts';
import { updateObject, type Updated } from './update.ts';

/** How many objects of a collection are deleted side by side, so that their writes share commits. */
const deletesAtOnce = 64;

export class GenericStore implements ResourceStore {
  readonly definition: ResourceDefinition;
  readonly #resource: Resource;

  constructor(resource: Resource) {
    this.definition = resource.definition;
    this.#resource = resource;
  }

  async get(namespace: string, name: string, resourceVersion = ''): Promise<Entry> {
    const { cache, view, engine } = this.#resource;
    if (resourceVersion === '') await engine.cache.waitForNewest();
    else if (resourceVersion !== '0') await engine.cache.waitFor(versionNumber(resourceVersion, this.definition));
    const entry = cache.get(namespace, name);
    if (entry === undefined) throw notFound(this.definition, name);
    return view.served(entry);
  }

  known(namespace: string, name: string): Entry | undefined {
    const { cache, view } = this.#resource;
    const entry = cache.get(namespace, name);
    return entry === undefined ? undefined : view.served(entry);
  }

  knownIn(namespace: string): readonly Entry[] {
    const { cache, view } = this.#resource;
    const entries = cache.entriesOf(namespace);
    return this.definition.convert === undefined ? entries : entries.map((entry) => view.served(entry));
  }

  async list(request: ListRequest): Promise<ListResult> {
    const { cache, view } = this.#resource;
    const result = await this.#translated(() => cache.list(view.selection(request)));
    return this.definition.convert === undefined ? result : { ...result, entries: result.entries.map((entry) => view.served(entry)) };
  }

  watch(request: WatchRequest, sink: EventSink): Promise<Running> {
    const { cache, view } = this.#resource;
    return this.#translated(() => cache.watch(view.selection(request), view.sink(sink)));
  }

  stats(): StoreStats {
    const { size, bytes, watches, counts } = this.#resource.cache;
    return { objects: size, bytes, watches, counts };
  }

  create(namespace: string, object: KubeObject, context: RequestContext, options: WriteOptions = {}): Promise<Entry> {
    const request = { namespace, context, dryRun: options.dryRun === true || context.dryRun === true };
    if (this.#resource.engine.storage.shared !== true) return createObject(this.#resource, { ...request, object });
    // Creating uses the object up, and it may take two attempts.
    return freshly(this.#resource, () => createObject(this.#resource, { ...request, object: cloneJson(object) }));
  }

  update(request: UpdateRequest, context: RequestContext): Promise<Updated> {
    return freshly(this.#resource, () => updateObject(this.#resource, request, context));
  }

  delete(namespace: string, name: string, request: DeleteRequest, context: RequestContext): Promise<Deleted> {
    return freshly(this.#resource, () => deleteObject(this.#resource, { namespace, name, request, context }));
  }

  async deleteCollection(list: ListRequest, request: DeleteRequest, context: RequestContext): Promise<ListResult> {
    const found = await this.list(list);
    const entries: Entry[] = [];
    for (let at = 0; at < found.entries.length; at += deletesAtOnce) {
      context.signal?.throwIfAborted();
      entries.push(
        ...(await Promise.all(found.entries.slice(at, at + deletesAtOnce).map((entry) => this.#deleteOne(entry, request, context)))),
      );
    }
    return { ...found, entries };
  }

  /** Somebody else may have been faster. */
  async #deleteOne(entry: Entry, request: DeleteRequest, context: RequestContext): Promise<Entry> {
    try {
      await this.delete(entry.namespace, entry.name, request, context);
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === 'NotFound')) throw error;
    }
    return entry;
  }

  // eslint-disable-next-line max-params -- as the contract has it
  async connect(subresource: string, namespace: string, name: string, body: KubeObject, context: RequestContext): Promise<KubeObject> {
    const found = this.definition.subresources?.find((candidate) => candidate.name === subresource);
    if (found?.create === undefined) throw methodNotAllowed();
    const admission = this.#connectAdmission(found, { namespace, name, body, context });
    await mutate(this.#resource.engine, admission);
    await validate(this.#resource.engine, admission);
    if (found.kind === undefined) return found.create({ name, namespace, body, context, store: this });
    const { fields } = this.#resource.engine;
    found.default?.(body);
    const entries = fields.ofPosted(this.definition, found, { body, context });
    const answer = await found.create({ name, namespace, body, context, store: this });
    if (answer.kind === found.kind.kind) setManagedFields(answer, entries);
    return answer;
  }

  #connectAdmission(
    subresource: Subresource,
    request: { readonly namespace: string; readonly name: string; readonly body: KubeObject; readonly context: RequestContext },
  ): AdmissionRequest {
    const { namespace, name, body, context } = request;
    return {
      operation: 'CREATE',
      definition: this.definition,
      subresource: subresource.name,
      namespace,
      name,
      object: body,
      old: undefined,
      context,
    };
  }

  async #translated<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw apiErrorOf(error, this.definition);
    }
  }
}

export function methodNotAllowed(): ApiError {
  return new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

/** Events are the one kind that upstream reads past its watch cache: its store has other words. */
function versionNumber(text: string, { resource }: ResourceDefinition): number {
  if (/^\d{1,20}$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  const why = `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`;
  throw resource === 'events' ? badRequest(`invalid resource version: ${why}`) : new ApiError('Unknown', why);
}
