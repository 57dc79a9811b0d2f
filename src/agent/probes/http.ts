/** HTTP and HTTPS probes (pkg/probe/http): success is 200 to 399; certificates are not checked; no connection is kept. */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ProbeResult } from './probe.ts';
import { connectReason } from './tcp.ts';

/** Redirects followed on the same host. */
const maxRedirects = 10;
/** Of an answer no more is read (pkg/probe/http, maxRespBodyLength). */
const maxBody = 10 * 1024;
/** Those that Go's client follows. */
const redirects = new Set([301, 302, 303, 307, 308]);

interface Header {
  readonly name: string;
  readonly value: string;
}

export interface HttpOptions {
  readonly timeoutMs: number;
  /** Who asks. */
  readonly agent: string;
}

export function probeHttp(url: string, headers: readonly Header[], { timeoutMs, agent }: HttpOptions): Promise<ProbeResult> {
  return attempt({
    url,
    host: new URL(url).hostname,
    headers: headerFields(headers, agent),
    deadline: performance.now() + timeoutMs,
    hops: 0,
  });
}

interface Attempt {
  readonly url: string;
  /** Redirects stay on it. */
  readonly host: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly deadline: number;
  readonly hops: number;
}

/** An empty Accept means none at all. */
function headerFields(headers: readonly Header[], agent: string): Record<string, string | string[]> {
  const given: Record<string, string[]> = {};
  for (const { name, value } of headers) (given[name.toLowerCase()] ??= []).push(value);
  const { host, accept = ['*/*'], ...rest } = given;
  return {
    'user-agent': agent,
    connection: 'close',
    ...(accept[0] === '' ? {} : { accept }),
    ...(host === undefined || host[0] === '' ? {} : { host: host[0] ?? '' }),
    ...rest,
  };
}

function attempt(call: Attempt): Promise<ProbeResult> {
  const target = new URL(call.url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const failed = (why: string): ProbeResult => ({ ok: false, output: `Get "${call.url}": ${why}` });
  return new Promise((resolve) => {
    const outgoing = send(target, { agent: false, rejectUnauthorized: false, headers: call.headers });
    const finish = (result: ProbeResult | Promise<ProbeResult>): void => {
      clearTimeout(timer);
      resolve(result);
      outgoing.destroy();
    };
    const timer = setTimeout(
      () => finish(failed('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')),
      Math.max(0, call.deadline - performance.now()),
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => finish(failed(errorText(error, target))));
    outgoing.on('response', (response) => void answered(call, response).then(finish, () => finish(failed('unexpected EOF'))));
    outgoing.end();
  });
}

async function answered(call: Attempt, response: IncomingMessage): Promise<ProbeResult> {
  const status = response.statusCode ?? 0;
  const { location } = response.headers;
  if (redirects.has(status) && location !== undefined) {
    const next = new URL(location, call.url);
    if (next.hostname === call.host) {
      if (call.hops + 1 >= maxRedirects) return { ok: false, output: `Get "${location}": stopped after ${maxRedirects} redirects` };
      return attempt({ ...call, url: next.href, hops: call.hops + 1 });
    }
  }
  if (status < 200 || status >= 400) return { ok: false, output: `HTTP probe failed with statuscode: ${status}` };
  const body = await readBody(response);
  if (status >= 300) return { ok: true, warning: true, output: `Probe terminated redirects, Response body: ${body}` };
  return { ok: true, output: body };
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= maxBody) break;
  }
  return Buffer.concat(chunks).subarray(0, maxBody).toString('utf8');
}

/** Go's words for what went wrong. */
function errorText(error: NodeJS.ErrnoException, target: URL): string {
  const { code, message } = error;
  if (message === 'socket hang up') return 'EOF';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO') return 'http: server gave HTTP response to HTTPS client';
  if (code === undefined || code.startsWith('HPE_')) return message;
  const port = target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port;
  return `dial tcp ${target.hostname}:${port}: connect: ${connectReason(error)}`;
}
