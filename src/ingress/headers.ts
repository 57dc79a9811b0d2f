/** What of a message's headers goes on, and what is added (RFC 9110 7.6.1: headers of one connection stay on it). */

import type { Told } from './trust.ts';

/** As Node's rawHeaders: name, value, name, value. */
export type RawHeaders = readonly string[];

const ofOneConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Told to the backend by this proxy alone: what a client writes there goes through {@link Told} or nowhere. */
const told = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-real-ip']);

/** The headers for the backend; undefined when the message must not go on (two hosts, or an unknown transfer encoding). */
export function requestHeaders(raw: RawHeaders, host: string, client: Told): string[] | undefined {
  const named = connectionOptions(raw);
  const out: string[] = ['host', host];
  let hosts = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const value = raw[at + 1] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'host') {
      if (++hosts > 1) return undefined;
      continue;
    }
    if (lower === 'transfer-encoding' && value.trim().toLowerCase() !== 'chunked') return undefined;
    // The wait for 100 Continue is over when a request is here.
    if (ofOneConnection.has(lower) || told.has(lower) || lower === 'expect' || named?.has(lower) === true) continue;
    out.push(name, value);
  }
  out.push('x-forwarded-for', client.chain, 'x-forwarded-host', client.host, 'x-forwarded-proto', client.proto);
  out.push('x-forwarded-port', client.port, 'x-real-ip', client.address);
  if (client.forwarded !== undefined) out.push('forwarded', client.forwarded);
  return out;
}

/** The headers for the client. A length beside chunks is wrong (RFC 9112 6.3) and goes. */
export function responseHeaders(raw: RawHeaders): string[] {
  const named = connectionOptions(raw);
  const isChunked = raw.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'transfer-encoding');
  const out: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const lower = name.toLowerCase();
    if (ofOneConnection.has(lower) || (isChunked && lower === 'content-length') || named?.has(lower) === true) continue;
    out.push(name, raw[at + 1] ?? '');
  }
  return out;
}

/** The headers that Connection says are of this connection only; undefined when there are none but the usual ones. */
function connectionOptions(raw: RawHeaders): Set<string> | undefined {
  let options: Set<string> | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]?.length !== 10 || raw[at]?.toLowerCase() !== 'connection') continue;
    for (const part of (raw[at + 1] ?? '').split(',')) {
      const option = part.trim().toLowerCase();
      if (option === 'close' || option === 'keep-alive' || option === '') continue;
      // Whoever names these would take them away from the backend.
      if (option === 'host' || option === 'content-length') continue;
      (options ??= new Set()).add(option);
    }
  }
  return options;
}
