/** One request and its answer, as handlers see them. */
import { randomUUID } from 'node:crypto';
import { managerOfUserAgent } from '../api/managed-fields/user-agent.ts';
import type { Pass } from './flow-control/flow-control.ts';
import type { RequestContext, UserInfo } from '../registry/context.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { type Format, type Negotiator, plainJson } from './media-type.ts';
import type { RequestInfo } from './request-info.ts';

export class Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  info: RequestInfo;
  /** Without the question mark. */
  readonly rawQuery: string;
  /** Of the answer; errors are negotiated for themselves. */
  format: Format;
  readonly negotiator: Negotiator;
  readonly auditId: string;
  readonly warnings: string[] = [];
  user: UserInfo;
  /** Its place in the queues of priority and fairness. */
  pass: Pass | undefined;
  /** Names and values that priority and fairness adds to the answer. */
  flowHeaders: readonly string[] = [];
  /** Of the request's body, once it has been read; a metric. */
  requestBytes = -1;
  /** Of the answer; a metric. */
  bodyBytes = 0;
  /** Whether a handler was found: what none was found for is not counted. */
  routed = false;
  /** The time is up; whatever comes now is not sent. */
  expired = false;
  /** When it came, in milliseconds of the monotonic clock. */
  readonly started = performance.now();
  #query: URLSearchParams | undefined;
  #abort: AbortController | undefined;

  constructor(
    http: { readonly request: HttpRequest; readonly response: HttpResponse },
    parsed: {
      readonly info: RequestInfo;
      readonly rawQuery: string;
      readonly negotiator: Negotiator;
      readonly user: UserInfo;
    },
  ) {
    this.request = http.request;
    this.response = http.response;
    this.info = parsed.info;
    this.rawQuery = parsed.rawQuery;
    this.negotiator = parsed.negotiator;
    this.format = plainJson;
    this.user = parsed.user;
    const given = http.request.headers['audit-id'];
    this.auditId = typeof given === 'string' && given !== '' ? firstOf(given, http.request) : randomUUID();
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(sound(this.rawQuery)));
  }

  /** The time is up. */
  expire(): void {
    this.expired = true;
    this.#abort?.abort();
  }

  /** Aborted when the client has gone or the time is up. Made on first use. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = (this.#abort = new AbortController());
      if (this.expired) abort.abort();
      this.response.once('close', () => abort.abort());
    }
    return this.#abort.signal;
  }

  warn(text: string): void {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }

  context(options: { readonly dryRun?: boolean; readonly fieldManager?: string } = {}): RequestContext {
    return {
      user: this.user,
      fieldManager: options.fieldManager ?? this.userAgent,
      ...(options.dryRun === true ? { dryRun: true } : {}),
      warn: (text) => this.warn(text),
    };
  }

  /** The field manager of clients that name none. */
  get userAgent(): string {
    return managerOfUserAgent(this.request.headers['user-agent'] ?? '');
  }
}

/** Headers that came twice are joined by commas, where Go takes the first. */
function firstOf(joined: string, { headersDistinct }: HttpRequest): string {
  return joined.includes(',') ? (headersDistinct['audit-id']?.[0] ?? joined) : joined;
}

/** Go leaves out pairs with a semicolon or with an escape that is none (net/url, ParseQuery). */
function sound(query: string): string {
  if (!/;|%(?![0-9a-fA-F]{2})/.test(query)) return query;
  return query
    .split('&')
    .filter((pair) => !/;|%(?![0-9a-fA-F]{2})/.test(pair))
    .join('&');
}
