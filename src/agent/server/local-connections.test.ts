import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { type Duplex, PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { createLocalConnections } from './local-connections.ts';

function setUp() {
  const server = createServer();
  const connections = createLocalConnections((socket) => void server.emit('connection', socket));
  const get = (path = '/'): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      request({ path, createConnection: () => connections.connect() })
        .on('response', resolve)
        .on('error', reject)
        .end();
    });
  return { server, connections, get };
}

test('whoever comes this way is the API server; nobody else is', async () => {
  const { server, connections, get } = setUp();
  server.on('request', (incoming, response) => response.end(JSON.stringify(connections.callerOf(incoming.socket))));
  const body = (await buffer(await get())).toString();
  expect(JSON.parse(body)).toEqual({ user: 'kube-apiserver-kubelet-client', groups: ['system:masters', 'system:authenticated'] });
  expect(connections.callerOf(new PassThrough())).toBeUndefined();
});

test('megabytes arrive whole, the writer waits for the reader', async () => {
  const { server, get } = setUp();
  const piece = Buffer.alloc(100_000, 'x');
  let waited = 0;
  server.on('request', (_incoming, response) => {
    void (async () => {
      for (let at = 0; at < 50; at += 1)
        if (!response.write(piece)) {
          waited += 1;
          await once(response, 'drain');
        }
      response.end();
    })();
  });
  expect((await buffer(await get())).length).toBe(5_000_000);
  expect(waited).toBeGreaterThan(0);
});

test('a client that goes away ends the answer, a server that goes away the request', async () => {
  const { server, get } = setUp();
  const closed = new Promise<void>((resolve) =>
    server.on('request', (incoming, response) => {
      if (incoming.url === '/cut') return void response.write('part', () => incoming.socket.destroy());
      response.once('close', () => resolve());
      response.write('forever');
    }),
  );
  (await get()).destroy();
  await closed;
  await expect(buffer(await get('/cut'))).rejects.toThrow('aborted');
});

test('an upgraded connection speaks both ways, and a half-close is passed on', async () => {
  const { server, connections } = setUp();
  server.on('upgrade', (_incoming, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  const socket = await new Promise<Duplex>((resolve) => {
    const headers = { connection: 'Upgrade', upgrade: 'echo' };
    request({ headers, createConnection: () => connections.connect() })
      .on('upgrade', (_response, upgraded) => resolve(upgraded))
      .end();
  });
  socket.end('hello');
  expect((await buffer(socket)).toString()).toBe('hello');
});
