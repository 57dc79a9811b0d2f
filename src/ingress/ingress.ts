/** The built-in Ingress controller: two listening ports, routes and certificates from the cluster, backends reached at their endpoints. */
import type { Agent, IncomingMessage, RequestListener, ServerOptions } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Ingress } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { Lifecycle, running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import { Backends } from './backends.ts';
import type { KeyPair } from './certificates.ts';
import { Certificates, secretsByHost } from './certificates.ts';
import { ensureIngressClass, isServed, servedClasses } from './classes.ts';
import type { Timeouts } from './connections.ts';
import { backendAgent } from './connections.ts';
import { forward } from './forward.ts';
import { requestHeaders } from './headers.ts';
import { refuse, refuseSocket } from './refuse.ts';
import type { Backend } from './routes.ts';
import { oldestFirst, RouteTable } from './routes.ts';
import { serve } from './serve.ts';
import { startStatus } from './status.ts';
import { forwardUpgrade, mayUpgrade } from './upgrade.ts';

export interface IngressOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  /** 0: a free one. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Addresses at which this server's node is reached; they become the Ingresses' status. */
  readonly addresses: readonly string[];
  /** The certificate for names that no Ingress has one for. */
  readonly fallback: KeyPair;
  readonly timeouts?: Timeouts;
}

export interface IngressServer extends Running {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Resolves when the routes that are there are served. */
  readonly synced: Promise<void>;
}

const usualTimeouts: Timeouts = { connectMs: 5000, silentMs: 300_000 };

/** Rejects when a port cannot be had (EADDRINUSE, EACCES); then nothing is left running. */
export async function startIngress(options: IngressOptions): Promise<IngressServer> {
  const { informers, logger, clock } = options;
  const lifecycle = new Lifecycle();
  try {
    const edge = new Edge(options);
    const synced = edge.follow(lifecycle);
    const plain = serve(createServer(serverOptions, edge.listener), edge.upgrade, clock);
    const tls = serve(createTlsServer({ ...serverOptions, ...edge.tlsOptions }, edge.listener), edge.upgrade, clock);
    lifecycle.add(running(() => Promise.all([plain.stop(), tls.stop()]).then(() => undefined)));
    const httpPort = await plain.listen(options.httpPort);
    const httpsPort = await tls.listen(options.httpsPort);
    await ensureIngressClass(options.client);
    const nodes = informers.of(refs.nodes);
    const status = { ...options, ingresses: informers.of(refs.ingresses), nodes, isServed: (ingress: Ingress) => edge.serves(ingress) };
    lifecycle.add(startStatus({ ...status, ready: Promise.all([synced, nodes.synced]) }));
    void synced.then(() => logger.info({ httpPort, httpsPort }, 'serving Ingresses'));
    return { httpPort, httpsPort, synced, ...running(() => lifecycle.stop()) };
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

const serverOptions = {
  // A client has a minute for its headers; its body may take as long as it comes.
  headersTimeout: 60_000,
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 32 * 1024,
  noDelay: true,
  shouldUpgradeCallback: mayUpgrade,
} satisfies ServerOptions;

/** What every request meets first: its route. */
class Edge {
  readonly #options: IngressOptions;
  readonly #agent: Agent;
  readonly #backends: Backends;
  readonly #certificates: Certificates;
  #routes: RouteTable | undefined;
  #isSynced = false;

  constructor(options: IngressOptions) {
    this.#options = options;
    const { informers, clock, timeouts = usualTimeouts } = options;
    this.#agent = backendAgent(clock, timeouts);
    this.#backends = new Backends(informers.of(refs.services), informers.of(refs.endpointSlices));
    const secrets = informers.of(refs.secrets);
    this.#certificates = new Certificates({ ...options, secret: (key) => secrets.store.get(key) });
  }

  /** Watches what routes are made of; resolves when all of it has been seen. */
  async follow(lifecycle: Lifecycle): Promise<void> {
    const { informers } = this.#options;
    const watched = [refs.services, refs.endpointSlices, refs.secrets, refs.ingresses, refs.ingressClasses].map((ref) =>
      informers.of<Ingress>(ref as never),
    );
    const changed = (): void => (this.#routes = undefined);
    const updated = (old: Ingress, object: Ingress): void => {
      if (JSON.stringify([old.spec, old.metadata.annotations]) !== JSON.stringify([object.spec, object.metadata.annotations])) changed();
    };
    const backends = this.#backends;
    const service = (object: Parameters<Backends['serviceChanged']>[0]): void => backends.serviceChanged(object);
    const slice = (object: Parameters<Backends['sliceChanged']>[0]): void => backends.sliceChanged(object);
    lifecycle.add(informers.of(refs.services).handle({ add: service, update: (_old, object) => service(object), delete: service }));
    lifecycle.add(
      informers.of(refs.endpointSlices).handle({ add: slice, update: (old, object) => (slice(old), slice(object)), delete: slice }),
    );
    lifecycle.add(informers.of(refs.ingresses).handle({ add: changed, update: updated, delete: changed }));
    lifecycle.add(informers.of(refs.ingressClasses).handle({ add: changed, update: changed, delete: changed }));
    lifecycle.add(running(() => this.#agent.destroy()));
    await Promise.all(watched.map(({ synced }) => synced));
    this.#isSynced = true;
  }

  serves(ingress: Ingress): boolean {
    return isServed(ingress, servedClasses(this.#options.informers.of(refs.ingressClasses).store.values()));
  }

  get tlsOptions(): import('node:https').ServerOptions {
    return {
      cert: this.#options.fallback.cert,
      key: this.#options.fallback.key,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => {
        this.#table();
        done(null, this.#certificates.contextFor(name));
      },
    };
  }

  readonly listener: RequestListener = (request, response) => {
    const { backend, path, headers, status } = this.#route(request);
    if (headers === undefined) return refuse(response, 400, 'the request cannot be passed on');
    if (backend === undefined) return refuse(response, status, status === 404 ? 'no Ingress has this host and path' : 'not ready yet');
    forward(
      { request, response, headers, path, next: (not) => this.#backends.next(backend, not) },
      { agent: this.#agent, logger: this.#options.logger },
    );
  };

  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { backend, path, headers, status } = this.#route(request);
    if (headers === undefined) return refuseSocket(socket, 400, 'the request cannot be passed on');
    if (backend === undefined) return refuseSocket(socket, status, 'no Ingress has this host and path');
    forwardUpgrade({ request, socket, head, headers, path, target: this.#backends.next(backend) }, this.#agent);
  };

  #route(request: IncomingMessage): { backend: Backend | undefined; path: string; headers: string[] | undefined; status: number } {
    const aim = aimOf(request);
    const socket = request.socket as Partial<TLSSocket> & Socket;
    const client = { address: socket.remoteAddress ?? '', isTls: socket.encrypted === true, port: socket.localPort ?? 0 };
    const headers = aim && requestHeaders(request.rawHeaders, { ...client, host: aim.host });
    const backend = aim && this.#isSynced ? this.#table().find(aim.host, aim.path) : undefined;
    return { backend, path: aim?.path ?? '', headers, status: this.#isSynced ? 404 : 503 };
  }

  /** Made again at the first request after a change. */
  #table(): RouteTable {
    if (this.#routes !== undefined) return this.#routes;
    const { informers } = this.#options;
    const classes = servedClasses(informers.of(refs.ingressClasses).store.values());
    const ingresses = oldestFirst(informers.of(refs.ingresses).store.values()).filter((ingress) => isServed(ingress, classes));
    this.#certificates.setHosts(secretsByHost(ingresses));
    return (this.#routes = new RouteTable(ingresses));
  }
}

/** Host and path of a request; in absolute form the target says both (RFC 9112 3.2.2). Undefined for what names no path. */
function aimOf({ url = '', headers }: IncomingMessage): { host: string; path: string } | undefined {
  if (url.startsWith('/')) return { host: headers.host ?? '', path: url };
  const absolute = /^https?:\/\/([^/?#]+)([^#]*)$/i.exec(url);
  if (absolute === null) return undefined;
  const [, host = '', rest = ''] = absolute;
  return { host, path: rest.startsWith('/') ? rest : `/${rest}` };
}
