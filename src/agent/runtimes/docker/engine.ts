/**
 * The Docker Engine API over its socket. Not dockerode: that costs 270 ms and 33 MB at start (gRPC and protobuf for builds),
 * a fifth of what the whole process may take; all that is needed of it is HTTP.
 */
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { RuntimeError } from '../runtime.ts';
import type { RuntimeErrorCode } from '../runtime.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** One Docker Engine. Rejections are {@link RuntimeError}s with the engine's words. */
export interface Engine {
  /** The answer as JSON; undefined when it has no body. */
  json<T>(call: Call): Promise<T>;
  /** As `json`, but undefined instead of a `notFound`. */
  find<T>(call: Call): Promise<T | undefined>;
  stream(call: Call): Promise<IncomingMessage>;
  /** A connection that speaks raw after the answer (exec, attach). */
  hijack(call: Call): Promise<{ readonly socket: Duplex; readonly head: Buffer }>;
  close(): void;
}

const version = '/v1.41';

export function createEngine(socketPath: string): Engine {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 8, timeout: 0 });
  const send = (call: Call, keep: boolean): ReturnType<typeof request> => {
    const payload = call.body === undefined ? undefined : encodeBody(call.body);
    const query = call.query === undefined ? '' : `?${new URLSearchParams(call.query).toString()}`;
    const outgoing = request({
      socketPath,
      ...(keep ? { agent } : { agent: false }),
      method: call.method,
      path: `${version}${call.path}${query}`,
      headers: {
        host: 'docker',
        ...(payload === undefined
          ? {}
          : { 'content-type': Buffer.isBuffer(call.body) ? 'application/x-tar' : 'application/json', 'content-length': payload.length }),
        ...call.headers,
      },
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    outgoing.end(payload);
    return outgoing;
  };
  const answer = (call: Call, keep: boolean): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const outgoing = send(call, keep);
      outgoing.on('error', (error) => reject(new RuntimeError('unavailable', `Docker Engine: ${error.message}`, { cause: error })));
      outgoing.on('response', (response) => {
        if ((response.statusCode ?? 500) < 400) return resolve(response);
        refusal(response).then(reject, reject);
      });
    });
  const engine: Engine = {
    json: async <T>(call: Call) => {
      const text = await readAll(await answer(call, true));
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    find: async <T>(call: Call) => {
      try {
        return await engine.json<T>(call);
      } catch (error) {
        if (error instanceof RuntimeError && error.code === 'notFound') return undefined;
        throw error;
      }
    },
    stream: (call) => answer(call, false),
    hijack: (call) =>
      new Promise((resolve, reject) => {
        const outgoing = send({ ...call, headers: { ...call.headers, connection: 'Upgrade', upgrade: 'tcp' } }, false);
        outgoing.on('error', (error) => reject(new RuntimeError('unavailable', `Docker Engine: ${error.message}`, { cause: error })));
        outgoing.on('upgrade', (_response, socket, head) => resolve({ socket, head }));
        outgoing.on('response', (response) => void refusal(response).then(reject, reject));
      }),
    close: () => agent.destroy(),
  };
  return engine;
}

function encodeBody(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
}

export async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const codes: Readonly<Record<number, RuntimeErrorCode>> = { 400: 'invalid', 404: 'notFound', 409: 'conflict' };

async function refusal(response: IncomingMessage): Promise<RuntimeError> {
  const text = await readAll(response);
  let message = text.trim();
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? message;
  } catch {
    // Not JSON: the text itself is the message.
  }
  return new RuntimeError(codes[response.statusCode ?? 500] ?? 'failed', message);
}
