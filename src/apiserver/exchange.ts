/** One request and its answer, as handlers see them. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestContext, UserInfo } from '../registry/context.ts';
import { type Format, type Negotiator, plainJson } from './media-type.ts';
import type { RequestInfo } from './request-info.ts';

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  info: RequestInfo;
  /** Without the question mark. */
  readonly rawQuery: string;
  /** Of the answer; errors are negotiated for themselves. */
  format: Format;
  readonly negotiator: Negotiator;
  readonly auditId: string;
  readonly warnings: string[] = [];
  user: UserInfo;
  #query: URLSearchParams | undefined;
  #abort: AbortController | undefined;

  constructor(
    http: { readonly request: IncomingMessage; readonly response: ServerResponse },
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
    this.auditId = typeof given === 'string' && given !== '' ? given : randomUUID();
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.rawQuery));
  }

  /** Aborted when the client has gone. Made on first use. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = (this.#abort = new AbortController());
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

  /** The first word of the user agent, up to the slash: the field manager of clients that name none. */
  get userAgent(): string {
    return (this.request.headers['user-agent'] ?? '').split('/', 1)[0]?.slice(0, 128) ?? '';
  }
}
