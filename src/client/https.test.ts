import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Pod } from '../api/generated/types.ts';
import { createAuthority, issue } from '../auth/certificates.ts';
import type { WatchEvent } from './client.ts';
import { httpsClient } from './https.ts';
import { refs } from './refs.ts';

type Answer = (request: IncomingMessage & { text: string }, response: ServerResponse) => void;

let answer: Answer = () => undefined;
let client: ReturnType<typeof httpsClient>;
const server: { close: () => void } = { close: () => undefined };
/** A second server of the same cluster: what it answers, and both addresses. */
let other: Answer = () => undefined;
let both: Parameters<typeof httpsClient>[0];

beforeAll(async () => {
  const now = Date.now();
  const authority = await createAuthority('test', now);
  const leaf = await issue(authority, { commonName: 'server', hosts: ['127.0.0.1'], usage: 'server', days: 1 }, now);
  const serve = (call: Answer) =>
    createServer({ cert: leaf.cert, key: leaf.key }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => call(Object.assign(request, { text: Buffer.concat(chunks).toString() }), response));
    });
  const servers = [serve((...given) => answer(...given)), serve((...given) => other(...given))];
  for (const https of servers) await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
  server.close = () => {
    for (const https of servers) {
      https.closeAllConnections();
      https.close();
    }
  };
  const addresses = servers.map((https) => `https://127.0.0.1:${String((https.address() as AddressInfo).port)}`);
  const options = { ca: authority.cert, token: () => 'secret', userAgent: 'test/1' };
  client = httpsClient({ server: addresses[0] ?? '', ...options });
  both = { server: addresses, ...options };
});
afterAll(async () => {
  await client.stop();
  server.close();
});

const pod = {
  metadata: { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { containers: [] },
  status: {},
};

describe('https client', () => {
  test('a burst of calls shares a few connections, beside any number of watches', async () => {
    const ports = new Set<number | undefined>();
    answer = (request, response) => {
      if (request.url?.includes('watch=true') === true) return void response.writeHead(200).flushHeaders();
      ports.add(request.socket.remotePort);
      setImmediate(() => response.end(JSON.stringify(pod)));
    };
    const pods = client.resource(refs.pods);
    const sink = { event: () => undefined, end: () => undefined };
    const watches = await Promise.all(Array.from({ length: 12 }, () => pods.watch({ namespace: 'shop' }, sink)));
    await Promise.all(Array.from({ length: 60 }, () => pods.get('shop', 'a')));
    expect(ports.size).toBeLessThanOrEqual(8);
    for (const watch of watches) await watch.stop();
  });

  test('names path, token and type; answers are frozen', async () => {
    let seen = '';
    answer = (request, response) => {
      seen = [request.method, request.url, request.headers.authorization, request.headers['user-agent'], request.text].join(' ');
      response.end(JSON.stringify(pod));
    };
    const created = await client.resource(refs.pods).create('shop', { metadata: { name: 'a' }, spec: { containers: [] } });
    expect(seen).toBe(
      'POST /api/v1/namespaces/shop/pods Bearer secret test/1 {"metadata":{"name":"a"},"spec":{"containers":[]},"apiVersion":"v1","kind":"Pod"}',
    );
    expect(Object.isFrozen(created.metadata)).toBe(true);
  });

  test('a Status becomes the ApiError it tells of', async () => {
    answer = (_request, response) => {
      response.statusCode = 409;
      response.end(
        JSON.stringify({ kind: 'Status', status: 'Failure', reason: 'AlreadyExists', message: 'pods "a" already exists', code: 409 }),
      );
    };
    await expect(client.resource(refs.pods).get('shop', 'a')).rejects.toMatchObject({
      name: 'ApiError',
      reason: 'AlreadyExists',
      code: 409,
      message: 'pods "a" already exists',
    });
  });

  test('an error that is no Status keeps its code', async () => {
    answer = (_request, response) => {
      response.statusCode = 503;
      response.end('starting');
    };
    await expect(client.resource(refs.pods).list()).rejects.toMatchObject({ reason: 'ServiceUnavailable', message: 'starting' });
  });

  test('list passes selectors on', async () => {
    let url = '';
    answer = (request, response) => {
      url = request.url ?? '';
      response.end(JSON.stringify({ metadata: { resourceVersion: '9', continue: 'more' }, items: [pod] }));
    };
    const list = await client.resource(refs.deployments).list({ namespace: 'shop', labelSelector: 'a=b', limit: 1 });
    expect(url).toBe('/apis/apps/v1/namespaces/shop/deployments?labelSelector=a%3Db&limit=1');
    expect(list).toMatchObject({ resourceVersion: '9', continue: 'more', items: [{ metadata: { name: 'a' } }] });
  });

  test('a watch is read line by line, over chunk borders, until the server closes it', async () => {
    answer = (_request, response) => {
      const lines = `${JSON.stringify({ type: 'ADDED', object: pod })}\n${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '12' } } })}\n`;
      response.write(lines.slice(0, 30));
      setImmediate(() => response.end(lines.slice(30)));
    };
    const events: WatchEvent<Pod>[] = [];
    const end = await new Promise<Error | undefined>((resolve, reject) => {
      client
        .resource(refs.pods)
        .watch({ resourceVersion: '5' }, { event: (event) => events.push(event), end: resolve })
        .catch(reject);
    });
    expect(end).toBeUndefined();
    expect(events).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'a' } } },
      { type: 'BOOKMARK', resourceVersion: '12', initialEventsEnd: false },
    ]);
  });

  test('a server that dies ends its watches, and nobody else', async () => {
    answer = (_request, response) => {
      response.write(`${JSON.stringify({ type: 'ADDED', object: pod })}\n`);
      setImmediate(() => response.destroy());
    };
    const end = await new Promise<Error | undefined>((resolve, reject) => {
      client
        .resource(refs.pods)
        .watch({ resourceVersion: '5' }, { event: () => undefined, end: resolve })
        .catch(reject);
    });
    expect(end).toMatchObject({ code: 'ECONNRESET' });
  });

  test('an ERROR event ends the watch with its Status', async () => {
    answer = (_request, response) => {
      response.write(
        `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', reason: 'Expired', code: 410, message: 'too old resource version' } })}\n`,
      );
    };
    const end = await new Promise<Error | undefined>((resolve, reject) => {
      client
        .resource(refs.pods)
        .watch({ resourceVersion: '5' }, { event: () => undefined, end: resolve })
        .catch(reject);
    });
    expect(end).toMatchObject({ reason: 'Expired', code: 410 });
  });

  describe('of two servers', () => {
    const breaks: Answer = (request) => void request.socket.destroy();
    const answers: Answer = (_request, response) => void response.end(JSON.stringify(pod));
    const watches: Answer = (_request, response) => {
      response.writeHead(200);
      response.write(`${JSON.stringify({ type: 'ADDED', object: pod })}\n`);
    };

    test('the next one is read when one breaks off, and stays in use', async () => {
      await using two = httpsClient(both);
      const asked: string[] = [];
      answer = (...given) => (asked.push('first'), breaks(...given));
      other = (...given) => (asked.push('second'), answers(...given));
      for (let n = 0; n < 2; n++) expect((await two.resource(refs.pods).get('shop', 'a')).metadata.uid).toBe('u');
      expect(asked).toEqual(['first', 'second', 'second']);
    });

    test('a write that may have been carried out is not repeated elsewhere; the one after it is made there', async () => {
      await using two = httpsClient(both);
      answer = breaks;
      other = answers;
      const create = () => two.resource(refs.pods).create('shop', { metadata: { name: 'a' }, spec: { containers: [] } });
      await expect(create()).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect((await create()).metadata.uid).toBe('u');
    });

    test('a server that is not there is passed by, for writes too', async () => {
      await using two = httpsClient({ ...both, server: ['https://127.0.0.1:1', ...[both.server].flat()] });
      answer = answers;
      expect((await two.resource(refs.pods).create('shop', { metadata: { name: 'a' }, spec: { containers: [] } })).metadata.uid).toBe('u');
    });

    test('watches end with the server they are open to', async () => {
      await using two = httpsClient(both);
      answer = watches;
      other = answers;
      const ended = Promise.withResolvers<Error | undefined>();
      const seen = Promise.withResolvers<undefined>();
      await two.resource(refs.pods).watch({}, { event: () => seen.resolve(undefined), end: (error) => ended.resolve(error) });
      await seen.promise;
      answer = breaks;
      await two.resource(refs.pods).get('shop', 'a');
      await ended.promise;
    });
  });
});
