/**
 * One of the processes of `bench --ingress`: the backend, http-proxy with nothing around it, or the Ingress controller with one Ingress
 * among a thousand hosts. Says its port; on SIGUSR2 its processor time in microseconds.
 */
import { createServer, Agent } from 'node:http';
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createAuthority, issue } from '../../src/auth/certificates.ts';
import { realClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { createInformers } from '../../src/client/informer-factory.ts';
import { refs } from '../../src/client/refs.ts';
import { createFakeClient } from '../../src/client/testing/fake-client.ts';
import { startIngress } from '../../src/ingress/ingress.ts';
import { ingress, ingressClass, service, slice } from '../../src/ingress/testing/objects.ts';

const [kind = '', backendPort = '0'] = process.argv.slice(2);
const body = Buffer.alloc(1024, 'x');

function listen(listener: RequestListener): Promise<number> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

function backend(): Promise<number> {
  return listen((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length }).end(body);
  });
}

interface HttpProxy {
  readonly createProxyServer: (options: object) => { readonly web: RequestListener };
}

function bareProxy(): Promise<number> {
  const { createProxyServer } = createRequire(import.meta.url)('http-proxy') as HttpProxy;
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  const proxy = createProxyServer({ target: `http://127.0.0.1:${backendPort}`, agent, xfwd: true });
  return listen((request, response) => proxy.web(request, response));
}

async function controller(): Promise<number> {
  const client = createFakeClient({ clock: realClock });
  const informers = createInformers({ client, clock: realClock, logger: silentLogger });
  client.seed(refs.ingressClasses, ingressClass('coracle'));
  for (let at = 0; at < 1000; at++) {
    client.seed(
      refs.ingresses,
      ingress(`a/i${at}`, {
        rules: [
          [`h${at}.example`, '/', 'web:80'],
          [`h${at}.example`, '/a', 'web:80'],
        ],
      }),
    );
  }
  client.seed(refs.services, service('a/web', [{ name: 'http', port: 80 }]));
  client.seed(refs.endpointSlices, slice('a/web', [{ ip: '127.0.0.1' }], [{ name: 'http', port: Number(backendPort) }]));
  const now = Date.now();
  const fallback = await issue(await createAuthority('bench', now), { commonName: 'bench', usage: 'server', days: 1 }, now);
  const options = { client, informers, clock: realClock, logger: silentLogger, httpPort: 0, httpsPort: 0, addresses: [], fallback };
  const server = await startIngress(options);
  await server.synced;
  return server.httpPort;
}

const start = { backend, 'http-proxy': bareProxy, ingress: controller }[kind];
if (start === undefined) throw new Error(`no such process: ${kind}`);
process.on('SIGUSR2', () => {
  const { user, system } = process.cpuUsage();
  console.log(user + system);
});
console.log(await start());
