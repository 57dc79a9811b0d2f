/**
 * A {@link Client} over HTTPS. node:https does it: what @kubernetes/client-node would add (kubeconfig, one generated class
 * a group) is not needed here, and its watch and list helpers parse and copy more than an informer wants.
 */
import { Agent, type AgentOptions, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Reason } from '../api/errors.ts';
import { ApiError } from '../api/errors.ts';
import type { KubeObject, New } from '../api/object.ts';
import { apiVersionOf, deepFreeze } from '../api/object.ts';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';
import { eachLine } from '../base/lines.ts';
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
  WatchOptions,
  WatchSink,
} from './client.ts';

export interface HttpsClientOptions {
  /** `https://HOST:PORT`; of several, all of one cluster, one is asked until it does not answer, then the next. */
  readonly server: string | readonly string[];
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  /** Client certificate and key (PEM), or a bearer token (a function when it is renewed). */
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string | (() => string);
  readonly userAgent: string;
}

export interface HttpsClient extends Client, Running {
  /** GET of a path with its query, for APIs whose paths are not those of resources. */
  getRaw(path: string): Promise<unknown>;
  /** From now on it connects with this certificate; connections that are open go on. */
  readonly useCertificate: (pair: { readonly cert: string; readonly key: string }) => void;
}

/** A client with connections of its own; `stop` closes them. */
export function httpsClient(options: HttpsClientOptions): HttpsClient {
  const transport = new Transport(options);
  return {
    getRaw: (path) => transport.json({ method: 'GET', path }),
    resource: <T>(ref: ResourceRef<T>) =>
      new HttpsResource(transport, ref as unknown as ResourceRef<KubeObject>) as unknown as ResourceClient<T>,
    discover: () => discover(transport),
    useCertificate: (pair) => transport.useCertificate(pair),
    ...running(() => transport.close()),
  };
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
}

interface Server {
  readonly base: URL;
  connections: Connections;
}

/** Each connection is some 200 KB on both sides and milliseconds of handshake: a burst of calls waits for those that are open. */
class Connections {
  readonly #calls: Agent;
  /** A watch has its connection for itself as long as it lasts. */
  readonly #watches: Agent;

  constructor(tls: AgentOptions) {
    this.#calls = new Agent({ ...tls, keepAlive: true, maxSockets: 8, maxFreeSockets: 2, scheduling: 'lifo' });
    this.#watches = new Agent({ ...tls, keepAlive: true, maxFreeSockets: 1 });
  }

  for({ query }: Call): Agent {
    return query?.['watch'] === true ? this.#watches : this.#calls;
  }

  destroy(): void {
    this.#calls.destroy();
    this.#watches.destroy();
  }
}

/** Only where there is another server to ask: one that has not begun to answer after this is given up, in ms. */
const answerMs = 10_000;
/** The request cannot have arrived. */
const unsent: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

class Transport {
  #options: HttpsClientOptions;
  readonly #servers: readonly Server[];
  /** Of certificates that are not used any more; watches may still be open on them. */
  readonly #retired: Connections[] = [];
  #current = 0;

  constructor(options: HttpsClientOptions) {
    this.#options = options;
    this.#servers = [options.server].flat().map((server) => ({ base: new URL(server), connections: this.#connections() }));
  }

  close(): void {
    for (const connections of [...this.#retired, ...this.#servers.map((server) => server.connections)]) connections.destroy();
  }

  useCertificate(pair: { readonly cert: string; readonly key: string }): void {
    this.#options = { ...this.#options, ...pair };
    // One generation back is enough: what is older has had a certificate's life to end.
    for (const connections of this.#retired.splice(0)) connections.destroy();
    for (const server of this.#servers) {
      this.#retired.push(server.connections);
      server.connections = this.#connections();
    }
  }

  /** The parsed answer, frozen; rejects with the ApiError that the server's Status tells. */
  async json(call: Call): Promise<unknown> {
    const response = await this.open(call);
    return deepFreeze(JSON.parse(await textOf(response)));
  }

  /** An answer whose status is fine, its body not read yet. A request that may have been carried out is not made again elsewhere. */
  async open(call: Call): Promise<IncomingMessage> {
    for (let left = this.#servers.length - 1; ; left--) {
      const at = this.#current;
      try {
        return await this.#send(call, at);
      } catch (error) {
        if (error instanceof ApiError || this.#servers.length === 1) throw error;
        this.#leave(at);
        const repeatable = call.method === 'GET' || unsent.has((error as NodeJS.ErrnoException).code ?? '');
        if (left === 0 || !repeatable) throw error;
      }
    }
  }

  async #send(call: Call, at: number): Promise<IncomingMessage> {
    const { method, path, query = {}, body, contentType = 'application/json' } = call;
    const { base, connections } = this.#servers[at] as Server;
    const agent = connections.for(call);
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const { token, userAgent } = this.#options;
    const bearer = typeof token === 'function' ? token() : token;
    const headers = {
      accept: 'application/json',
      'user-agent': userAgent,
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(url, { method, headers, agent }, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      const giveUp = (): void => void sent.destroy(new Error(`${base.origin} does not answer`));
      const timer = this.#servers.length === 1 ? undefined : setTimeout(giveUp, answerMs);
      sent.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      sent.end(payload);
    });
    if ((response.statusCode ?? 500) >= 400) throw errorOf(response.statusCode ?? 500, await textOf(response));
    return response;
  }

  /** The next server from now on; what is still open to this one, watches above all, ends and begins anew there. */
  #leave(at: number): void {
    const server = this.#servers[at];
    if (server === undefined || at !== this.#current) return;
    this.#current = (at + 1) % this.#servers.length;
    server.connections.destroy();
    server.connections = this.#connections();
  }

  #connections(): Connections {
    const { ca, cert, key } = this.#options;
    return new Connections({ ca, ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The ApiError a Status tells; an answer that is no Status becomes one by its code. */
function errorOf(code: number, text: string): ApiError {
  try {
    const status = JSON.parse(text) as { kind?: string };
    if (status.kind === 'Status') return fromStatus(status, code);
  } catch {
    // Not JSON: the text itself is the message.
  }
  return fromStatus({ message: text.slice(0, 1024) }, code);
}

function fromStatus(status: object, fallback: number): ApiError {
  const {
    reason,
    message = '',
    code = fallback,
    details,
  } = status as { reason?: Reason; message?: string; code?: number; details?: ApiError['details'] };
  return new ApiError(reason ?? reasonOf(code), message, { code, ...(details === undefined ? {} : { details }) });
}

function reasonOf(code: number): Reason {
  const byCode: Readonly<Record<number, Reason>> = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    409: 'Conflict',
    410: 'Gone',
    429: 'TooManyRequests',
    503: 'ServiceUnavailable',
    504: 'Timeout',
  };
  return byCode[code] ?? 'InternalError';
}

class HttpsResource implements ResourceClient<KubeObject> {
  readonly ref: ResourceRef<KubeObject>;
  readonly #transport: Transport;

  constructor(transport: Transport, ref: ResourceRef<KubeObject>) {
    this.#transport = transport;
    this.ref = ref;
  }

  get(namespace: string, name: string): Promise<KubeObject> {
    return this.#object({ method: 'GET', path: this.#path(namespace, name) });
  }

  async list(options: ListOptions = {}): Promise<List<KubeObject>> {
    // Whole objects are metadata too: nobody asks for less over the network yet.
    const { namespace = '', metadataOnly: _, ...query } = options;
    const answer = await this.#transport.json({ method: 'GET', path: this.#path(namespace), query: { ...query } });
    const { items, metadata } = answer as { items: KubeObject[]; metadata: { resourceVersion: string; continue?: string } };
    const more = metadata.continue ?? '';
    return { items, resourceVersion: metadata.resourceVersion, ...(more === '' ? {} : { continue: more }) };
  }

  async watch(options: WatchOptions, sink: WatchSink<KubeObject>): Promise<Running> {
    const { namespace = '', metadataOnly: _, sendInitialEvents, ...rest } = options;
    const initial = sendInitialEvents === true ? { sendInitialEvents, resourceVersionMatch: 'NotOlderThan' } : {};
    const query = { ...rest, ...initial, watch: true, allowWatchBookmarks: true };
    const response = await this.#transport.open({ method: 'GET', path: this.#path(namespace), query });
    let ended = false;
    const end = (error: Error | undefined): void => {
      if (ended) return;
      ended = true;
      response.destroy();
      sink.end(error);
    };
    eachLine(response, (line) => {
      if (ended || line === '') return;
      const error = deliver(line, sink);
      if (error !== undefined) end(error);
    });
    response.on('error', end);
    response.on('close', () => end(undefined));
    return running(() => {
      ended = true;
      response.destroy();
    });
  }

  create(namespace: string, object: New<KubeObject>): Promise<KubeObject> {
    return this.#object({ method: 'POST', path: this.#path(namespace), body: this.#typed(object) });
  }

  update(object: KubeObject): Promise<KubeObject> {
    return this.#object({
      method: 'PUT',
      path: this.#path(object.metadata.namespace ?? '', object.metadata.name),
      body: this.#typed(object),
    });
  }

  updateStatus(object: KubeObject): Promise<KubeObject> {
    return this.updateSubresource(object.metadata.namespace ?? '', object.metadata.name, 'status', this.#typed(object));
  }

  patch(namespace: string, name: string, { type, body, subresource, fieldManager, force }: PatchOptions): Promise<KubeObject> {
    return this.#object({
      method: 'PATCH',
      path: this.#path(namespace, name, subresource),
      query: { fieldManager, force },
      body,
      contentType: type,
    });
  }

  async delete(namespace: string, name: string, options: DeleteOptions = {}): Promise<void> {
    await this.#transport.json({ method: 'DELETE', path: this.#path(namespace, name), body: deleteOptions(options) });
  }

  async deleteCollection({ namespace = '', ...select }: SelectOptions, options: DeleteOptions = {}): Promise<void> {
    await this.#transport.json({ method: 'DELETE', path: this.#path(namespace), query: { ...select }, body: deleteOptions(options) });
  }

  createSubresource(namespace: string, name: string, subresource: string, body: unknown): Promise<KubeObject> {
    return this.#object({ method: 'POST', path: this.#path(namespace, name, subresource), body });
  }

  getSubresource(namespace: string, name: string, subresource: string): Promise<KubeObject> {
    return this.#object({ method: 'GET', path: this.#path(namespace, name, subresource) });
  }

  updateSubresource(namespace: string, name: string, subresource: string, body: unknown): Promise<KubeObject> {
    return this.#object({ method: 'PUT', path: this.#path(namespace, name, subresource), body });
  }

  async #object(call: Call): Promise<KubeObject> {
    return (await this.#transport.json(call)) as KubeObject;
  }

  #path(namespace: string, name?: string, subresource?: string): string {
    const { group, version, resource, namespaced } = this.ref;
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const scope = namespaced && namespace !== '' ? ['namespaces', namespace] : [];
    const parts = [...scope, resource, ...(name === undefined ? [] : [name]), ...(subresource === undefined ? [] : [subresource])];
    return `${root}/${parts.map(encodeURIComponent).join('/')}`;
  }

  #typed(object: object): object {
    return { ...object, apiVersion: apiVersionOf(this.ref), kind: this.ref.kind };
  }
}

/** Hands one line of a watch on; the error it carries, if it is one. */
function deliver(line: string, sink: WatchSink<KubeObject>): Error | undefined {
  const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
  if (type === 'ERROR') return fromStatus(object, 500);
  if (type === 'BOOKMARK') {
    const initialEventsEnd = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
    sink.event({ type, resourceVersion: object.metadata.resourceVersion, initialEventsEnd });
  } else if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') sink.event({ type, object: deepFreeze(object) });
  return undefined;
}

function deleteOptions(options: DeleteOptions): object {
  return { apiVersion: 'v1', kind: 'DeleteOptions', ...options };
}

/** Preferred versions of everything that can be listed, watched and deleted, from aggregated discovery's plain form. */
async function discover(transport: Transport): Promise<readonly DiscoveredResource[]> {
  const groups = (await transport.json({ method: 'GET', path: '/apis' })) as {
    groups: { name: string; preferredVersion: { version: string } }[];
  };
  const roots = [
    { group: '', version: 'v1', path: '/api/v1' },
    ...groups.groups.map(({ name, preferredVersion: { version } }) => ({ group: name, version, path: `/apis/${name}/${version}` })),
  ];
  const lists = await Promise.all(
    roots.map(async ({ group, version, path }) => {
      const { resources } = (await transport.json({ method: 'GET', path })) as {
        resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
      };
      return resources.map(({ name, kind, namespaced, verbs }) => ({ group, version, resource: name, kind, namespaced, verbs }));
    }),
  );
  return lists
    .flat()
    .filter(({ resource, verbs }) => !resource.includes('/') && ['list', 'watch', 'delete'].every((verb) => verbs.includes(verb)));
}
