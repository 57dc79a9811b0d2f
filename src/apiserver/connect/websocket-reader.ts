/** One stream of bytes to a client over a WebSocket, as a container's log is followed: k8s.io/streaming, wsstream Reader. */
import type { IncomingMessage } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { badRequest } from '../../api/errors.ts';
import type { Exchange } from '../exchange.ts';
import type { Upgrade } from './forward.ts';

/** Whether a message is text in base64, by subprotocol; '' is for clients that name none. */
const base64: Readonly<Record<string, boolean>> = { '': false, 'binary.k8s.io': false, 'base64.binary.k8s.io': true };

/** Which of the offered subprotocols is spoken; undefined when none of them is known. */
export function readerProtocol(offered: string | undefined): string | undefined {
  const names = (offered ?? '').split(',').map((name) => name.trim());
  return names.find((name) => Object.hasOwn(base64, name));
}

/**
 * Sends an empty message, then every chunk as one message, then closes. Throws an ApiError when the client cannot be upgraded;
 * resolves when either side is through.
 */
export async function sendOverWebSocket(source: IncomingMessage, exchange: Exchange, { request, socket, head }: Upgrade): Promise<void> {
  const { response } = exchange;
  const protocol = readerProtocol(request.headers['sec-websocket-protocol']);
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || protocol === undefined) {
    source.destroy();
    throw badRequest('unable to upgrade: the subprotocols of a log over WebSocket are binary.k8s.io and base64.binary.k8s.io');
  }
  response.detachSocket(request.socket);
  socket.once('close', () => source.destroy());
  const server = new WebSocketServer({ noServer: true, clientTracking: false, handleProtocols: () => protocol || false });
  const client = await new Promise<WebSocket>((resolve) => server.handleUpgrade(request, socket, head, resolve));
  client.on('error', () => client.terminate());
  const send = (chunk: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      const text = base64[protocol] === true;
      client.send(text ? chunk.toString('base64') : chunk, { binary: !text }, (error) =>
        error instanceof Error ? reject(error) : resolve(),
      );
    });
  try {
    await send(Buffer.alloc(0));
    for await (const chunk of source) await send(chunk as Buffer);
    client.close(1000);
  } catch {
    // Either side went away: what has been sent cannot be taken back.
    client.terminate();
  }
}
