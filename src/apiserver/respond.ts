/** The one place that writes answers. */
import { ApiError, toApiError } from '../api/errors.ts';
import { documentSchema } from '../api/protobuf/document-schemas.ts';
import { documentParts } from '../api/protobuf/document.ts';
import { encodeMessage } from '../api/protobuf/encode.ts';
import { stringifyGoYaml } from '../api/yaml.ts';
import type { Exchange } from './exchange.ts';
import type { HttpResponse } from './http.ts';
import { gzipAround, gzipParts } from './gzip-parts.ts';
import { mediaTypes } from './media-type.ts';
import type { SharedList } from './shared-list.ts';
import { fittingWarnings } from './warnings.ts';

/** Answers from this size on are compressed for clients that can (apiserver responsewriters, defaultGzipThresholdBytes). */
const gzipFrom = 128 * 1024;

interface Body {
  readonly type: string;
  readonly parts: readonly Buffer[];
}

/** Sends an answer whose parts are bytes already. */
export function sendBytes(exchange: Exchange, code: number, body: Body): void {
  if (exchange.expired) return;
  let length = 0;
  for (const part of body.parts) length += part.length;
  exchange.bodyBytes = length;
  if (length > gzipFrom && acceptsGzip(exchange)) return sendCompressed(exchange, code, { type: body.type, bytes: gzipParts(body.parts) });
  const headers = headersOf(exchange, body.type);
  headers.push('Content-Length', String(length));
  const { response } = exchange;
  // Go's name for it is still the old one.
  if (code === 413) response.statusMessage = 'Request Entity Too Large';
  response.writeHead(code, headers);
  if (exchange.request.method === 'HEAD') return void response.end();
  if (response.endWith !== undefined) return response.endWith(body.parts);
  if (length > 65_536) return writeMany(response, body.parts);
  response.end(body.parts.length === 1 ? body.parts[0] : Buffer.concat(body.parts, length));
}

/** Joins small buffers to larger ones, which stay in the processor's cache until they are encrypted. */
function writeMany(response: HttpResponse, parts: readonly Buffer[]): void {
  let from = 0;
  let size = 0;
  for (let at = 0; at < parts.length; at++) {
    size += parts[at]?.length ?? 0;
    if (size < 262_144 && at < parts.length - 1) continue;
    const chunk = Buffer.concat(parts.slice(from, at + 1), size);
    if (at === parts.length - 1) response.end(chunk);
    else response.write(chunk);
    from = at + 1;
    size = 0;
  }
}

interface Compressed {
  readonly type: string;
  readonly bytes: Promise<readonly Buffer[]>;
}

function sendCompressed(exchange: Exchange, code: number, body: Compressed): void {
  const { response } = exchange;
  body.bytes.then(
    (compressed) => {
      if (exchange.expired) return;
      const headers = headersOf(exchange, body.type);
      const vary = response.hasHeader('Vary') ? 'Accept-Encoding, Accept' : 'Accept-Encoding';
      const length = compressed.reduce((sum, piece) => sum + piece.length, 0);
      headers.push('Content-Encoding', 'gzip', 'Vary', vary, 'Content-Length', String(length));
      response.writeHead(code, headers);
      if (exchange.request.method === 'HEAD') response.end();
      else if (response.endWith !== undefined) response.endWith(compressed);
      else endCorked(response, compressed);
    },
    (error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))),
  );
}

/** Node joins the pieces while it encrypts them. */
function endCorked(response: HttpResponse, pieces: readonly Buffer[]): void {
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
}

/** Upstream looks for the bare word: `gzip;q=1` is none. */
function acceptsGzip(exchange: Exchange): boolean {
  const accepted = exchange.request.headers['accept-encoding'];
  return typeof accepted === 'string' && accepted.split(',').some((token) => token.trim() === 'gzip');
}

/** What every answer carries besides its length. */
export function headersOf(exchange: Pick<Exchange, 'auditId' | 'response' | 'warnings' | 'flowHeaders'>, type: string): string[] {
  const headers = ['Audit-Id', exchange.auditId, 'Content-Type', type];
  if (!exchange.response.hasHeader('Cache-Control')) headers.push('Cache-Control', 'no-cache, private');
  for (const text of fittingWarnings(exchange.warnings)) headers.push('Warning', warningHeader(text));
  headers.push(...exchange.flowHeaders);
  return headers;
}

/** For answers that are not written here. */
export function setFlowHeaders({ response, flowHeaders }: Exchange): void {
  for (let at = 0; at < flowHeaders.length; at += 2) response.setHeader(flowHeaders[at] ?? '', flowHeaders[at + 1] ?? '');
}

/** RFC 7234 warn-code 299; control characters would break the header. */
function warningHeader(text: string): string {
  const clean = text.replace(/\p{Cc}+/gu, ' ').replace(/["\\]/g, '\\$&');
  return `299 - "${Buffer.from(clean).toString('latin1')}"`;
}

/** Go's encoder ends a document with a line feed. */
const lineFeed = Buffer.from('\n');

/** A value that says what it is. */
type Document = object & { readonly kind?: unknown; readonly apiVersion?: unknown };

/** Sends one document in the negotiated form. `type`: when it is not the plain one of that form. */
export function sendValue(exchange: Exchange, code: number, value: Document, type?: string): void {
  const { encoding } = exchange.format;
  sendBytes(exchange, code, { type: type ?? mediaTypes[encoding], parts: encoded(exchange, value) });
}

function encoded(exchange: Exchange, value: Document): Buffer[] {
  switch (exchange.format.encoding) {
    case 'yaml':
      return [Buffer.from(stringifyGoYaml(value))];
    case 'protobuf':
      return protobufParts(value);
    case 'json':
      return [Buffer.from(isPretty(exchange) ? JSON.stringify(value, undefined, 2) : `${JSON.stringify(value)}\n`)];
  }
}

/** A value as protobuf document. Throws for kinds that have no such form, which negotiation does not let through. */
export function protobufParts(value: Document): Buffer[] {
  const kind = typeof value.kind === 'string' ? value.kind : '';
  const apiVersion = typeof value.apiVersion === 'string' ? value.apiVersion : '';
  const schema = documentSchema(apiVersion, kind);
  if (schema === undefined) throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return documentParts({ apiVersion, kind }, [encodeMessage(value, schema)]);
}

/** Sends a value that is no object of the API: JSON whatever the client accepts. */
export function sendPlainJson(exchange: Exchange, code: number, value: unknown): void {
  sendBytes(exchange, code, { type: mediaTypes.json, parts: [Buffer.from(JSON.stringify(value, undefined, 2))] });
}

/** Sends what is JSON already: as it is, or, for the few who ask, in another form. */
export function sendJson(exchange: Exchange, code: number, parts: readonly Buffer[]): void {
  if (exchange.format.encoding !== 'json' || isPretty(exchange))
    return sendValue(exchange, code, JSON.parse(Buffer.concat(parts).toString()) as Document);
  sendBytes(exchange, code, { type: mediaTypes.json, parts: [...parts, lineFeed] });
}

/** Sends a list in JSON, or in the form the few others ask for. */
export function sendJsonList(exchange: Exchange, head: Buffer, list: SharedList): void {
  if (exchange.format.encoding !== 'json' || isPretty(exchange)) return sendJson(exchange, 200, [head, ...list.parts, listEnd]);
  sendShared(exchange, mediaTypes.json, { head, list, tail: listTail });
}

/** Sends a list of protobuf messages. */
export function sendMessageList(exchange: Exchange, head: Buffer, { list, tail }: Omit<AroundList, 'head'>): void {
  sendShared(exchange, mediaTypes.protobuf, { head, list, tail });
}

interface AroundList {
  readonly head: Buffer;
  readonly list: SharedList;
  readonly tail: Buffer;
}

function sendShared(exchange: Exchange, type: string, { head, list, tail }: AroundList): void {
  const length = head.length + list.length + tail.length;
  if (length <= gzipFrom || !acceptsGzip(exchange)) return sendBytes(exchange, 200, { type, parts: [head, ...list.parts, tail] });
  if (exchange.expired) return;
  exchange.bodyBytes = length;
  sendCompressed(exchange, 200, { type, bytes: gzipAround(head, list.deflated, tail) });
}

const listEnd = Buffer.from(']}');
const listTail = Buffer.from(']}\n');

/** Sends what is a protobuf document already. */
export function sendProtobuf(exchange: Exchange, code: number, parts: readonly Buffer[]): void {
  sendBytes(exchange, code, { type: mediaTypes.protobuf, parts });
}

export function sendText(exchange: Exchange, code: number, text: string): void {
  sendBytes(exchange, code, { type: 'text/plain; charset=utf-8', parts: [Buffer.from(text)] });
}

/**
 * Sends whatever was thrown as a Status; what is not the client's fault is answered with 500. Errors are negotiated for themselves:
 * who accepts only tables gets plain JSON (responsewriters, WriteObjectNegotiated).
 */
export function sendError(exchange: Exchange, thrown: unknown): ApiError {
  const error = toApiError(thrown);
  const { response } = exchange;
  if (response.headersSent) {
    response.destroy();
    return error;
  }
  if (error.details?.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(error.details.retryAfterSeconds));
  // only the answer of authorization, before there is a handler
  if (error.reason === 'Forbidden' && !exchange.routed) response.setHeader('X-Content-Type-Options', 'nosniff');
  const format = exchange.negotiator.find(exchange.request.headers.accept, 'plain');
  if (format === undefined) sendPlainJson(exchange, error.code, error.toStatus());
  else {
    exchange.format = format;
    sendValue(exchange, error.code, error.toStatus());
  }
  return error;
}

/** The deadline's own answer has a form of its own; what has been answered in part is cut off (apiserver pkg/server/filters/timeout.go). */
export function sendTimeout(exchange: Exchange): void {
  const { response, request } = exchange;
  if (response.headersSent) return void response.destroy();
  if (!request.complete) closeAfterAnswer(exchange, 0);
  const { message, reason, code } = new ApiError('Timeout', 'Timeout: request did not complete within the allotted timeout');
  const body = Buffer.from(`${JSON.stringify({ metadata: {}, status: 'Failure', message, reason, details: {}, code })}\n`);
  const headers = headersOf({ auditId: exchange.auditId, response, warnings: [], flowHeaders: [] }, 'text/plain; charset=utf-8');
  headers.push('Content-Length', String(body.length));
  response.writeHead(code, headers);
  response.end(body);
}

/** How long a client that was still sending may take to read its answer (net/http, rstAvoidanceDelay). */
const lingerMs = 500;

/**
 * For answers before the whole request has been read: the connection is of no more use, unless the rest is at most so many bytes,
 * which are read and thrown away.
 */
export function closeAfterAnswer({ request, response }: Exchange, readable = 256 * 1024): void {
  if (request.httpVersion === '2.0') return;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  const rest = encoding === undefined ? Number(length ?? 0) : Infinity;
  if (response.headersSent || rest <= readable) return;
  const { socket } = request;
  response.setHeader('Connection', 'close');
  socket.destroySoon = () => {
    socket.end();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };
}

/** Upstream prints for people who look: curl, wget, browsers, and whoever asks. */
function isPretty(exchange: Exchange): boolean {
  if (exchange.format.pretty) return true;
  if (exchange.rawQuery.includes('pretty')) {
    const asked = exchange.query.get('pretty');
    if (asked !== null && asked !== '') return /^(1|t|T|true|TRUE|True)$/.test(asked);
  }
  const agent = exchange.request.headers['user-agent'];
  return agent !== undefined && (agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0'));
}
