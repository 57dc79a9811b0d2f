import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FakeClock, realClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { refs } from '../client/refs.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import type { DnsServer } from './dns.ts';
import { startDns } from './dns.ts';
import { ask, question, show } from './testing/message.ts';
import { cases, expectedAnswers, fullName, services, slices } from './testing/specification.ts';
import { types } from './wire.ts';

let server: DnsServer;

beforeAll(async () => {
  const client = createFakeClient({ clock: new FakeClock() });
  client.seed(refs.namespaces, { metadata: { name: 'spec' } });
  for (const service of services) client.seed(refs.services, { ...service, status: {} });
  for (const slice of slices) client.seed(refs.endpointSlices, slice);
  server = await startDns({
    client,
    clock: realClock,
    logger: silentLogger,
    listen: [{ host: '127.0.0.1', port: 0 }],
    clusterDomain: 'cluster.local',
    clusterDNS: ['10.43.0.10'],
    serviceCIDRs: ['10.43.0.0/16', 'fd43::/112'],
    clusterCIDRs: ['10.42.0.0/16', 'fd42::/56'],
    upstreams: [],
  });
  await server.synced;
});

afterAll(() => server.stop());

test.each(cases.map((one) => [`${one.about}: ${one.name} ${one.type}`, one] as const))('%s', async (_, one) => {
  // Once made, once from what was made.
  for (const id of [1, 2]) {
    const bytes = await ask(server.ports[0] ?? 0, question(fullName(one.name), types[one.type], { id }));
    const shown = show(bytes);
    expect({
      id: bytes.readUInt16BE(0),
      rcode: shown.rcode,
      answers: shown.answers.map((line) => line.replace(/^(\S+) 5 /, '$1 ')).sort(),
      flags: shown.flags,
      soa: shown.authorities.map((line) => line.replace(/ \d+ 7200/, ' SERIAL 7200')),
    }).toEqual({
      id,
      rcode: one.rcode ?? 'NOERROR',
      answers: expectedAnswers(one),
      flags: ['aa', 'ra'],
      soa: one.answers === undefined ? ['cluster.local 5 SOA ns.dns.cluster.local hostmaster.cluster.local SERIAL 7200 1800 86400 5'] : [],
    });
  }
});
