import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock, realClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { refs } from '../client/refs.ts';
import type { FakeClient } from '../client/testing/fake-client.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import type { DnsServer } from './dns.ts';
import { publishDnsService, startDns } from './dns.ts';
import { readQuery, types, writeReply } from './wire.ts';

let client: FakeClient;
let server: DnsServer;
let resolver: Resolver;
/** A server of the outer world: knows every name, counts what it is asked. */
let outside: Socket;
let asked: string[];

beforeEach(async () => {
  asked = [];
  outside = createSocket('udp4');
  outside.on('message', (bytes, from) => {
    const query = readQuery(bytes);
    asked.push(query.question.name);
    if (query.question.name.startsWith('silent')) return;
    const answers = query.question.type === types.A ? [{ ttl: 60, data: { type: types.A, address: Uint8Array.of(192, 0, 2, 1) } }] : [];
    outside.send(
      writeReply(query, { rcode: 0, authoritative: false, answers, authorities: [], additionals: [] }, 512),
      from.port,
      from.address,
    );
  });
  await new Promise<void>((resolve) => outside.bind(0, '127.0.0.1', resolve));
  client = createFakeClient({ clock: new FakeClock() });
  client.seed(refs.namespaces, { metadata: { name: 'default' } });
  server = await startDns({
    client,
    clock: realClock,
    logger: silentLogger,
    listen: [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.2', port: 0 },
    ],
    clusterDomain: 'cluster.local',
    serviceCIDRs: ['10.43.0.0/16'],
    upstreams: [{ host: '127.0.0.1', port: outside.address().port }],
  });
  await server.synced;
  resolver = new Resolver({ timeout: 3000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.ports[0]}`]);
});

afterEach(async () => {
  await server.stop();
  await new Promise<void>((resolve) => outside.close(resolve));
});

function seedHeadless(ips: readonly string[]): void {
  client.seed(refs.services, { metadata: { name: 'db', namespace: 'default' }, spec: { clusterIP: 'None', ports: [] }, status: {} });
  client.seed(refs.endpointSlices, {
    metadata: { name: 'db-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    endpoints: ips.map((ip) => ({ addresses: [ip] })),
    ports: [],
  });
}

describe('the cluster’s names', () => {
  test('a change is answered at once; several answers take turns', async () => {
    await expect(resolver.resolve4('db.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    seedHeadless(['10.42.0.1', '10.42.0.2']);
    const first = await resolver.resolve4('db.default.svc.cluster.local');
    const second = await resolver.resolve4('DB.default.svc.cluster.LOCAL');
    expect(first.toSorted()).toEqual(['10.42.0.1', '10.42.0.2']);
    expect(second).toEqual(first.toReversed());
    seedHeadless(['10.42.0.3']);
    expect(await resolver.resolve4('db.default.svc.cluster.local')).toEqual(['10.42.0.3']);
  });

  test('what does not fit in a datagram is fetched over TCP', async () => {
    seedHeadless(Array.from({ length: 250 }, (_, i) => `10.42.0.${i}`));
    expect(await resolver.resolve4('db.default.svc.cluster.local')).toHaveLength(250);
  });

  test('an external name brings its target’s addresses along', async () => {
    client.seed(refs.services, {
      metadata: { name: 'ext', namespace: 'default' },
      spec: { type: 'ExternalName', externalName: 'example.org' },
      status: {},
    });
    expect(await resolver.resolve4('ext.default.svc.cluster.local')).toEqual(['192.0.2.1']);
    expect(await resolver.resolveCname('ext.default.svc.cluster.local')).toEqual(['example.org']);
  });

  test('addresses of services are never asked about elsewhere, others are', async () => {
    await expect(resolver.reverse('10.43.9.9')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(asked).toEqual([]);
    await expect(resolver.reverse('192.0.2.7')).rejects.toThrow();
    expect(asked).toEqual(['7.2.0.192.in-addr.arpa']);
  });

  test('all addresses get the same port', () => {
    expect(server.ports[1]).toBe(server.ports[0]);
  });
});

describe('other names', () => {
  test('are asked once while the answer lives', async () => {
    expect(await resolver.resolve4('example.com')).toEqual(['192.0.2.1']);
    expect(await resolver.resolve4('EXAMPLE.com', { ttl: true })).toEqual([{ address: '192.0.2.1', ttl: expect.any(Number) }]);
    expect(asked).toEqual(['example.com']);
  });

  test('a server that does not answer makes SERVFAIL', async () => {
    const slow = new Resolver({ timeout: 6000, tries: 1 });
    slow.setServers([`127.0.0.1:${server.ports[0]}`]);
    await expect(slow.resolve4('silent.example.com')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    expect(asked).toEqual(['silent.example.com', 'silent.example.com']);
  }, 10_000);
});

describe('hostile clients', () => {
  test('garbage over UDP and TCP, cut-off connections: the next question is answered', async () => {
    seedHeadless(['10.42.0.1']);
    const port = server.ports[0] ?? 0;
    const udp = createSocket('udp4');
    for (const bytes of [
      Buffer.alloc(1),
      Buffer.alloc(12, 255),
      Buffer.from([0, 1, 1, 0, 0, 1, 255, 255, 255, 255, 255, 255, 0xc0, 12]),
      Buffer.alloc(2000, 7),
    ]) {
      await new Promise((resolve) => udp.send(bytes, port, '127.0.0.1', resolve));
    }
    udp.close();
    for (const bytes of [Buffer.from([0, 0]), Buffer.from([255, 255, 1]), Buffer.from([0, 12, ...Buffer.alloc(12, 255)])]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.end(bytes, () => socket.destroy())).on('close', () => resolve());
        socket.on('error', () => undefined);
      });
    }
    expect(await resolver.resolve4('db.default.svc.cluster.local')).toEqual(['10.42.0.1']);
  });
});

describe('the Service that leads here', () => {
  test('is made once, with slices of both families that follow the port', async () => {
    const options = { client, clusterDNS: ['10.43.0.10', 'fd43::a'], addresses: ['10.42.0.1', 'fd42::1'] };
    await publishDnsService({ ...options, port: 10_053 });
    await publishDnsService({ ...options, port: 10_054 });
    expect(client.peek(refs.services, 'kube-system/kube-dns')).toMatchObject({ spec: { clusterIPs: ['10.43.0.10', 'fd43::a'] } });
    const slices = client.all(refs.endpointSlices);
    expect(slices.map(({ addressType, endpoints, ports }) => [addressType, endpoints?.[0]?.addresses, ports?.[0]?.port])).toEqual([
      ['IPv4', ['10.42.0.1'], 10_054],
      ['IPv6', ['fd42::1'], 10_054],
    ]);
    await publishDnsService({ ...options, addresses: ['10.42.0.1'], port: 10_054 });
    expect(client.all(refs.endpointSlices)).toHaveLength(1);
  });
});
