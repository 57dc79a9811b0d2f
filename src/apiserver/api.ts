/** What happens to one request: who, may they, which handler. Whatever is thrown on the way becomes a Status here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { ApiError, badRequest } from '../api/errors.ts';
import { anonymousUser } from '../auth/authenticator.ts';
import type { Connector, Upgrade } from './connect/connector.ts';
import type { Discovery } from './discovery/discovery.ts';
import { Exchange } from './exchange.ts';
import { authorize } from './filters/authorization.ts';
import { createIdentities } from './filters/identity.ts';
import { impersonated, wantsImpersonation } from './filters/impersonation.ts';
import { watch } from './handlers/watch.ts';
import { checkRoute, collectionTypes, type Endpoint, Negotiator, objectTypes } from './media-type.ts';
import { Messages, messageSchema } from './messages.ts';
import type { Metrics } from './metrics.ts';
import { answerNonResource, type NonResourceOptions, sendNotFound } from './non-resource.ts';
import type { OpenApi } from './openapi/openapi.ts';
import { BadPath, requestInfo, type RequestInfo } from './request-info.ts';
import { sendError } from './respond.ts';
import { route } from './router.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { ApiServerOptions } from './server.ts';
import { Flusher, HttpOutlet, type WatchOutlet, WebSocketOutlet } from './watch-outlet.ts';

export interface ApiOptions extends ApiServerOptions {
  readonly discovery: Discovery;
  readonly openapi: OpenApi;
  readonly metrics: Metrics;
  readonly connector: Connector;
  url(): string;
}

export interface UpgradeRequest {
  readonly request: IncomingMessage;
  /** For refusals before anything is upgraded. */
  readonly response: ServerResponse;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly webSockets: WebSocketServer;
}

/** Neither rejects: failures are answered. */
export interface Api {
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(upgrade: UpgradeRequest): Promise<void>;
}

const unknownInfo: RequestInfo = requestInfo('GET', '/', false);

export function createApi(options: ApiOptions): Api {
  const server = new Pipeline(options);
  return {
    serve: (request, response) => server.run({ request, response }, undefined),
    upgrade: (upgrade) => server.run(upgrade, upgrade),
  };
}

type Http = { readonly request: IncomingMessage; readonly response: ServerResponse };

class Pipeline {
  readonly #options: ApiOptions;
  readonly #identities: ReturnType<typeof createIdentities>;
  readonly #negotiator = new Negotiator();
  readonly #messages = new Messages();
  readonly #flusher = new Flusher();
  readonly #nonResource: NonResourceOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#identities = createIdentities(options.authenticators, options.logger);
    this.#nonResource = {
      discovery: options.discovery,
      openapi: options.openapi,
      metrics: options.metrics,
      version: options.version,
      readiness: options.readiness ?? [],
      serviceAccounts: { ...options.serviceAccounts, url: () => options.url() },
    };
  }

  async run(http: Http, upgrade: UpgradeRequest | undefined): Promise<void> {
    const exchange = this.#exchange(http);
    try {
      await this.#filter(exchange);
      if (exchange.info.resourceRequest) await this.#resource(exchange, upgrade);
      else if (!(await answerNonResource(exchange, this.#nonResource))) notFound(this.#options.registry, exchange);
    } catch (error) {
      const sent = sendError(exchange, error);
      const { logger } = this.#options;
      const request = { err: error, path: exchange.info.path, verb: exchange.info.verb };
      // 503 and the like tell of something behind this server (a pod that does not listen yet); only 500 is a fault of its own.
      if (sent.code === 500) logger.error(request, 'request failed');
      else if (sent.code > 500) logger.info(request, 'request failed');
    }
    if (exchange.info.resourceRequest) this.#options.metrics.request(exchange.info, http.response.statusCode);
  }

  /** With what is known before anything can fail. */
  #exchange({ request, response }: Http): Exchange {
    const url = request.url ?? '/';
    const at = url.indexOf('?');
    const rawQuery = at < 0 ? '' : url.slice(at + 1);
    return new Exchange({ request, response }, { info: unknownInfo, rawQuery, negotiator: this.#negotiator, user: anonymousUser });
  }

  async #filter(exchange: Exchange): Promise<void> {
    const { request } = exchange;
    const url = request.url ?? '/';
    const at = url.indexOf('?');
    try {
      exchange.info = requestInfo(request.method ?? 'GET', at < 0 ? url : url.slice(0, at), wantsWatch(exchange.rawQuery, exchange));
    } catch (error) {
      throw error instanceof BadPath ? badRequest(error.message, { cause: error }) : error;
    }
    const identified = this.#identities.identify(request);
    exchange.user = identified instanceof Promise ? await identified : identified;
    if (wantsImpersonation(request.headers))
      exchange.user = await impersonated(exchange.user, request.headersDistinct, this.#options.authorizer);
    const authorized = authorize(this.#options.authorizer, exchange.user, exchange.info);
    if (authorized !== undefined) await authorized;
  }

  async #resource(exchange: Exchange, upgrade: UpgradeRequest | undefined): Promise<void> {
    const { registry, clock, connector, metrics } = this.#options;
    const target = route(registry, exchange.info);
    if (target.to === 'nowhere') return notFound(registry, exchange);
    const { store } = target;
    if (store.definition.deprecation !== undefined) exchange.warn(store.definition.deprecation);
    if (target.to === 'connect') return connector.connect(exchange, store, upgrade === undefined ? undefined : toUpgrade(upgrade));
    if (!store.definition.namespaced && exchange.info.namespace !== '') exchange.info = { ...exchange.info, namespace: '' };
    this.#negotiate(exchange, store.definition);
    const scope = { exchange, store, clock, messages: this.#messages };
    if (target.to === 'handler') return target.handle(scope);
    metrics.watch(store.definition.resource, 1);
    const outlet = outletOf(exchange, upgrade, this.#flusher);
    outlet.onClose(() => metrics.watch(store.definition.resource, -1));
    return watch(scope, outlet);
  }

  /** Throws 406. */
  #negotiate(exchange: Exchange, definition: ResourceDefinition): void {
    const { accept } = exchange.request.headers;
    const { verb, subresource } = exchange.info;
    checkRoute(accept, verb === 'list' || verb === 'watch' ? collectionTypes : objectTypes);
    exchange.format = this.#negotiator.format(accept, endpointOf(definition, subresource));
  }
}

/** Reviews and most subresources have no table form upstream. */
function endpointOf(definition: ResourceDefinition, subresource: string): Endpoint {
  if (messageSchema(definition) === undefined) return 'custom';
  const isStored = definition.virtual === undefined && (subresource === '' || subresource === 'status' || subresource === 'scale');
  return isStored ? 'objects' : 'tableless';
}

/** Below a group that is served a missing resource is an API error; elsewhere Go's multiplexer answers. */
function notFound(registry: ApiOptions['registry'], exchange: Exchange): void {
  const [root, group] = exchange.info.path.split('/').filter((part) => part !== '');
  const served = root === 'api' || (root === 'apis' && registry.all().some(({ definition }) => definition.group === group));
  if (!served) return sendNotFound(exchange);
  throw new ApiError('NotFound', 'the server could not find the requested resource', { details: {} });
}

function toUpgrade({ socket, head }: UpgradeRequest): Upgrade {
  return { socket, head };
}

function outletOf(exchange: Exchange, upgrade: UpgradeRequest | undefined, flusher: Flusher): WatchOutlet {
  if (upgrade === undefined) return new HttpOutlet(exchange, flusher);
  if (upgrade.request.headers.upgrade?.toLowerCase() !== 'websocket')
    throw badRequest('unable to upgrade: only websocket is supported for watches');
  return new WebSocketOutlet(exchange, upgrade);
}

function wantsWatch(rawQuery: string, exchange: Exchange): boolean {
  if (!rawQuery.includes('watch')) return false;
  const value = exchange.query.get('watch');
  return value !== null && !(value.toLowerCase() === 'false' || value === '0');
}
