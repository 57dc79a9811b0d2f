/** What happens to one request: who, may they, which handler. Whatever is thrown on the way becomes a Status here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { type Running, running } from '../base/lifecycle.ts';
import { ApiError, badRequest, isReason } from '../api/errors.ts';
import { pathSegmentFaults } from '../api/names.ts';
import { anonymousUser } from '../auth/authenticator.ts';
import type { Connector, Upgrade } from './connect/connector.ts';
import type { Discovery } from './discovery/discovery.ts';
import { Exchange } from './exchange.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { authorize } from './filters/authorization.ts';
import { Deadlines, isLongRunning, timeoutOf } from './filters/deadline.ts';
import { createIdentities } from './filters/identity.ts';
import { impersonated, wantsImpersonation } from './filters/impersonation.ts';
import { admitted } from './filters/priority-and-fairness.ts';
import type { FlowControl } from './flow-control/flow-control.ts';
import { watch } from './handlers/watch.ts';
import { checkPatchType, checkRoute, collectionTypes, type Endpoint, Negotiator, objectTypes } from './media-type.ts';
import { Http2Response } from './http2/stream.ts';
import { Messages, messageSchema } from './messages.ts';
import { isCountedPath, kindOf, type Metrics } from './metrics.ts';
import { answerNonResource, type NonResourceOptions, sendNotFound } from './non-resource.ts';
import type { OpenApi } from './openapi/openapi.ts';
import type { Health } from './health.ts';
import { BadPath, requestInfo, type RequestInfo } from './request-info.ts';
import { closeAfterAnswer, sendError, sendTimeout } from './respond.ts';
import { notWatched, route } from './router.ts';
import { patchTypes } from './patching.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { ApiServerOptions } from './server.ts';
import { createFlushers, Http2Outlet, HttpOutlet, type WatchOutlet, WebSocketOutlet } from './watch-outlet.ts';

export interface ApiOptions extends Omit<ApiServerOptions, 'storage' | 'metrics'> {
  readonly discovery: Discovery;
  readonly openapi: OpenApi;
  readonly metrics: Metrics;
  readonly flow: FlowControl;
  readonly health: Health;
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

/** Neither rejects: failures are answered. Stopping it forgets the deadlines of what is under way. */
export interface Api extends Running {
  serve(request: HttpRequest, response: HttpResponse): Promise<void>;
  upgrade(upgrade: UpgradeRequest): Promise<void>;
}

/** What has no deadline waits for its turn as long as if it had the longest. */
const longestPatienceMs = 60_000;

const unknownInfo: RequestInfo = requestInfo('GET', '/', false);

export function createApi(options: ApiOptions): Api {
  const server = new Pipeline(options);
  return {
    serve: (request, response) => server.run({ request, response }, undefined),
    upgrade: (upgrade) => server.run(upgrade, upgrade),
    ...running(() => server.stop()),
  };
}

type Http = { readonly request: HttpRequest; readonly response: HttpResponse };

class Pipeline {
  readonly #options: ApiOptions;
  readonly #identities: ReturnType<typeof createIdentities>;
  readonly #negotiator = new Negotiator();
  readonly #messages = new Messages();
  readonly #flushers = createFlushers();
  readonly #deadlines: Deadlines;
  readonly #nonResource: NonResourceOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#identities = createIdentities(options.authenticators, options.logger, options.metrics.access.certificate);
    this.#deadlines = new Deadlines(options.clock, (exchange) => this.#expired(exchange));
    this.#nonResource = {
      discovery: options.discovery,
      openapi: options.openapi,
      metrics: options.metrics,
      version: options.version,
      health: options.health,
      serviceAccounts: { ...options.serviceAccounts, url: () => options.url() },
    };
  }

  async run(http: Http, upgrade: UpgradeRequest | undefined): Promise<void> {
    const exchange = this.#exchange(http);
    try {
      const timeoutMs = this.#begin(exchange);
      (upgrade?.socket ?? http.response).once('close', () => this.#over(exchange));
      await this.#identify(exchange);
      if (!(await this.#admit(exchange, timeoutMs))) return;
      const authorized = this.#authorize(exchange);
      if (authorized !== undefined) await authorized;
      if (exchange.info.resourceRequest) await this.#resource(exchange, upgrade);
      else if (!(await this.#nonResourcePath(exchange))) notFound(this.#options.registry, exchange);
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  stop(): void {
    this.#deadlines.stop();
  }

  /** With what is known before anything can fail. */
  #exchange({ request, response }: Http): Exchange {
    const url = request.url ?? '/';
    const at = url.indexOf('?');
    const rawQuery = at < 0 ? '' : url.slice(at + 1);
    return new Exchange({ request, response }, { info: unknownInfo, rawQuery, negotiator: this.#negotiator, user: anonymousUser });
  }

  /** What is asked for, and until when; answers how long it may take. Throws 400. */
  #begin(exchange: Exchange): number {
    const { request } = exchange;
    const url = request.url ?? '/';
    const at = url.indexOf('?');
    try {
      exchange.info = requestInfo(
        request.method ?? 'GET',
        pathOf(at < 0 ? url : url.slice(0, at)),
        wantsWatch(exchange.rawQuery, exchange),
      );
    } catch (error) {
      throw error instanceof BadPath ? badRequest(error.message, { cause: error }) : error;
    }
    if (isLongRunning(exchange.info)) return longestPatienceMs;
    const timeoutMs = timeoutOf(exchange);
    this.#deadlines.add(exchange, timeoutMs);
    return timeoutMs;
  }

  async #identify(exchange: Exchange): Promise<void> {
    const { request } = exchange;
    const { access } = this.#options.metrics;
    try {
      const identified = this.#identities.identify(request);
      exchange.user = identified instanceof Promise ? await identified : identified;
      access.identified(exchange.user.name, (performance.now() - exchange.started) / 1000);
    } catch (error) {
      access.unknown((performance.now() - exchange.started) / 1000);
      throw error;
    } finally {
      // Anonymous, or refused: such a client has one request a connection (upstream's UnauthenticatedHTTP2DOSMitigation).
      if (exchange.user.name === anonymousUser.name) exchange.response.endConnection?.();
    }
    if (wantsImpersonation(request.headers))
      exchange.user = await impersonated(exchange.user, request.headersDistinct, this.#options.authorizer);
  }

  /** Throws 403. */
  #authorize({ user, info }: Exchange): void | Promise<void> {
    const began = performance.now();
    let pending: void | Promise<void>;
    try {
      pending = authorize(this.#options.authorizer, user, info);
    } catch (error) {
      this.#decided(false, began);
      throw error;
    }
    if (pending === undefined) return this.#decided(true, began);
    return pending.then(
      () => this.#decided(true, began),
      (error: unknown) => {
        this.#decided(false, began);
        throw error;
      },
    );
  }

  #decided(allowed: boolean, began: number): void {
    this.#options.metrics.access.decided(allowed, (performance.now() - began) / 1000);
  }

  /** Streams that are no watches are not limited. False: answered, or gone. */
  async #admit(exchange: Exchange, timeoutMs: number): Promise<boolean> {
    const { flow, metrics } = this.#options;
    if (exchange.info.verb !== 'watch' && isLongRunning(exchange.info)) return true;
    const kind = kindOf(exchange);
    const decision = admitted(flow, exchange, timeoutMs);
    const isIn = decision instanceof Promise ? await this.#inQueue(kind, decision) : decision;
    if (isIn) metrics.inFlight.add(kind, 1);
    else if (exchange.pass?.retryAfter !== undefined) metrics.terminated(exchange, 429);
    return isIn;
  }

  async #inQueue(kind: ReturnType<typeof kindOf>, decision: Promise<boolean>): Promise<boolean> {
    const { inQueue } = this.#options.metrics;
    inQueue.add(kind, 1);
    const isIn = await decision;
    inQueue.add(kind, -1);
    return isIn;
  }

  /** The answer has been written, or nobody is there to read it. */
  #over(exchange: Exchange): void {
    const { flow, metrics } = this.#options;
    this.#deadlines.remove(exchange);
    this.#release(exchange, 'regular');
    const { pass } = exchange;
    if (pass?.state === 'waiting') flow.done(pass);
    if (!exchange.routed) return;
    const waited = pass === undefined ? 0 : pass.started - pass.arrived;
    metrics.answered(exchange, (performance.now() - exchange.started) / 1000, waited);
  }

  /** Gives the seat back, once. */
  #release(exchange: Exchange, kind: 'regular' | 'watch'): void {
    const { pass } = exchange;
    if (pass?.state !== 'executing') return;
    this.#options.flow.done(pass, kind);
    this.#options.metrics.inFlight.add(kindOf(exchange), -1);
  }

  #expired(exchange: Exchange): void {
    exchange.expire();
    this.#options.metrics.terminated(exchange, 504);
    sendTimeout(exchange);
  }

  #fail(exchange: Exchange, thrown: unknown): void {
    if (exchange.expired) return;
    const error = isTooDeep(thrown) ? badRequest('exceeded max depth', { cause: thrown }) : thrown;
    if (!exchange.request.complete) closeAfterAnswer(exchange);
    const sent = sendError(exchange, error);
    const { logger } = this.#options;
    const request = { err: error, path: exchange.info.path, verb: exchange.info.verb };
    // 503 and the like tell of something behind this server (a pod that does not listen yet), and some things a client does wrong
    // upstream answers with a bare 500: only the others are faults of its own.
    const isOurs = sent.code === 500 && !isReason(error, 'Unknown');
    if (isOurs) logger.error(request, 'request failed');
    else if (sent.code >= 500) logger.info(request, 'request failed');
  }

  #nonResourcePath(exchange: Exchange): Promise<boolean> {
    exchange.routed = isCountedPath(exchange.info.path);
    return answerNonResource(exchange, this.#nonResource);
  }

  async #resource(exchange: Exchange, upgrade: UpgradeRequest | undefined): Promise<void> {
    const { registry, clock, connector, metrics } = this.#options;
    const target = route(registry, exchange.info, exchange.request.method ?? 'GET');
    if (target.to === 'nowhere') return notFound(registry, exchange);
    const { store } = target;
    const warnOfAge = (): void => {
      if (store.definition.deprecation === undefined) return;
      exchange.warn(store.definition.deprecation);
      metrics.deprecated(exchange);
    };
    if (target.to === 'no watch') {
      warnOfAge();
      throw notWatched(store.definition);
    }
    exchange.routed = true;
    if (target.to === 'connect') {
      checkName(exchange.info.name);
      return connector.connect(exchange, store, upgrade === undefined ? undefined : toUpgrade(upgrade));
    }
    if (!store.definition.namespaced && exchange.info.namespace !== '') exchange.info = { ...exchange.info, namespace: '' };
    this.#checkTypes(exchange);
    warnOfAge();
    exchange.format = this.#negotiator.format(exchange.request.headers.accept, endpointOf(store.definition, exchange.info.subresource));
    const scope = { exchange, store, clock, messages: this.#messages };
    if (target.to === 'handler') {
      checkName(exchange.info.name);
      return target.handle(scope);
    }
    const outlet = outletOf(exchange, upgrade, this.#flushers);
    outlet.onClose(metrics.longRunning(exchange));
    await watch(scope, outlet, metrics.watch(exchange));
    this.#release(exchange, 'watch');
  }

  /** What a route asks before its handler is there: throws 406 and 415. */
  #checkTypes({ request, info: { verb } }: Exchange): void {
    const { accept, 'content-type': contentType } = request.headers;
    if (verb === 'patch') checkPatchType(contentType, patchTypes);
    checkRoute(accept, verb === 'list' || verb === 'watch' ? collectionTypes : objectTypes);
  }
}

/** Reviews and most subresources have no table form upstream. */
function endpointOf(definition: ResourceDefinition, subresource: string): Endpoint {
  if (messageSchema(definition) === undefined) return 'custom';
  const isOfObject = subresource === '' || subresource === 'scale' || (subresource === 'status' && definition.tablelessStatus !== true);
  const isStored = definition.virtual === undefined && isOfObject;
  return isStored ? 'objects' : 'tableless';
}

/** Only what a client nests without end goes that deep; Go's decoders stop at ten thousand levels. */
function isTooDeep(thrown: unknown): boolean {
  return thrown instanceof RangeError && thrown.message === 'Maximum call stack size exceeded';
}

/** Without the host that requests to proxies name. */
function pathOf(url: string): string {
  if (url.startsWith('/')) return url;
  const absolute = /^https?:\/\/[^/]*(\/.*)?$/i.exec(url);
  return absolute === null ? url : (absolute[1] ?? '/');
}

/** What can be no name in a path is refused before anybody looks for it (NamespaceKeyFunc of apiserver pkg/registry/generic/registry). */
function checkName(name: string): void {
  if (name !== '.' && name !== '..' && !name.includes('%')) return;
  throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${pathSegmentFaults(name).join(';')}`);
}

/** Below a group that is served a missing resource is an API error; elsewhere Go's multiplexer answers. */
function notFound(registry: ApiOptions['registry'], exchange: Exchange): void {
  const [, root, group] = exchange.info.path.split('/');
  const served = root === 'api' || (root === 'apis' && group !== '' && registry.all().some(({ definition }) => definition.group === group));
  if (!served) return sendNotFound(exchange);
  throw new ApiError('NotFound', 'the server could not find the requested resource', { details: {} });
}

function toUpgrade({ request, socket, head }: UpgradeRequest): Upgrade {
  return { request, socket, head };
}

function outletOf(exchange: Exchange, upgrade: UpgradeRequest | undefined, flushers: ReturnType<typeof createFlushers>): WatchOutlet {
  const { response } = exchange;
  if (response instanceof Http2Response) return new Http2Outlet(exchange, response, flushers.http2);
  // Other protocols are not changed to, which is no fault.
  if (upgrade?.request.headers.upgrade?.toLowerCase() !== 'websocket') return new HttpOutlet(exchange, flushers.http1);
  return new WebSocketOutlet(exchange, upgrade);
}

function wantsWatch(rawQuery: string, exchange: Exchange): boolean {
  if (!rawQuery.includes('watch')) return false;
  const value = exchange.query.get('watch');
  return value !== null && !(value.toLowerCase() === 'false' || value === '0');
}
