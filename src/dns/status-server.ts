/** What CoreDNS shows over HTTP: /metrics (its plugin prometheus), /health and /ready, here all at one port. */
import { createServer } from 'node:http';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';

export interface StatusOptions {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly metrics: () => string;
  readonly isReady: () => boolean;
}

/** Rejects when an address is in use. */
export async function startStatusServer(options: StatusOptions): Promise<Running> {
  const servers = await Promise.all(options.hosts.map((host) => listenAt(host, options)));
  return running(async () => {
    await Promise.all(servers.map((stop) => stop()));
  });
}

function listenAt(host: string, { port, metrics, isReady }: StatusOptions): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    const text = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body);
    };
    if (request.url === '/metrics') text(200, metrics());
    else if (request.url === '/health') text(200, 'OK');
    else if (request.url === '/ready') text(isReady() ? 200 : 503, isReady() ? 'OK' : 'kubernetes');
    else text(404, '404 page not found\n');
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      server.off('error', reject);
      resolve(() => {
        server.closeAllConnections();
        return new Promise((closed) => server.close(() => closed()));
      });
    });
  });
}
