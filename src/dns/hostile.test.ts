/** Nothing that is sent to the server makes it stop answering. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FakeClock, realClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { refs } from '../client/refs.ts';
import type { FakeClient } from '../client/testing/fake-client.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import { settle } from '../client/testing/until.ts';
import type { DnsServer } from './dns.ts';
import { startDns } from './dns.ts';
import { ask, question, show } from './testing/message.ts';
import { MalformedMessage, readName, readQuery, types } from './wire.ts';

let server: DnsServer;
let client: FakeClient;
const web = 'web.default.svc.cluster.local';

beforeAll(async () => {
  client = createFakeClient({ clock: new FakeClock() });
  client.seed(refs.namespaces, { metadata: { name: 'default' } });
  const spec = { clusterIP: '10.43.0.5', clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] };
  client.seed(refs.services, { metadata: { name: 'web', namespace: 'default' }, spec, status: {} });
  const listen = [{ host: '127.0.0.1', port: 0 }];
  server = await startDns({
    client,
    clock: realClock,
    logger: silentLogger,
    listen,
    clusterDomain: 'cluster.local',
    serviceCIDRs: [],
    upstreams: [],
  });
  await server.synced;
});

afterAll(() => server.stop());

const port = (): number => server.ports[0] ?? 0;
const stillAnswers = async (): Promise<void> => expect(show(await ask(port(), question(web, types.A))).answers).toHaveLength(1);

/** Random bytes, real questions with random damage, and headers that promise what is not there. */
const packets = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc
    .tuple(fc.uint8Array({ minLength: 12, maxLength: 12 }), fc.uint8Array({ maxLength: 80 }))
    .map(([head, rest]) => Uint8Array.of(...head, ...rest)),
  fc.tuple(fc.nat(60), fc.nat(255), fc.nat(255)).map(([at, value, count]) => {
    const bytes = question(web, types.A, { udpSize: 1232 });
    bytes[at % bytes.length] = value;
    bytes[11] = count;
    return Uint8Array.from(bytes);
  }),
);

test('a packet is read or is malformed, and nothing else happens', () => {
  fc.assert(
    fc.property(packets, (packet) => {
      const bytes = Buffer.from(packet);
      try {
        expect(readQuery(bytes).questionEnd).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ['a pointer to itself', [0xc0, 12]],
  ['two pointers to each other', [0xc0, 14, 0xc0, 12]],
  ['a pointer into the header', [0xc0, 0]],
  ['labels without an end', new Array<number>(300).fill(1)],
  ['a label type of the future', [0x80, 1]],
])('%s is no name', (_, name) => {
  const bytes = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 0, 1, 0, 1]);
  expect(() => readName(bytes, 12).name.length).toThrow(MalformedMessage);
});

test('a storm of such packets over UDP and TCP', async () => {
  const socket = createSocket('udp4');
  for (const packet of fc.sample(packets, 500)) {
    await new Promise((resolve) => socket.send(packet, port(), '127.0.0.1', resolve));
  }
  socket.close();
  for (const packet of fc.sample(packets, 30)) {
    await new Promise<void>((resolve) => {
      const stream = connect(port(), '127.0.0.1', () => stream.end(packet, () => stream.destroy())).on('close', () => resolve());
      stream.on('error', () => undefined);
    });
  }
  await stillAnswers();
});

test('10,000 questions at once: none is answered wrongly, and afterwards all is as before', async () => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 });
  let good = 0;
  let wrong = 0;
  socket.on('message', (bytes) => {
    const known = bytes.readUInt16BE(0) % 2 === 0;
    if ((bytes.readUInt16BE(2) & 0xf) === (known ? 0 : 3) && bytes.readUInt16BE(6) === (known ? 1 : 0)) good++;
    else wrong++;
  });
  await new Promise<void>((resolve) => socket.connect(port(), '127.0.0.1', resolve));
  for (let id = 0; id < 10_000; id++)
    socket.send(question(id % 2 === 0 ? web : `n${String(id)}.default.svc.cluster.local`, types.A, { id }));
  await stillAnswers().catch(stillAnswers).catch(stillAnswers);
  await new Promise((resolve) => setTimeout(resolve, 200));
  socket.close();
  expect(wrong).toBe(0);
  expect(good).toBeGreaterThan(100);
});

test('an answer is the one of the cluster as it is, whatever is kept ready', async () => {
  const slice = (ips: readonly string[]): object => ({
    metadata: { name: 'db', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    endpoints: ips.map((ip) => ({ addresses: [ip] })),
    ports: [],
  });
  client.seed(refs.services, { metadata: { name: 'db', namespace: 'default' }, spec: { clusterIP: 'None', ports: [] }, status: {} });
  const seen = async (): Promise<string[]> =>
    show(await ask(port(), question('db.default.svc.cluster.local', types.A))).answers.map((line) => line.split(' ')[3] ?? '');
  for (const ips of [['10.42.0.1'], ['10.42.0.1', '10.42.0.2'], ['10.42.0.3'], []]) {
    client.seed(refs.endpointSlices, slice(ips));
    await settle();
    for (let i = 0; i < 3; i++) expect(await seen()).toEqual(ips);
  }
});
