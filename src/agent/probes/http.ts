/** HTTP and HTTPS probes (pkg/probe/http): success is 200 to 399; certificates are not checked; no connection is kept. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ProbeResult } from './probe.ts';
import { connectReason } from './tcp.ts';

/** Redirects followed on the same host. */
const maxRedirects = 10;

interface Header {
  readonly name: string;
  readonly value: string;
}

export function probeHttp(url: string, headers: readonly Header[], timeoutMs: number): Promise<ProbeResult> {
  return attempt({ url, first: url, headers, deadline: performance.now() + timeoutMs, redirects: 0 });
}

interface Attempt {
  readonly url: string;
  readonly first: string;
  readonly headers: readonly Header[];
  readonly deadline: number;
  readonly redirects: number;
}

function attempt(call: Attempt): Promise<ProbeResult> {
  const target = new URL(call.url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const given: Record<string, string[]> = {};
  for (const { name, value } of call.headers) (given[name.toLowerCase()] ??= []).push(value);
  const { host, ...rest } = given;
  const failed = (why: string): ProbeResult => ({ ok: false, output: `Get "${call.first}": ${why}` });
  return new Promise((resolve) => {
    const outgoing = send(target, {
      agent: false,
      rejectUnauthorized: false,
      headers: {
        'user-agent': 'kube-probe/1.36',
        accept: '*/*',
        connection: 'close',
        ...(host === undefined ? {} : { host: host[0] ?? '' }),
        ...rest,
      },
    });
    const timer = setTimeout(
      () => {
        resolve(failed('context deadline exceeded (Client.Timeout exceeded while awaiting headers)'));
        outgoing.destroy();
      },
      Math.max(0, call.deadline - performance.now()),
    );
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const address = `${target.hostname}:${target.port === '' ? (target.protocol === 'https:' ? '443' : '80') : target.port}`;
      resolve(failed(error.code === undefined ? error.message : `dial tcp ${address}: connect: ${connectReason(error)}`));
    });
    outgoing.on('response', (response) => {
      clearTimeout(timer);
      const status = response.statusCode ?? 0;
      response.destroy();
      const location = status >= 300 && status < 400 ? response.headers.location : undefined;
      const next = location === undefined ? undefined : new URL(location, target);
      if (next !== undefined && next.hostname === target.hostname && call.redirects < maxRedirects) {
        resolve(attempt({ ...call, url: next.href, redirects: call.redirects + 1 }));
      } else
        resolve(
          status >= 200 && status < 400 ? { ok: true, output: '' } : { ok: false, output: `HTTP probe failed with statuscode: ${status}` },
        );
    });
    outgoing.end();
  });
}
