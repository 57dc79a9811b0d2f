/** A request and its answer whatever the version of HTTP: what node:http's classes and those of http2/ have in common. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

export interface HttpRequest extends Readable {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  readonly headersDistinct: NodeJS.Dict<string[]>;
  /** Of the connection. */
  readonly socket: Socket;
  /** All of it has come. */
  readonly complete: boolean;
  /** The whole body, when it has come and nobody has begun to read it. */
  whole?(): Buffer | undefined;
}

/** Names and values in turn, or by name. */
export type HeaderFields = string[] | OutgoingHttpHeaders;

export interface HttpResponse extends Writable {
  statusCode: number;
  statusMessage: string;
  readonly headersSent: boolean;
  /** Of a connection that carries one request at a time, while it is this one's. */
  readonly socket: Socket | null;
  setHeader(name: string, value: string): unknown;
  hasHeader(name: string): boolean;
  writeHead(code: number, headers?: HeaderFields): this;
  flushHeaders(): void;
  /** Leaves the connection to somebody else; only HTTP/1.1 has that. */
  detachSocket(socket: Socket): void;
  /** Ends the answer with these pieces, which need not be joined; what there is in HTTP/2. */
  endWith?(pieces: readonly Buffer[]): void;
  /** Takes no more requests from the connection, where it carries many at a time. */
  endConnection?(): void;
}
