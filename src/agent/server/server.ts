/** The kubelet API over HTTPS (pkg/kubelet/server/server.go). */
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Informer } from '../../client/informer.ts';
import type { KubeletServerOptions } from '../options.ts';
import type { PodDeps } from '../pods/deps.ts';
import type { PodManager } from '../pods/pod-manager.ts';
import { actionOf, callerOf, createAuthorizer } from './authorizer.ts';
import type { Authorize } from './authorizer.ts';
import { HttpError } from './http-error.ts';
import { createRoutes } from './routes.ts';
import type { Routes } from './routes.ts';

export interface ServerOptions extends KubeletServerOptions {
  readonly deps: PodDeps;
  readonly pods: Informer<Pod>;
  readonly managed: Promise<PodManager>;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface KubeletServer extends Running {
  readonly port: number;
}

/** Resolves when it listens: on the given port, or on a free one when that is taken. */
export async function startKubeletServer(options: ServerOptions): Promise<KubeletServer> {
  const { tls, clientCA, logger } = options;
  const routes = createRoutes(options);
  const authorize = createAuthorizer(options.deps.client, options.nodeName, options.clock);
  const server = createServer({
    cert: tls.cert,
    key: tls.key,
    ca: clientCA,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => void handle({ routes, authorize, logger }, request, response));
  server.on(
    'upgrade',
    (request: IncomingMessage, socket: Duplex, head: Buffer) => void upgrade({ routes, authorize, logger }, request, { socket, head }),
  );
  server.on('tlsClientError', () => undefined);
  const port = await listen(server, options.host, options.port);
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
  readonly authorize: Authorize;
  readonly logger: Logger;
}

async function admit({ authorize }: Parts, request: IncomingMessage, url: URL): Promise<void> {
  const caller = callerOf(request.socket as TLSSocket);
  if (caller === undefined) throw new HttpError(401, 'Unauthorized');
  const action = actionOf(request.method ?? 'GET', url.pathname);
  if (await authorize(caller, action)) return;
  throw new HttpError(403, `Forbidden (user=${caller.user}, verb=${action.verb}, resource=nodes, subresource(s)=[${action.subresource}])`);
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
  try {
    await admit(parts, request, url);
    await parts.routes.serve({ request, response, url });
  } catch (error) {
    const refusal = asHttpError(error, parts.logger);
    if (response.headersSent) return void response.destroy();
    response.writeHead(refusal.code, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${refusal.message}\n`);
  }
}

async function upgrade(parts: Parts, request: IncomingMessage, { socket, head }: { socket: Duplex; head: Buffer }): Promise<void> {
  const url = urlOf(request);
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
  }
}
