/** WebSockets of the kubelet API: the channel protocols of exec and attach, and tunnels for port-forward. */
import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** The first of the client's protocols that is offered; '' when it names none; undefined when none fits. */
export function chooseProtocol(request: IncomingMessage, offered: readonly string[]): string | undefined {
  const wanted = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (wanted.length === 0) return '';
  return wanted.find((name) => offered.includes(name));
}

/** Completes the handshake. */
export async function acceptWebSocket({ request, socket, head }: UpgradeRequest, protocol: string): Promise<WebSocket> {
  // Loaded with the first stream: an idle node needs none of it.
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: () => (protocol === '' ? false : protocol),
  });
  return new Promise((resolve) => server.handleUpgrade(request, socket, head, resolve));
}

/** Writes what a client sent; while the sink is full the client is not read. */
export function feed(websocket: Pick<WebSocket, 'pause' | 'resume'>, sink: Writable | undefined, data: Buffer): void {
  if (sink === undefined || sink.writableEnded || sink.write(data)) return;
  websocket.pause();
  sink.once('drain', () => websocket.resume());
  // Whoever does not take it any more does not hold up what else the client says, its end above all.
  sink.once('close', () => websocket.resume());
}

/** The bytes of a tunnel: every binary message is a piece of them. */
export function tunnelOf(websocket: WebSocket): Duplex {
  const tunnel = new Duplex({
    read: () => websocket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      if (websocket.readyState !== websocket.OPEN) return done();
      websocket.send(chunk, { binary: true }, () => done());
    },
    final: (done) => {
      websocket.close(1000);
      done();
    },
    destroy: (error, done) => {
      websocket.close();
      done(error);
    },
  });
  websocket.on('message', (data: Buffer) => {
    if (!tunnel.push(data)) websocket.pause();
  });
  websocket.on('close', () => {
    tunnel.push(null);
    tunnel.destroy();
  });
  websocket.on('error', () => tunnel.destroy());
  return tunnel;
}
