/** What every request meets first: its route, made of what the cluster says. */
import type { IncomingMessage, RequestListener } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Ingress } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Lifecycle } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Informers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import type { Backends, Target } from './backends.ts';
import type { Certificates } from './certificates.ts';
import { secretsByHost } from './certificates.ts';
import { defaultsOf, isServed, servedClasses } from './classes.ts';
import type { BackendAgents, Timeouts } from './connections.ts';
import { backendAgents } from './connections.ts';
import type { Downstream } from './downstream.ts';
import { Http1Downstream, Http2Downstream } from './downstream.ts';
import type { ForwardOptions } from './forward.ts';
import { forward } from './forward.ts';
import type { RawHeaders } from './headers.ts';
import { requestHeaders } from './headers.ts';
import { serveHttp2 } from './http2-clients.ts';
import { Http2Sessions } from './http2-sessions.ts';
import type { IngressMetrics } from './metrics.ts';
import { policyOf } from './policy.ts';
import { refuseSocket } from './refuse.ts';
import type { Route } from './routes.ts';
import { hostName, oldestFirst, RouteTable } from './routes.ts';
import type { Told, TrustedProxies } from './trust.ts';
import { plainAddress, toldBy } from './trust.ts';
import { forwardUpgrade } from './upgrade.ts';

export interface EdgeOptions {
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeouts: Timeouts;
  readonly trusted: TrustedProxies;
  readonly metrics: IngressMetrics;
  readonly backends: Backends;
  readonly certificates: Certificates;
  /** Where plain HTTP is sent to. */
  readonly httpsPort: () => number;
}

/** A request, whichever HTTP it came by. */
interface Asked {
  readonly aim: { readonly host: string; readonly path: string } | undefined;
  readonly raw: RawHeaders | undefined;
  readonly socket: Socket;
}

/** What becomes of it: it goes to a route, or is answered here. */
type Verdict =
  | { readonly route: Route; readonly headers: string[]; readonly path: string; readonly isTls: boolean }
  | { readonly route?: Route; readonly status: number; readonly message: string; readonly location?: string };

export class Edge {
  readonly #options: EdgeOptions;
  readonly #agents: BackendAgents;
  readonly #forward: ForwardOptions;
  #routes: RouteTable | undefined;
  #isSynced = false;

  constructor(options: EdgeOptions) {
    this.#options = options;
    const { clock, logger, timeouts, metrics, backends } = options;
    this.#agents = backendAgents(clock, timeouts);
    this.#forward = {
      agents: this.#agents,
      sessions: new Http2Sessions(clock),
      logger,
      clock,
      bodyMs: timeouts.bodyMs,
      unreachable: (target) => backends.failed(target),
      retried: () => metrics.retried(),
    };
  }

  /** Watches what routes are made of; resolves when all of it has been seen. */
  async follow(lifecycle: Lifecycle): Promise<void> {
    const { informers, backends } = this.#options;
    const [services, slices, secrets] = [informers.of(refs.services), informers.of(refs.endpointSlices), informers.of(refs.secrets)];
    const [ingresses, classes, configMaps] = [
      informers.of(refs.ingresses),
      informers.of(refs.ingressClasses),
      informers.of(refs.configMaps),
    ];
    const changed = (): void => (this.#routes = undefined);
    const updated = (old: Ingress, object: Ingress): void => {
      if (JSON.stringify([old.spec, old.metadata.annotations]) !== JSON.stringify([object.spec, object.metadata.annotations])) changed();
    };
    const parameters = ({ metadata }: { metadata: { namespace?: string; name: string } }): void => {
      for (const { spec } of classes.store.values())
        if (spec?.parameters?.name === metadata.name && spec.parameters.namespace === metadata.namespace) changed();
    };
    const service = (object: Parameters<Backends['serviceChanged']>[0]): void => backends.serviceChanged(object);
    const slice = (object: Parameters<Backends['sliceChanged']>[0]): void => backends.sliceChanged(object);
    lifecycle.add(services.handle({ add: service, update: (_old, object) => service(object), delete: service }));
    lifecycle.add(slices.handle({ add: slice, update: (old, object) => (slice(old), slice(object)), delete: slice }));
    lifecycle.add(ingresses.handle({ add: changed, update: updated, delete: changed }));
    lifecycle.add(classes.handle({ add: changed, update: changed, delete: changed }));
    lifecycle.add(configMaps.handle({ add: parameters, update: parameters, delete: parameters }));
    lifecycle.add(running(() => (this.#agents.destroy(), this.#forward.sessions.destroy())));
    await Promise.all([services, slices, secrets, ingresses, classes, configMaps].map(({ synced }) => synced));
    this.#isSynced = true;
  }

  serves(ingress: Ingress): boolean {
    return isServed(ingress, servedClasses(this.#options.informers.of(refs.ingressClasses).store.values()));
  }

  /** Makes certificates follow the Ingresses that are there. */
  refresh(): void {
    this.#table();
  }

  readonly listener: RequestListener = (request, response) => {
    const verdict = this.#judge({ aim: aimOf(request), raw: request.rawHeaders, socket: request.socket });
    this.#answer(verdict, new Http1Downstream(request, response));
  };

  readonly http2 = (socket: TLSSocket): ServerHttp2Session =>
    serveHttp2(socket, (asked) => {
      const aim = asked.path.startsWith('/') ? { host: asked.host, path: asked.path } : undefined;
      this.#answer(this.#judge({ aim, raw: asked.raw, socket }), new Http2Downstream(asked.stream, asked));
    });

  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const began = this.#options.clock.monotonic();
    const verdict = this.#judge({ aim: aimOf(request), raw: request.rawHeaders, socket: request.socket });
    const answered = (status: number): void => this.#count(verdict.route, status, began);
    if (!('headers' in verdict)) {
      answered(verdict.status);
      return refuseSocket(socket, { ...verdict, ...(verdict.location === undefined ? {} : { headers: { location: verdict.location } }) });
    }
    const { route, headers, path } = verdict;
    const { timeouts, backends } = this.#options;
    const isSecure = (route.policy.protocol ?? backends.protocol(route)) === 'https';
    const ends = this.#ends(route);
    const connectMs = route.policy.connectMs ?? timeouts.connectMs;
    const agent = this.#agents[isSecure ? 'https' : 'http'];
    forwardUpgrade({ request, socket, head, headers, path, isSecure, connectMs, answered, ...ends }, agent);
  };

  #answer(verdict: Verdict, client: Downstream): void {
    const { clock, backends, timeouts } = this.#options;
    const began = clock.monotonic();
    client.onClosed(() => this.#count(verdict.route, client.status ?? 499, began));
    if (!('headers' in verdict)) {
      const { status, message, location } = verdict;
      return client.refuse(status, message, location === undefined ? undefined : { location });
    }
    const { route, headers, path, isTls } = verdict;
    const strictTransport = isTls ? route.policy.strictTransport : undefined;
    const { maxBody, connectMs = timeouts.connectMs, silentMs = timeouts.silentMs, protocol = backends.protocol(route) } = route.policy;
    const { next } = this.#ends(route);
    forward({ client, headers, path, protocol, strictTransport, maxBody, connectMs, silentMs, next }, this.#forward);
  }

  #ends(route: Route): {
    readonly next: (tried: readonly Target[]) => Target | undefined;
    readonly unreachable: (target: Target) => void;
  } {
    const { backends } = this.#options;
    return { next: (tried) => backends.next(route, tried), unreachable: this.#forward.unreachable };
  }

  #count(route: Route | undefined, status: number, began: number): void {
    const { clock, metrics } = this.#options;
    metrics.answered(route, status, (clock.monotonic() - began) / 1000);
  }

  #judge({ aim, raw, socket }: Asked): Verdict {
    if (aim === undefined || raw === undefined) return { status: 400, message: 'the request cannot be passed on' };
    const { encrypted } = socket as Partial<TLSSocket>;
    const peer = {
      address: plainAddress(socket.remoteAddress ?? ''),
      host: aim.host,
      isTls: encrypted === true,
      port: socket.localPort ?? 0,
    };
    const told = toldBy(raw, peer, this.#options.trusted);
    const headers = requestHeaders(raw, aim.host, told);
    if (headers === undefined) return { status: 400, message: 'the request cannot be passed on' };
    if (!this.#isSynced) return { status: 503, message: 'not ready yet' };
    const route = this.#table().find(aim.host, aim.path);
    if (route === undefined) return { status: 404, message: 'no Ingress has this host and path' };
    if (isRedirected(route, told)) return { route, status: 308, message: 'by HTTPS', location: this.#secure(aim) };
    return { route, headers, path: aim.path, isTls: told.proto === 'https' };
  }

  #secure({ host, path }: { readonly host: string; readonly path: string }): string {
    const port = this.#options.httpsPort();
    return `https://${hostName(host)}${port === 443 ? '' : `:${String(port)}`}${path}`;
  }

  /** Made again at the first request after a change. */
  #table(): RouteTable {
    if (this.#routes !== undefined) return this.#routes;
    const { informers, certificates, metrics, clock } = this.#options;
    const classes = informers.of(refs.ingressClasses).store;
    const served = servedClasses(classes.values());
    const ingresses = oldestFirst(informers.of(refs.ingresses).store.values()).filter((ingress) => isServed(ingress, served));
    certificates.setHosts(secretsByHost(ingresses));
    const configMaps = informers.of(refs.configMaps).store;
    const defaults = (ingress: Ingress) =>
      defaultsOf(
        ingress,
        (name) => classes.get(name),
        (key) => configMaps.get(key),
      );
    this.#routes = new RouteTable(ingresses, (ingress) => policyOf(ingress.metadata.annotations, defaults(ingress)).policy);
    metrics.reloaded(new Set(ingresses.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`)), clock.now());
    return this.#routes;
  }
}

function isRedirected({ policy, isSecured }: Route, { proto }: Told): boolean {
  return proto === 'http' && (policy.redirect === 'always' || (policy.redirect === 'tls' && isSecured));
}

/** Host and path of a request; in absolute form the target says both (RFC 9112 3.2.2). Undefined for what names no path. */
function aimOf({ url = '', headers }: IncomingMessage): { host: string; path: string } | undefined {
  if (url.startsWith('/')) return { host: headers.host ?? '', path: url };
  const absolute = /^https?:\/\/([^/?#]+)([^#]*)$/i.exec(url);
  if (absolute === null) return undefined;
  const [, host = '', rest = ''] = absolute;
  return { host, path: rest.startsWith('/') ? rest : `/${rest}` };
}
