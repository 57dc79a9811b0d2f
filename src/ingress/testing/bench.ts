/** An Ingress controller over a fake cluster, with backends and clients of its own; for tests. */
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders as Http1Headers, RequestListener, Server } from 'node:http';
import type { ClientHttp2Session, Http2Server, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { connect as connectHttp2 } from 'node:http2';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import { connect } from 'node:net';
import { createAuthority, issue } from '../../auth/certificates.ts';
import { realClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { MetricRegistry } from '../../base/metrics.ts';
import { createInformers } from '../../client/informer-factory.ts';
import { refs } from '../../client/refs.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import type { IngressOptions, IngressServer } from '../ingress.ts';
import { startIngress } from '../ingress.ts';
import type { IngressForm } from './objects.ts';
import { ingress, ingressClass, service, slice } from './objects.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Http1Headers & IncomingHttpHeaders;
  readonly body: string;
  readonly trailers?: IncomingHttpHeaders;
}

export interface Question {
  readonly host?: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

export class IngressBench {
  readonly metrics = new MetricRegistry();
  readonly client = createFakeClient({ clock: realClock });
  readonly informers = createInformers({ client: this.client, clock: realClock, logger: silentLogger });
  readonly #closing: (() => Promise<unknown>)[] = [];
  #server: IngressServer | undefined;

  get ports(): { readonly http: number; readonly https: number } {
    return { http: this.#server?.httpPort ?? 0, https: this.#server?.httpsPort ?? 0 };
  }

  async listen(backend: Server | TcpServer | Http2Server): Promise<number> {
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
    this.#closing.push(() => new Promise((resolve) => backend.close(resolve)));
    return (backend.address() as AddressInfo).port;
  }

  /** A Service `a/NAME` with port 80 at these addresses. */
  expose(name: string, port: number, { ips = ['127.0.0.1'], appProtocol }: { ips?: readonly string[]; appProtocol?: string } = {}): void {
    const protocol = appProtocol === undefined ? {} : { appProtocol };
    this.client.seed(refs.services, service(`a/${name}`, [{ name: 'http', port: 80, ...protocol }]));
    const endpoints = ips.map((ip) => ({ ip }));
    this.client.seed(refs.endpointSlices, slice(`a/${name}`, endpoints, [{ name: 'http', port }]));
  }

  /** Starts with an Ingress `a/web` of this form; without rules host `h` goes to `web:80`. */
  async start(form: IngressForm = {}, options: Partial<IngressOptions> = {}): Promise<void> {
    const now = Date.now();
    const fallback = await issue(
      await createAuthority('test', now),
      { commonName: 'fallback', hosts: ['h'], usage: 'server', days: 1 },
      now,
    );
    this.client.seed(refs.ingressClasses, ingressClass('coracle'));
    this.client.seed(refs.ingresses, ingress('a/web', { rules: [['h', '/', 'web:80']], ...form }));
    const parts = { client: this.client, informers: this.informers, clock: realClock, logger: silentLogger, metrics: this.metrics };
    this.#server = await startIngress({ ...parts, httpPort: 0, httpsPort: 0, addresses: [], fallback, ...options });
    await this.#server.synced;
  }

  /** The same with an HTTP/1.1 backend. */
  async serve(listener: RequestListener, form?: IngressForm, options?: Partial<IngressOptions>): Promise<void> {
    this.expose('web', await this.listen(createServer(listener)));
    await this.start(form, options);
  }

  ask(path: string, { host = 'h', method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request({ port: this.ports.http, path, method, headers: { host, ...headers }, agent: false }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text })).on('error', reject);
      });
      sent.on('error', reject).end(body);
    });
  }

  http2(): ClientHttp2Session {
    const session = connectHttp2(`https://127.0.0.1:${String(this.ports.https)}`, { servername: 'h', rejectUnauthorized: false });
    session.on('error', () => undefined);
    this.#closing.push(() => new Promise<void>((resolve) => (session.closed ? resolve() : session.close(resolve))));
    return session;
  }

  /** Sends bytes as they are; answers all that comes until the connection ends. */
  raw(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let got = '';
      const socket = connect(this.ports.http, '127.0.0.1', () => socket.write(text));
      socket.setEncoding('utf8').on('data', (chunk: string) => (got += chunk));
      socket.on('close', () => resolve(got)).on('error', reject);
    });
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) void close();
    await this.#server?.stop();
    await this.informers.stop();
  }
}

/** One request over HTTP/2 and its whole answer. */
export function ask2(
  session: ClientHttp2Session,
  path: string,
  { host = 'h', method = 'GET', headers = {}, body }: Question = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ':method': method, ':authority': host, ...headers }, { endStream: body === undefined });
    let [text, status, got, trailers]: [string, number, IncomingHttpHeaders, IncomingHttpHeaders | undefined] = ['', 0, {}, undefined];
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    stream.on('response', (answer) => {
      status = answer[':status'] ?? 0;
      got = answer;
    });
    stream.on('trailers', (last: IncomingHttpHeaders) => (trailers = last));
    stream.on('error', reject);
    stream.on('close', () => resolve({ status, headers: got, body: text, ...(trailers === undefined ? {} : { trailers }) }));
    if (body !== undefined) stream.end(body);
  });
}

/** Says what it was asked. */
export const echo: RequestListener = (incoming, response) => {
  let body = '';
  incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
  incoming.on('end', () => response.end(JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.headers, body })));
};

export async function eventually(check: () => Promise<void> | void): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await check();
    } catch (error) {
      if (tries === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
