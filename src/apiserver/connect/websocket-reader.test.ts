import { once } from 'node:events';
import { createServer, get, type IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Exchange } from '../exchange.ts';
import { readerProtocol, sendOverWebSocket } from './websocket-reader.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server that answers every upgrade with what `chunks` says, read from another server. */
async function reader(chunks: readonly string[], refused: (error: unknown) => void = () => undefined): Promise<number> {
  const source = await listen(
    createServer((_request, response) => {
      for (const chunk of chunks) response.write(chunk);
      response.end();
    }),
  );
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    const response = new ServerResponse(request);
    response.assignSocket(request.socket);
    get({ port: source }, (answer: IncomingMessage) => {
      sendOverWebSocket(answer, { request, response } as unknown as Exchange, { request, socket, head }).catch((error: unknown) => {
        refused(error);
        socket.destroy();
      });
    });
  });
  return listen(server);
}

async function messages(client: WebSocket): Promise<{ texts: string[]; binary: boolean[]; code: number }> {
  const texts: string[] = [];
  const binary: boolean[] = [];
  client.on('message', (data, isBinary) => {
    texts.push((data as Buffer).toString());
    binary.push(isBinary);
  });
  const [code] = (await once(client, 'close')) as [number];
  return { texts, binary, code };
}

test('binary: an empty message first, the bytes, a normal end', async () => {
  const client = new WebSocket(`ws://127.0.0.1:${String(await reader(['one\n']))}`, ['binary.k8s.io']);
  const got = await messages(client);
  expect(client.protocol).toBe('binary.k8s.io');
  expect(got).toEqual({ texts: ['', 'one\n'], binary: [true, true], code: 1000 });
});

test('base64: text messages', async () => {
  const got = await messages(new WebSocket(`ws://127.0.0.1:${String(await reader(['one\n']))}`, ['base64.binary.k8s.io']));
  expect(got).toEqual({ texts: ['', Buffer.from('one\n').toString('base64')], binary: [false, false], code: 1000 });
});

test('a client that speaks nothing we know is refused before anything is upgraded', async () => {
  const refusals: unknown[] = [];
  const client = new WebSocket(`ws://127.0.0.1:${String(await reader(['x'], (error) => refusals.push(error)))}`, ['v5.channel.k8s.io']);
  await once(client, 'error');
  expect(refusals).toEqual([expect.objectContaining({ code: 400 })]);
});

test('the first protocol that is known wins', () => {
  expect(readerProtocol(undefined)).toBe('');
  expect(readerProtocol('foo, base64.binary.k8s.io, binary.k8s.io')).toBe('base64.binary.k8s.io');
  expect(readerProtocol('foo')).toBeUndefined();
});
