/**
 * Health check node ports: tells balancers outside whether this node has endpoints of a service with `externalTrafficPolicy: Local`.
 * One listener a service and family; answers as pkg/proxy/healthcheck/service_health.go.
 */
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Family } from '../addresses.ts';

export interface ServiceHealth extends Running {
  /** `port` undefined: no server (any more). `counts`: ready endpoints on this node, for each family of the service, which alone are served. */
  set(service: string, port: number | undefined, counts: ReadonlyMap<Family, number>): void;
  /** Resolves when everything set so far is open or closed, or has failed. */
  settled(): Promise<void>;
}

export interface ServiceHealthOptions {
  readonly logger: Logger;
  readonly families: readonly Family[];
  /** Whether the proxy itself keeps up. */
  readonly proxyHealthy: () => boolean;
  /** A port could not be opened. */
  readonly onFailure: (service: string, message: string) => void;
  readonly nodeName: string;
}

interface Entry {
  readonly port: number;
  readonly families: readonly Family[];
  readonly servers: readonly Server[];
  counts: ReadonlyMap<Family, number>;
}

/** What a server answers. */
export function serviceHealthAnswer(
  service: string,
  state: { readonly localEndpoints: number; readonly serviceProxyHealthy: boolean },
): { status: number; headers: Record<string, string>; body: string } {
  const [namespace, name] = service.split('/');
  const { localEndpoints, serviceProxyHealthy } = state;
  return {
    status: localEndpoints > 0 && serviceProxyHealthy ? 200 : 503,
    headers: {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
    },
    body: JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy }, undefined, '\t'),
  };
}

export function createServiceHealth(options: ServiceHealthOptions): ServiceHealth {
  return new Servers(options);
}

class Servers implements ServiceHealth {
  readonly #options: ServiceHealthOptions;
  readonly #entries = new Map<string, Entry>();
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: ServiceHealthOptions) {
    this.#options = options;
  }

  set(service: string, port: number | undefined, counts: ReadonlyMap<Family, number>): void {
    const entry = this.#entries.get(service);
    const families = this.#options.families.filter((family) => counts.has(family));
    if (entry !== undefined && entry.port === port && entry.families.join() === families.join()) {
      entry.counts = counts;
      return;
    }
    if (entry !== undefined) {
      this.#entries.delete(service);
      this.#then(() => close(entry.servers));
    }
    if (port !== undefined) this.#open(service, { port, families, counts });
  }

  async settled(): Promise<void> {
    await this.#work;
  }

  async stop(): Promise<void> {
    for (const { servers } of this.#entries.values()) this.#then(() => close(servers));
    this.#entries.clear();
    await this.#work;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** One after the other, so that a port that moves between services is free when the next one takes it. */
  #then(work: () => Promise<unknown>): void {
    this.#work = this.#work.then(work);
  }

  #open(service: string, { port, families, counts }: Omit<Entry, 'servers'>): void {
    const { proxyHealthy, logger, onFailure, nodeName } = this.#options;
    const servers = families.map((family) =>
      createServer((_request, response) => {
        const localEndpoints = this.#entries.get(service)?.counts.get(family) ?? 0;
        const { status, headers, body } = serviceHealthAnswer(service, { localEndpoints, serviceProxyHealthy: proxyHealthy() });
        response.writeHead(status, headers).end(body);
      }),
    );
    this.#entries.set(service, { port, families, servers, counts });
    this.#then(async () => {
      for (const [at, server] of servers.entries()) {
        try {
          await listen(server, port, families[at] === 'ip6' ? '::' : '0.0.0.0');
        } catch (error) {
          const message = `node ${nodeName} failed to start healthcheck "${service}" on port ${String(port)}: ${String(error)}`;
          logger.warn({ err: error, service, port }, 'cannot open a health check node port');
          onFailure(service, message);
        }
      }
    });
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, ipv6Only: true }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
    server.unref();
  });
}

async function close(servers: readonly Server[]): Promise<void> {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
