/**
 * The HTTPS server: one chain of filters in front of one handler a verb. HTTP/2 (http2/) for clients that offer it, HTTP/1.1 for the others
 * and for upgrades; why by hand stands in ARCHITECTURE.md. No framework stands on the way of a request.
 */
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServerResponse as NodeResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { SigningKeys } from '../auth/signing-keys.ts';
import type { Clock } from '../base/clock.ts';
import { type Running, running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { MetricRegistry } from '../base/metrics.ts';
import type { Registry } from '../registry/store.ts';
import { createApi } from './api.ts';
import { discoveryOf } from './discovery/discovery.ts';
import { createConnector, type NodeConnection } from './connect/connector.ts';
import { Health } from './health.ts';
import { type Http2Handler, serveHttp2 } from './http2/connection.ts';
import { SpareBuffers } from './http2/outbox.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { Metrics } from './metrics.ts';
import type { VersionInfo } from './version-info.ts';
import { systemUser } from '../registry/context.ts';
import { badHttp, answeredWithoutHandler, isOtherVersion } from './bad-http.ts';
import { startFlowConfiguration } from './flow-control/controller.ts';
import { FlowControl } from './flow-control/flow-control.ts';
import { inProcessClient } from './in-process.ts';
import { processMetrics } from './process-metrics.ts';
import { serviceMetrics } from './service-metrics.ts';
import { cacheMetrics, groupMetrics, storeMetrics, workFacts } from './store-metrics.ts';
import { openapiOf } from './openapi/openapi.ts';

/** Upstream's ReadHeaderTimeout. */
const headersTimeoutMs = 32_000;

export interface ApiServerOptions {
  readonly registry: Registry;
  /** `host` undefined: all addresses of both families. Port 0: any free one. */
  readonly listen: { readonly host: string | undefined; readonly port: number };
  /** PEM texts. `clientCA`: who may sign client certificates. */
  readonly tls: { readonly key: string; readonly cert: string; readonly clientCA: string | readonly string[] };
  /** In the order they are tried. */
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  /** How nodes' kubelet APIs are reached. */
  readonly nodes: NodeConnection;
  /** For /.well-known/openid-configuration and /openid/v1/jwks. */
  readonly serviceAccounts: { readonly issuer: string; readonly keys: SigningKeys };
  readonly version: VersionInfo;
  /** Has figures of what stands behind the API already; /metrics shows all. */
  readonly metrics?: MetricRegistry;
  /** Prose for OpenAPI, written by hack/descriptions.ts; without it the documents have none. */
  readonly descriptionsFile?: string;
  /** Answers while the store does; for the health checks. Default: it is well. */
  readonly storage?: () => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ApiServer extends Running {
  /** `https://127.0.0.1:PORT`, or the host that was asked for. */
  readonly url: string;
  readonly port: number;
  readonly metrics: Metrics;
  /** What every cluster has of priority and fairness exists and is in use. */
  readonly fair: Promise<void>;
  /** Everything that is made at a start is there: /readyz says ok from now on. */
  started(): void;
}

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, bad PEM). */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { registry, listen, logger, clock } = options;
  const state = { storage: options.storage ?? (() => Promise.resolve()), started: false, fair: false, stopping: false };
  const metrics = new Metrics(() => clock.monotonic() / 1000, options.metrics);
  processMetrics(metrics.registry, options.version);
  storeMetrics(metrics.registry, registry);
  cacheMetrics(metrics.registry, registry);
  groupMetrics(metrics.registry, registry);
  serviceMetrics(metrics.registry, registry);
  const flow = new FlowControl({ clock, metrics: metrics.registry, facts: workFacts(registry) });
  const discovery = discoveryOf(registry, { serverAddress: () => url.replace('https://', '') });
  const openapi = openapiOf(registry, options.descriptionsFile === undefined ? {} : { descriptionsFile: options.descriptionsFile });
  const connector = createConnector({ registry, nodes: options.nodes, logger });
  let url = '';
  const api = createApi({ ...options, discovery, openapi, metrics, flow, health: new Health(state), connector, url: () => url });
  const serve = (request: HttpRequest, response: HttpResponse): void => {
    if (!answeredWithoutHandler(request, response)) void api.serve(request, response);
  };
  const server = createServer(serverOptions(options.tls), (request, response) => {
    if (!isOtherVersion(request)) inTurn(request, response, () => serve(request, response));
  });
  const endHttp2 = http2(server, serve);
  const upgraded = upgrades(server, (upgrade) => api.upgrade(upgrade));
  server.maxHeadersCount = 0;
  server.on('tlsClientError', (error) => {
    metrics.tlsErrors();
    logger.debug({ err: error }, 'TLS handshake failed');
  });
  server.on('clientError', badHttp);
  await listening(server, listen);
  const port = (server.address() as AddressInfo).port;
  const host = listen.host === undefined || listen.host === '::' || listen.host === '0.0.0.0' ? '127.0.0.1' : listen.host;
  url = `https://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  const producer = { fieldManager: 'api-priority-and-fairness-config-producer-v1' };
  const client = inProcessClient(registry, systemUser('apiserver'), producer);
  const configuration = startFlowConfiguration({ flow, client, clock, logger });
  const fair = configuration.ready.then(() => void (state.fair = true));
  fair.catch((error: unknown) => logger.error({ err: error }, 'priority and fairness could not be set up'));
  const stop = async (): Promise<void> => {
    state.stopping = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of upgraded) socket.destroy();
    server.closeAllConnections();
    endHttp2();
    await closed;
    await configuration.stop();
    flow.stop();
    await api.stop();
    await discovery.stop();
    await openapi.stop();
    connector.close();
  };
  const started = (): void => {
    state.started = true;
  };
  return Object.assign(running(stop), { url, port, metrics, fair, started });
}

/** One request of a connection at a time, as Go's server does: what is sent ahead of the answers is not even read. */
function inTurn({ socket }: IncomingMessage, response: ServerResponse, serve: () => void): void {
  if (response.socket !== null) return serve();
  socket.pause();
  response.once('socket', () => {
    socket.resume();
    serve();
  });
}

/**
 * Node's parser otherwise takes what comes straight from the connection. While an answer is still on its way it pauses, which TLS does not
 * know of: several records that were read at once are handed over one after the other, and the next one is a parse error (HPE_PAUSED).
 * As soon as anybody else has listened it takes data from the stream, which keeps the rest.
 */
function readAsStream(socket: TLSSocket): void {
  const ignore = (): void => undefined;
  socket.on('data', ignore).off('data', ignore);
}

/** Takes the connections that chose HTTP/2 away from node:http; the answer ends them. */
function http2(server: Server, serve: Http2Handler): () => void {
  const open = new Map<TLSSocket, () => void>();
  const buffers = new SpareBuffers();
  const [http1] = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket) => {
    if (socket.alpnProtocol !== 'h2') {
      http1?.call(server, socket);
      readAsStream(socket);
      return;
    }
    open.set(socket, serveHttp2(socket, serve, buffers));
    socket.once('close', () => open.delete(socket));
  });
  return () => {
    for (const end of open.values()) end();
  };
}

function serverOptions({ key, cert, clientCA }: ApiServerOptions['tls']): ServerOptions {
  return {
    key,
    cert,
    ca: typeof clientCA === 'string' ? clientCA : [...clientCA],
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
    handshakeTimeout: headersTimeoutMs,
    keepAliveTimeout: 180_000,
    // Watches and logs last; everything else has a deadline (filters/deadline.ts).
    requestTimeout: 0,
    headersTimeout: headersTimeoutMs,
    maxHeaderSize: 1 << 20,
    requireHostHeader: false,
    noDelay: true,
  };
}

function listening(server: Server, { host, port }: ApiServerOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** The first one that is no bearer token: those are not repeated to anybody. */
function subprotocol(offered: Set<string>): string | false {
  return [...offered].find((name) => !name.startsWith('base64url.bearer.authorization.k8s.io.')) ?? false;
}

/** Hands upgrade requests over with a response for refusals; the sockets they leave behind, to be closed in the end. */
function upgrades(server: Server, serve: ReturnType<typeof createApi>['upgrade']): ReadonlySet<Duplex> {
  const open = new Set<Duplex>();
  const webSockets = new WebSocketServer({ noServer: true, clientTracking: false, handleProtocols: subprotocol });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    const response: ServerResponse = new NodeResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(request.socket);
    response.once('finish', () => socket.end());
    void serve({ request, response, socket, head, webSockets });
  });
  return open;
}
