/**
 * A {@link Client} over plain maps, for unit tests of what stands right of the API. It keeps resource versions, uids,
 * finalizers, deletion timestamps, conflicts and watches; it neither defaults nor validates, and knows no history: watches
 * start from now. Tests of real API behaviour use the in-process API server instead.
 */
import { alreadyExists, ApiError, conflict, notFound } from '../../api/errors.ts';
import type { KubeObject, New } from '../../api/object.ts';
import { deepFreeze } from '../../api/object.ts';
import type { Clock } from '../../base/clock.ts';
import { rfc3339 } from '../../base/clock.ts';
import { running } from '../../base/lifecycle.ts';
import type {
  Client,
  DeleteOptions,
  DiscoveredResource,
  List,
  ListOptions,
  PatchOptions,
  ResourceClient,
  ResourceRef,
  SelectOptions,
  WatchEvent,
  WatchOptions,
  WatchSink,
} from '../client.ts';
import { joinKey } from '../informer-store.ts';
import { refs } from '../refs.ts';

/** One call that changed or tried to change something, for tests that count writes. */
export interface FakeAction {
  readonly verb: 'create' | 'update' | 'patch' | 'delete';
  readonly resource: string;
  readonly subresource: string;
  readonly key: string;
}

type Data = KubeObject & { metadata: KubeObject['metadata'] & { finalizers?: string[] } };

interface Watcher {
  readonly options: SelectOptions;
  readonly sink: WatchSink<unknown>;
}

interface Table {
  readonly ref: ResourceRef<unknown>;
  readonly objects: Map<string, Data>;
  readonly watchers: Set<Watcher>;
}

export interface FakeClient extends Client {
  /** Every write so far. */
  readonly actions: FakeAction[];
  /** Throws what it returns before a write happens. */
  fail: (action: FakeAction) => Error | undefined;
  /** Puts an object in as it is (status too), as if it had always been there. */
  seed<T>(ref: ResourceRef<T>, object: unknown): T;
  /** The current state; undefined when it is not there. */
  peek<T>(ref: ResourceRef<T>, key: string): T | undefined;
  all<T>(ref: ResourceRef<T>): T[];
  /** Takes an object out at once, finalizers or not. */
  remove<T>(ref: ResourceRef<T>, key: string): void;
  /** Ends every watch of a resource with this. */
  breakWatches(resource: string, error: Error | undefined): void;
}

export interface FakeClientOptions {
  readonly clock: Clock;
  /** Events reach watchers only when this is called back; default: at once. Lets tests hold caches stale. */
  readonly deliver?: (send: () => void, resource: string) => void;
}

export function createFakeClient(options: FakeClientOptions): FakeClient {
  return new Fake(options);
}

class Fake implements FakeClient {
  readonly actions: FakeAction[] = [];
  fail: (action: FakeAction) => Error | undefined = () => undefined;
  readonly #tables = new Map<string, Table>();
  readonly #options: FakeClientOptions;
  #revision = 1;

  constructor(options: FakeClientOptions) {
    this.#options = options;
    for (const ref of Object.values(refs)) this.table(ref as ResourceRef<unknown>);
  }

  get now(): string {
    return rfc3339(this.#options.clock.now());
  }

  get revision(): string {
    return String(this.#revision);
  }

  table(ref: ResourceRef<unknown>): Table {
    const key = `${ref.group}/${ref.resource}`;
    const found = this.#tables.get(key);
    if (found !== undefined) return found;
    const table: Table = { ref, objects: new Map(), watchers: new Set() };
    this.#tables.set(key, table);
    return table;
  }

  resource<T>(ref: ResourceRef<T>): ResourceClient<T> {
    return new FakeResource(this, this.table(ref as ResourceRef<unknown>)) as unknown as ResourceClient<T>;
  }

  discover(): Promise<readonly DiscoveredResource[]> {
    const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
    return Promise.resolve(
      [...this.#tables.values()].map(({ ref: { group, version, resource, kind, namespaced } }) => ({
        group,
        version,
        resource,
        kind,
        namespaced,
        verbs,
      })),
    );
  }

  seed<T>(ref: ResourceRef<T>, object: unknown): T {
    const data = structuredClone(object) as Data;
    data.metadata.uid ??= crypto.randomUUID();
    data.metadata.creationTimestamp ??= this.now;
    withStatus(ref, data);
    return this.put(this.table(ref as ResourceRef<unknown>), data) as T;
  }

  peek<T>(ref: ResourceRef<T>, key: string): T | undefined {
    return this.table(ref as ResourceRef<unknown>).objects.get(key) as T | undefined;
  }

  all<T>(ref: ResourceRef<T>): T[] {
    return [...this.table(ref as ResourceRef<unknown>).objects.values()] as T[];
  }

  remove<T>(ref: ResourceRef<T>, key: string): void {
    const table = this.table(ref as ResourceRef<unknown>);
    const object = table.objects.get(key);
    if (object !== undefined) this.drop(table, object);
  }

  breakWatches(resource: string, error: Error | undefined): void {
    for (const table of this.#tables.values()) {
      if (table.ref.resource !== resource) continue;
      for (const watcher of [...table.watchers]) {
        table.watchers.delete(watcher);
        watcher.sink.end(error);
      }
    }
  }

  write(action: FakeAction): void {
    this.actions.push(action);
    const error = this.fail(action);
    if (error !== undefined) throw error;
  }

  put(table: Table, object: Data): Data {
    this.#revision += 1;
    object.metadata.resourceVersion = this.revision;
    delete object.kind;
    delete object.apiVersion;
    const key = joinKey(object.metadata.namespace ?? '', object.metadata.name);
    const old = table.objects.get(key);
    const stored = deepFreeze(object);
    table.objects.set(key, stored);
    this.#send(table, { type: old === undefined ? 'ADDED' : 'MODIFIED', object: stored }, old);
    return stored;
  }

  drop(table: Table, object: Data): void {
    this.#revision += 1;
    table.objects.delete(joinKey(object.metadata.namespace ?? '', object.metadata.name));
    const last = deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: this.revision } });
    this.#send(table, { type: 'DELETED', object: last }, object);
  }

  #send(table: Table, event: WatchEvent<Data>, old: Data | undefined): void {
    if (event.type === 'BOOKMARK') return;
    const deliver = this.#options.deliver ?? ((send) => send());
    for (const watcher of table.watchers) {
      const had = old !== undefined && selects(watcher.options, old);
      const has = selects(watcher.options, event.object) && event.type !== 'DELETED';
      if (!had && !has) continue;
      const type = has ? (had ? 'MODIFIED' : 'ADDED') : 'DELETED';
      deliver(() => table.watchers.has(watcher) && watcher.sink.event({ type, object: event.object }), table.ref.resource);
    }
  }
}

function selects(options: SelectOptions, object: Data): boolean {
  if ((options.namespace ?? '') !== '' && object.metadata.namespace !== options.namespace) return false;
  const labels = object.metadata.labels ?? {};
  return (
    pairs(options.labelSelector).every(([k, v]) => labels[k] === v) &&
    pairs(options.fieldSelector).every(([k, v]) => (fieldOf(object, k) ?? '') === v)
  );
}

/** What has a spec reads with a status, as from a real server. */
function withStatus(ref: { readonly resource: string }, data: Data): void {
  if (data.spec === undefined || ref.resource === 'leases') return;
  const initial: Record<string, unknown> = {
    pods: { phase: 'Pending' },
    replicasets: { replicas: 0 },
    replicationcontrollers: { replicas: 0 },
  };
  data.status ??= initial[ref.resource] ?? {};
}

/** Only `a=b,c=d` is understood. */
function pairs(selector: string | undefined): [string, string][] {
  if (selector === undefined || selector === '') return [];
  return selector.split(',').map((part) => {
    const match = /^([^!=]+)==?(.*)$/.exec(part);
    if (match === null) throw new ApiError('BadRequest', `the fake client does not understand ${part}`);
    return [match[1] ?? '', match[2] ?? ''];
  });
}

function fieldOf(object: unknown, field: string): unknown {
  return field.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], object);
}

class FakeResource implements ResourceClient<Data> {
  readonly ref: ResourceRef<Data>;
  readonly #fake: Fake;
  readonly #table: Table;

  constructor(fake: Fake, table: Table) {
    this.#fake = fake;
    this.#table = table;
    this.ref = table.ref as ResourceRef<Data>;
  }

  // Every call is asynchronous, as over any transport.
  async get(namespace: string, name: string): Promise<Data> {
    await Promise.resolve();
    return this.#current(joinKey(namespace, name));
  }

  async list(options: ListOptions = {}): Promise<List<Data>> {
    await Promise.resolve();
    return { items: [...this.#table.objects.values()].filter((object) => selects(options, object)), resourceVersion: this.#fake.revision };
  }

  async watch(options: WatchOptions, sink: WatchSink<Data>): Promise<ReturnType<typeof running>> {
    // What happened between list and watch is delivered first, as a real server would.
    const since = Number(options.resourceVersion ?? '0');
    const watcher = { options, sink: sink as WatchSink<unknown> };
    this.#table.watchers.add(watcher);
    for (const object of this.#table.objects.values()) {
      if (Number(object.metadata.resourceVersion) > since && selects(options, object)) sink.event({ type: 'ADDED', object });
    }
    await Promise.resolve();
    return running(() => void this.#table.watchers.delete(watcher));
  }

  async create(namespace: string, object: New<Data>): Promise<Data> {
    await Promise.resolve();
    const data = structuredClone(object) as Data;
    const meta = data.metadata;
    if (this.ref.namespaced) meta.namespace = namespace;
    meta.name ??= `${meta.generateName ?? ''}${Math.random().toString(36).slice(2, 7).padEnd(5, 'x')}`;
    const key = joinKey(meta.namespace ?? '', meta.name);
    this.#record('create', key);
    if (this.#table.objects.has(key)) throw alreadyExists(this.ref, meta.name);
    meta.uid = crypto.randomUUID();
    meta.creationTimestamp = this.#fake.now;
    if ('spec' in data) meta.generation = 1;
    delete data.status;
    withStatus(this.ref, data);
    return this.#fake.put(this.#table, data);
  }

  async update(object: Data): Promise<Data> {
    await Promise.resolve();
    return this.#replace(object, 'update', '');
  }

  async updateStatus(object: Data): Promise<Data> {
    await Promise.resolve();
    return this.#replace(object, 'update', 'status');
  }

  async patch(namespace: string, name: string, options: PatchOptions): Promise<Data> {
    await Promise.resolve();
    const key = joinKey(namespace, name);
    const current = this.#current(key);
    const patched = mergePatch(structuredClone(current), options.body) as Data;
    const uid = (options.body as { metadata?: { uid?: string } }).metadata?.uid;
    if (uid !== undefined && uid !== current.metadata.uid)
      throw conflict(this.ref, name, `Precondition failed: UID in precondition: ${uid}`);
    return this.#replace(patched, 'patch', options.subresource ?? '');
  }

  async delete(namespace: string, name: string, options: DeleteOptions = {}): Promise<void> {
    await Promise.resolve();
    const key = joinKey(namespace, name);
    this.#record('delete', key);
    const current = this.#current(key);
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== current.metadata.uid) throw conflict(this.ref, name, 'the UID in the precondition is another');
    if (resourceVersion !== undefined && resourceVersion !== current.metadata.resourceVersion)
      throw conflict(this.ref, name, 'the object has been modified');
    const grace = options.gracePeriodSeconds ?? (this.ref.resource === 'pods' && this.#isRunning(current) ? 30 : 0);
    const finalizers = new Set(current.metadata.finalizers);
    if (options.propagationPolicy === 'Foreground') finalizers.add('foregroundDeletion');
    if (options.propagationPolicy === 'Orphan') finalizers.add('orphan');
    if (finalizers.size === 0 && grace === 0) return this.#fake.drop(this.#table, current);
    const deleting = current.metadata.deletionTimestamp !== undefined;
    if (deleting && finalizers.size === (current.metadata.finalizers?.length ?? 0) && grace === current.metadata.deletionGracePeriodSeconds)
      return;
    const next = structuredClone(current);
    next.metadata.deletionTimestamp ??= this.#fake.now;
    next.metadata.deletionGracePeriodSeconds = grace;
    if (finalizers.size > 0) next.metadata.finalizers = [...finalizers];
    this.#fake.put(this.#table, next);
  }

  async deleteCollection(select: SelectOptions, options?: DeleteOptions): Promise<void> {
    const { items } = await this.list(select);
    for (const { metadata } of items) await this.delete(metadata.namespace ?? '', metadata.name, options);
  }

  async createSubresource(namespace: string, name: string, subresource: string, body: unknown): Promise<KubeObject> {
    await Promise.resolve();
    const key = joinKey(namespace, name);
    this.#record('create', key, subresource);
    const current = this.#current(key);
    if (subresource === 'binding') {
      const next = structuredClone(current) as Data & { spec: { nodeName?: string }; status?: { conditions?: unknown[] } };
      if (next.spec.nodeName !== undefined)
        throw conflict(this.ref, name, `pod ${name} is already assigned to node "${next.spec.nodeName}"`);
      next.spec.nodeName = (body as { target: { name: string } }).target.name;
      next.status = { ...next.status, conditions: [{ type: 'PodScheduled', status: 'True', lastTransitionTime: this.#fake.now }] };
      this.#fake.put(this.#table, next);
    } else if (subresource === 'eviction') await this.delete(namespace, name);
    else if (subresource === 'token') return { metadata: current.metadata, status: { token: `token of ${key}` } };
    else throw notFound(this.ref, `${name}/${subresource}`);
    return { metadata: current.metadata };
  }

  async getSubresource(namespace: string, name: string, subresource: string): Promise<KubeObject> {
    await Promise.resolve();
    if (subresource === 'scale') return scaleOf(this.#current(joinKey(namespace, name)));
    throw notFound(this.ref, `${namespace}/${name}/${subresource}`);
  }

  async updateSubresource(namespace: string, name: string, subresource: string, body: unknown): Promise<KubeObject> {
    await Promise.resolve();
    if (subresource === 'scale') {
      const { replicas } = (body as { spec: { replicas?: number } }).spec;
      const current = this.#current(joinKey(namespace, name));
      return scaleOf(this.#replace({ ...current, spec: { ...(current.spec as object), replicas } }, 'update', ''));
    }
    if (subresource !== 'finalize') throw notFound(this.ref, `${namespace}/${name}/${subresource}`);
    const next = body as Data & { spec?: { finalizers?: unknown[] } };
    const done = (next.spec?.finalizers?.length ?? 0) === 0 && (next.metadata.finalizers?.length ?? 0) === 0;
    if (next.metadata.deletionTimestamp !== undefined && done) {
      this.#record('update', joinKey(namespace, name), subresource);
      this.#fake.drop(this.#table, this.#current(joinKey(namespace, name)));
      return next;
    }
    return this.#replace(next, 'update', subresource);
  }

  #isRunning(object: Data): boolean {
    return ((object.spec as { nodeName?: string } | undefined)?.nodeName ?? '') !== '';
  }

  #record(verb: FakeAction['verb'], key: string, subresource = ''): void {
    this.#fake.write({ verb, resource: this.ref.resource, subresource, key });
  }

  #current(key: string): Data {
    const object = this.#table.objects.get(key);
    if (object === undefined) throw notFound(this.ref, key.slice(key.indexOf('/') + 1));
    return object;
  }

  #replace(object: Data, verb: 'update' | 'patch', subresource: string): Data {
    const key = joinKey(object.metadata.namespace ?? '', object.metadata.name);
    this.#record(verb, key, subresource);
    const current = this.#current(key);
    if (
      verb === 'update' &&
      object.metadata.resourceVersion !== '' &&
      object.metadata.resourceVersion !== current.metadata.resourceVersion
    ) {
      throw conflict(
        this.ref,
        object.metadata.name,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    }
    const next: Data = structuredClone(
      subresource === 'status' ? { ...current, metadata: object.metadata, status: object.status } : { ...object, status: current.status },
    );
    if (next.status === undefined) delete next.status;
    const specChanged = JSON.stringify(next.spec) !== JSON.stringify(current.spec);
    if (specChanged && current.metadata.generation !== undefined) next.metadata.generation = current.metadata.generation + 1;
    if (
      next.metadata.deletionTimestamp !== undefined &&
      (next.metadata.finalizers?.length ?? 0) === 0 &&
      (next.metadata.deletionGracePeriodSeconds ?? 0) === 0
    ) {
      this.#fake.drop(this.#table, next);
      return next;
    }
    if (JSON.stringify(next) === JSON.stringify(current)) return current;
    return this.#fake.put(this.#table, next);
  }
}

/** The Scale of a workload that selects its pods by matchLabels. */
function scaleOf(object: Data): KubeObject {
  const { replicas, selector } = object.spec as { replicas?: number; selector?: { matchLabels?: Record<string, string> } };
  const text = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const status = { replicas: (object.status as { replicas?: number }).replicas ?? 0, selector: text.join(',') };
  return { metadata: object.metadata, spec: replicas === undefined ? {} : { replicas }, status };
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> =
    target !== null && typeof target === 'object' && !Array.isArray(target) ? (target as Record<string, unknown>) : {};
  for (const [name, value] of Object.entries(patch)) {
    const list = /^\$deleteFromPrimitiveList\/(.+)$/.exec(name)?.[1];
    if (list !== undefined) {
      const removed = new Set(value as unknown[]);
      if (Array.isArray(result[list])) result[list] = (result[list] as unknown[]).filter((item) => !removed.has(item));
    } else if (value === null) Reflect.deleteProperty(result, name);
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}
