/** OpenAPI documents as answers: kept by hash and date, and read in parts, as kube-openapi serves them by Go's http.ServeContent. */
import { wanted, type Range } from './conditional.ts';
import type { Exchange } from './exchange.ts';
import type { OpenApiDocument, OpenApiRedirect } from './openapi/openapi.ts';
import { headersOf, sendBytes, setFlowHeaders } from './respond.ts';

/** False: nothing is there, and somebody else says so. */
export function sendOpenApi(exchange: Exchange, document: OpenApiDocument | OpenApiRedirect | 'not acceptable' | undefined): boolean {
  const { response, info } = exchange;
  response.setHeader('Cache-Control', 'no-cache, private');
  if (document === undefined) {
    if (!info.path.startsWith('/openapi/v3/')) return false;
    sendHead(exchange, 404);
  } else if (document === 'not acceptable') {
    response.setHeader('Vary', varyOf(info.path));
    sendHead(exchange, 406);
  } else if ('location' in document) {
    response.setHeader('Vary', 'Accept');
    response.setHeader('ETag', document.etag);
    response.setHeader('Content-Type', document.contentType);
    response.setHeader('Location', document.location);
    sendHead(exchange, 301);
  } else sendDocument(exchange, document);
  return true;
}

/** Only the handler of version 2 compresses. */
function varyOf(path: string): string {
  return path.startsWith('/openapi/v2') ? 'Accept-Encoding, Accept' : 'Accept';
}

/** An answer without a body. */
function sendHead(exchange: Exchange, code: number): void {
  const { response, auditId } = exchange;
  setFlowHeaders(exchange);
  response.writeHead(code, { 'Audit-Id': auditId, ...(code === 304 ? {} : { 'Content-Length': '0' }) }).end();
}

const yearMs = 365 * 86_400_000;

function sendDocument(exchange: Exchange, { etag, modifiedMs, immutable, contentType, body }: OpenApiDocument): void {
  const { response, request } = exchange;
  if (immutable) {
    response.setHeader('Cache-Control', 'public, immutable');
    response.setHeader('Expires', new Date(Date.now() + yearMs).toUTCString());
  }
  if (etag !== undefined) {
    response.setHeader('Vary', varyOf(exchange.info.path));
    response.setHeader('ETag', etag);
  }
  const part = wanted(request.method ?? 'GET', request.headers, { etag, modifiedMs, length: body.length });
  if (part === 'unchanged') return sendHead(exchange, 304);
  if (part === 'out of range') return sendOutOfRange(exchange, body.length);
  response.setHeader('Last-Modified', new Date(modifiedMs).toUTCString());
  if (part === 'precondition failed') {
    response.setHeader('Content-Type', contentType);
    return sendHead(exchange, 412);
  }
  response.setHeader('Accept-Ranges', 'bytes');
  if (part === 'whole') sendBytes(exchange, 200, { type: contentType, parts: [body] });
  else sendPart(exchange, part, { type: contentType, body });
}

function sendPart(exchange: Exchange, { from, to }: Range, { type, body }: { readonly type: string; readonly body: Buffer }): void {
  const { response, request } = exchange;
  const headers = headersOf(exchange, type);
  headers.push('Content-Length', String(to - from), 'Content-Range', `bytes ${String(from)}-${String(to - 1)}/${String(body.length)}`);
  response.writeHead(206, headers);
  response.end(request.method === 'HEAD' ? undefined : body.subarray(from, to));
}

function sendOutOfRange(exchange: Exchange, length: number): void {
  const { response, request } = exchange;
  const isBytes = /^bytes=\s*\d*\s*-\s*\d*\s*$/.test(request.headers.range ?? '');
  if (isBytes) response.setHeader('Content-Range', `bytes */${String(length)}`);
  response.statusMessage = 'Requested Range Not Satisfiable';
  response.setHeader('X-Content-Type-Options', 'nosniff');
  const body = Buffer.from(isBytes ? 'invalid range: failed to overlap\n' : 'invalid range\n');
  sendBytes(exchange, 416, { type: 'text/plain; charset=utf-8', parts: [body] });
}
