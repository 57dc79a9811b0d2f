/** What the server does about names that are not the cluster's, with servers of the outer world played by sockets. */
import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock, realClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { refs } from '../client/refs.ts';
import type { FakeClient } from '../client/testing/fake-client.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import { settle } from '../client/testing/until.ts';
import { cached } from './cache.ts';
import type { DnsServer } from './dns.ts';
import { startDns } from './dns.ts';
import type { Upstream } from './forward.ts';
import { DnsMetrics } from './metrics.ts';
import { ask, question, show } from './testing/message.ts';
import { readQuery, types, writeReply } from './wire.ts';

const open: (DnsServer | Socket)[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await ('stop' in one ? one.stop() : new Promise<void>((resolve) => one.close(resolve)));
});

interface Outer extends Upstream {
  readonly asked: string[];
}

/** A server that answers every name with this address; undefined: it says nothing. */
async function outer(address: string | undefined): Promise<Outer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (bytes, from) => {
    const query = readQuery(bytes);
    asked.push(query.question.name);
    if (address !== undefined) socket.send(answerTo(bytes, address), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  open.push(socket);
  return { host: '127.0.0.1', port: socket.address().port, asked };
}

function answerTo(bytes: Buffer, address: string): Buffer {
  const query = readQuery(bytes);
  const data = { type: types.A, address: Uint8Array.from(address.split('.').map(Number)) } as const;
  return writeReply(query, { rcode: 0, authoritative: false, answers: [{ ttl: 60, data }], authorities: [], additionals: [] }, 512);
}

async function serve(upstreams: readonly Upstream[], port = 0): Promise<{ client: FakeClient; port: number }> {
  const client = createFakeClient({ clock: new FakeClock() });
  client.seed(refs.namespaces, { metadata: { name: 'default' } });
  const server = await startDns({
    client,
    clock: realClock,
    logger: silentLogger,
    listen: [{ host: '127.0.0.1', port }],
    clusterDomain: 'cluster.local',
    serviceCIDRs: ['10.43.0.0/16'],
    upstreams,
  });
  open.push(server);
  await server.synced;
  return { client, port: server.ports[0] ?? 0 };
}

const answers = async (port: number, name: string, type: number = types.A): Promise<string[]> => {
  const shown = show(await ask(port, question(name, type)));
  return shown.answers.length === 0 ? [shown.rcode] : shown.answers.map((line) => line.split(' ').slice(2).join(' '));
};

test('a server that says nothing is asked last from then on', async () => {
  const [silent, good] = [await outer(undefined), await outer('192.0.2.1')];
  const { port } = await serve([silent, good]);
  await expect(Promise.any([answers(port, 'a.example'), answers(port, 'a.example')])).rejects.toThrow();
  // The question that made it wait is in the cache by now; the next one is answered at once.
  expect(await answers(port, 'a.example')).toEqual(['A 192.0.2.1']);
  expect(await answers(port, 'b.example')).toEqual(['A 192.0.2.1']);
  expect(silent.asked).toEqual(['a.example']);
}, 10_000);

test('a server that cannot be reached at all (no network) is passed over, and alone makes SERVFAIL', async () => {
  // The kernel refuses to connect to a broadcast address.
  const nowhere = { host: '255.255.255.255', port: 53 };
  const good = await outer('192.0.2.1');
  expect(await answers((await serve([nowhere, good])).port, 'a.example')).toEqual(['A 192.0.2.1']);
  expect(await answers((await serve([nowhere])).port, 'a.example')).toEqual(['SERVFAIL']);
});

test('without any server names outside are denied at once, in a way that nobody remembers; a refusal would make musl wait', async () => {
  const { port } = await serve([]);
  for (const name of ['nope', 'www.example.org']) {
    const shown = show(await ask(port, question(name, types.A)));
    expect([shown.rcode, shown.flags, shown.answers, shown.authorities]).toEqual(['NXDOMAIN', ['ra'], [], []]);
  }
});

test('a circle of servers does not multiply questions', async () => {
  const relay = createSocket('udp4');
  let questions = 0;
  await new Promise<void>((resolve) => relay.bind(0, '127.0.0.1', resolve));
  open.push(relay);
  const { port } = await serve([{ host: '127.0.0.1', port: relay.address().port }]);
  // A server of the machine that asks us in turn.
  relay.on('message', (bytes, from) => {
    if (from.port === port) return;
    questions++;
    relay.send(bytes, port, '127.0.0.1');
  });
  await expect(ask(port, question('circle.example', types.A))).rejects.toThrow('no answer');
  expect(questions).toBeLessThan(5);
}, 10_000);

describe('coredns-custom', () => {
  test('zones and hosts count from the next question on, and go with the ConfigMap', async () => {
    const [usual, special] = [await outer('192.0.2.1'), await outer('192.0.2.9')];
    const { client, port } = await serve([usual]);
    expect(await answers(port, 'nas.home')).toEqual(['A 192.0.2.1']);
    const data = {
      'corp.server': `corp.example:53 {\n forward . 127.0.0.1:${String(special.port)}\n}`,
      'hosts.override': 'hosts {\n 192.168.0.7 nas.home\n fallthrough\n}\nrewrite name old.example web.default.svc.cluster.local',
    };
    client.seed(refs.services, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { clusterIP: '10.43.0.5', clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] },
      status: {},
    });
    client.seed(refs.configMaps, { metadata: { name: 'coredns-custom', namespace: 'kube-system' }, data });
    await settle();
    expect(await answers(port, 'nas.home')).toEqual(['A 192.168.0.7']);
    expect(await answers(port, 'nas.home', types.AAAA)).toEqual(['NOERROR']);
    expect(await answers(port, '7.0.168.192.in-addr.arpa', types.PTR)).toEqual(['PTR nas.home']);
    expect(await answers(port, 'www.corp.example')).toEqual(['A 192.0.2.9']);
    expect(await answers(port, 'corp.example.org')).toEqual(['A 192.0.2.1']);
    expect(show(await ask(port, question('old.example', types.A))).answers).toEqual(['old.example 5 A 10.43.0.5']);
    expect(await answers(port, 'web.default.svc.cluster.local')).toEqual(['A 10.43.0.5']);
    client.remove(refs.configMaps as never, 'kube-system/coredns-custom');
    await settle();
    expect(await answers(port, 'www.corp.example')).toEqual(['A 192.0.2.1']);
  });

  test('other servers for everything are asked about everything but the cluster', async () => {
    const [usual, special] = [await outer('192.0.2.1'), await outer('192.0.2.9')];
    const { client, port } = await serve([usual]);
    const data = { 'all.override': `forward . 127.0.0.1:${String(special.port)}` };
    client.seed(refs.configMaps, { metadata: { name: 'coredns-custom', namespace: 'kube-system' }, data });
    await settle();
    expect(await answers(port, 'any.example')).toEqual(['A 192.0.2.9']);
    expect(await answers(port, 'nope.default.svc.cluster.local')).toEqual(['NXDOMAIN']);
    expect(usual.asked).toEqual([]);
  });
});

describe('the cache', () => {
  const message = (seconds: number): Buffer => {
    const bytes = answerTo(question('a.example', types.A), '192.0.2.1');
    bytes.writeUInt32BE(seconds, bytes.length - 10);
    return bytes;
  };
  const ttlOf = (answer: unknown): number =>
    (answer as { message: Buffer }).message.readUInt32BE((answer as { message: Buffer }).message.length - 10);
  const request = { query: readQuery(question('a.example', types.A)), tcp: false };

  test('ages, never beyond 30 s', async () => {
    const clock = new FakeClock();
    let asked = 0;
    const handler = cached({ clock, metrics: new DnsMetrics() }, () => Promise.resolve({ message: message(300 + asked++) }));
    expect(ttlOf(await handler(request))).toBe(300);
    await clock.advance(10_000);
    expect(ttlOf(await handler(request))).toBe(290);
    await clock.advance(25_000);
    expect([ttlOf(await handler(request)), asked]).toEqual([301, 2]);
  });

  test('what was true within the hour is answered when nobody else answers', async () => {
    const clock = new FakeClock();
    const metrics = new DnsMetrics();
    let alive = true;
    const handler = cached({ clock, metrics }, () =>
      alive ? Promise.resolve({ message: message(20) }) : Promise.reject(new Error('away')),
    );
    await handler(request);
    alive = false;
    await clock.advance(1_000_000);
    expect(ttlOf(await handler(request))).toBe(0);
    expect(metrics.registry.text()).toContain('coredns_cache_served_stale_total{server="dns://:53",view="",zones="."} 1');
    await clock.advance(3_000_000);
    await expect(handler(request)).rejects.toThrow('away');
  });
});
