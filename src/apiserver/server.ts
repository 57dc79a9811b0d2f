/**
 * The HTTPS server: one chain of filters in front of one handler a verb. HTTP/1.1 only, which every client speaks; what the
 * alternatives cost stands in ARCHITECTURE.md. No framework stands on the way of a request.
 */
import { createServer, type Server } from 'node:https';
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
import type { Registry } from '../registry/store.ts';
import { createApi } from './api.ts';
import { discoveryOf } from './discovery/discovery.ts';
import { createConnector, type NodeConnection } from './connect/connector.ts';
import type { HealthCheck } from './health.ts';
import { createMetrics } from './metrics.ts';
import type { VersionInfo } from './non-resource.ts';
import { openapiOf } from './openapi/openapi.ts';

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
  /** Prose for OpenAPI, written by hack/descriptions.ts; without it the documents have none. */
  readonly descriptionsFile?: string;
  /** Besides ping, for /readyz. */
  readonly readiness?: readonly HealthCheck[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ApiServer extends Running {
  /** `https://127.0.0.1:PORT`, or the host that was asked for. */
  readonly url: string;
  readonly port: number;
}

/** Resolves when it listens; rejects when it cannot (EADDRINUSE, bad PEM). */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { tls, listen, logger } = options;
  const discovery = discoveryOf(options.registry);
  const openapi = openapiOf(options.registry, options.descriptionsFile === undefined ? {} : { descriptionsFile: options.descriptionsFile });
  const connector = createConnector({ registry: options.registry, nodes: options.nodes, logger });
  let url = '';
  const api = createApi({ ...options, discovery, openapi, metrics: createMetrics(), connector, url: () => url });
  const server = createServer(
    {
      key: tls.key,
      cert: tls.cert,
      ca: typeof tls.clientCA === 'string' ? tls.clientCA : [...tls.clientCA],
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      keepAliveTimeout: 180_000,
      // Watches and logs last; bodies are bounded by size.
      requestTimeout: 0,
      headersTimeout: 32_000,
      maxHeaderSize: 1 << 20,
      noDelay: true,
    },
    (request, response) => void api.serve(request, response),
  );
  const upgraded = upgrades(server, (upgrade) => api.upgrade(upgrade));
  server.on('tlsClientError', (error) => logger.debug({ err: error }, 'TLS handshake failed'));
  server.on('clientError', (_error, socket) => socket.destroy());
  await listening(server, listen);
  const port = (server.address() as AddressInfo).port;
  const host = listen.host === undefined || listen.host === '::' || listen.host === '0.0.0.0' ? '127.0.0.1' : listen.host;
  url = `https://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of upgraded) socket.destroy();
    server.closeAllConnections();
    await closed;
    await discovery.stop();
    await openapi.stop();
    connector.close();
  };
  return Object.assign(running(stop), { url, port });
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

/** Hands upgrade requests over with a response for refusals; the sockets they leave behind, to be closed in the end. */
function upgrades(server: Server, serve: ReturnType<typeof createApi>['upgrade']): ReadonlySet<Duplex> {
  const open = new Set<Duplex>();
  const webSockets = new WebSocketServer({ noServer: true, clientTracking: false });
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
