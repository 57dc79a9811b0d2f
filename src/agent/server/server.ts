/** The kubelet API over HTTPS (pkg/kubelet/server/server.go). */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { KubeletServerOptions } from '../options.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';
import { actionOf, callerOf, createAuthorizer, createTokenAuthenticator } from './authorizer.ts';
import type { AuthenticateToken, Authorize, Caller } from './authorizer.ts';
import { HttpError } from './http-error.ts';
import { createLocalConnections, type LocalConnections } from './local-connections.ts';
import { createRoutes } from './routes.ts';
import type { RouteOptions, Routes } from './routes.ts';

export interface ServerOptions extends KubeletServerOptions, RouteOptions {
  readonly logger: Logger;
}

export interface KubeletServer extends Running {
  readonly port: number;
}

/** Resolves when it listens: on the given port, or on a free one when that is taken. */
export async function startKubeletServer(options: ServerOptions): Promise<KubeletServer> {
  const { tls, clientCA, logger } = options;
  const routes = createRoutes(options);
  const { deps, clock, metrics } = options;
  const sockets = new Set<Duplex>();
  const track = (socket: Duplex): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  const local = createLocalConnections((socket) => {
    track(socket);
    server.emit('secureConnection', socket);
  });
  const parts: Parts = {
    routes,
    local,
    logger,
    clock,
    metrics,
    authenticate: createTokenAuthenticator(deps.client, clock),
    authorize: createAuthorizer(deps.client, options.nodeName, clock),
  };
  const server = createServer({
    cert: tls.cert,
    key: tls.key,
    ca: clientCA,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  server.on('connection', track);
  server.on('request', (request, response) => void handle(parts, request, response));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade(parts, request, { socket, head }));
  server.on('tlsClientError', () => undefined);
  const port = await listen(server, options.host, options.port);
  // Connections that are open go on with the old one.
  options.onRenewable?.((renewed) => server.setSecureContext({ cert: renewed.cert, key: renewed.key, ca: clientCA }));
  options.onReachable?.(() => local.connect());
  return {
    port,
    ...running(
      () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          for (const socket of sockets) socket.destroy();
        }),
    ),
  };
}

function listen(server: ReturnType<typeof createServer>, host: string | undefined, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const attempt = (wanted: number): void => void server.listen({ port: wanted, ...(host === undefined ? {} : { host }) });
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' && port !== 0) return attempt(0);
      reject(error);
    });
    server.once('listening', () => resolve((server.address() as AddressInfo).port));
    attempt(port);
  });
}

interface Parts {
  readonly routes: Routes;
  readonly local: LocalConnections;
  readonly authenticate: AuthenticateToken;
  readonly authorize: Authorize;
  readonly clock: Clock;
  readonly metrics: KubeletMetrics;
  readonly logger: Logger;
}

async function admit(parts: Parts, request: IncomingMessage, url: URL): Promise<void> {
  const caller = await whoAsks(parts, request);
  if (caller === undefined) throw new HttpError(401, 'Unauthorized');
  const action = actionOf(request.method ?? 'GET', url.pathname);
  if (await parts.authorize(caller, action)) return;
  const { verb, subresources } = action;
  throw new HttpError(403, `Forbidden (user=${caller.user}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`);
}

async function whoAsks({ local, authenticate, logger }: Parts, request: IncomingMessage): Promise<Caller | undefined> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  try {
    const known = local.callerOf(request.socket) ?? callerOf(request.socket as TLSSocket);
    return known ?? (token === undefined ? undefined : await authenticate(token));
  } catch (error) {
    logger.warn({ err: error }, 'a token could not be reviewed');
    return undefined;
  }
}

/** First parts of paths that metrics tell apart; the others are `other`. */
const counted = new Set(
  'pods runningpods healthz configz stats metrics logs containerLogs run exec attach portForward checkpoint'.split(' '),
);
const longRunning = new Set(['exec', 'attach', 'portForward', 'debug']);

/** Counts a request; call what is answered when it is over. */
function note({ metrics }: Parts, request: IncomingMessage, url: URL): () => void {
  const [, first = '', second = ''] = url.pathname.split('/');
  const path = first === 'metrics' && second !== '' ? `metrics/${second}` : counted.has(first) ? first : 'other';
  return metrics.request({ method: request.method ?? 'GET', path, longRunning: longRunning.has(first) });
}

function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? '/', 'https://kubelet');
}

function asHttpError(error: unknown, logger: Logger): HttpError {
  if (error instanceof HttpError) return error;
  logger.warn({ err: error }, 'a request to the kubelet API failed');
  return new HttpError(500, error instanceof Error ? error.message : String(error));
}

async function handle(parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = urlOf(request);
  const over = note(parts, request, url);
  try {
    await admit(parts, request, url);
    await parts.routes.serve({ request, response, url });
  } catch (error) {
    const refusal = asHttpError(error, parts.logger);
    if (response.headersSent) return void response.destroy();
    response.writeHead(refusal.code, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(refusal.message);
  } finally {
    over();
  }
}

async function upgrade(parts: Parts, request: IncomingMessage, { socket, head }: { socket: Duplex; head: Buffer }): Promise<void> {
  const url = urlOf(request);
  const over = note(parts, request, url);
  socket.on('error', () => socket.destroy());
  try {
    await admit(parts, request, url);
    await parts.routes.upgrade({ request, socket, head, url });
  } catch (error) {
    const { code, message } = asHttpError(error, parts.logger);
    if (socket.writable)
      socket.end(
        `HTTP/1.1 ${code} ${code === 404 ? 'Not Found' : 'Error'}\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(message)}\r\nConnection: close\r\n\r\n${message}`,
      );
  } finally {
    over();
  }
}
