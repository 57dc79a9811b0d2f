import { afterEach, expect, test } from '@jest/globals';
import { FakeClock, realClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { refs } from '../client/refs.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import { settle } from '../client/testing/until.ts';
import { cached } from './cache.ts';
import type { DnsServer } from './dns.ts';
import { startDns } from './dns.ts';
import { DnsMetrics } from './metrics.ts';
import { ask, question } from './testing/message.ts';
import { readQuery, types, writeReply } from './wire.ts';

let server: DnsServer | undefined;
afterEach(() => server?.stop());

const trigger = 'endpoints.kubernetes.io/last-change-trigger-time';

test('what CoreDNS tells: questions, sizes, how long endpoints took to get names; the process', async () => {
  const client = createFakeClient({ clock: realClock });
  client.seed(refs.namespaces, { metadata: { name: 'default' } });
  const spec = { clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 80 }] };
  client.seed(refs.services, { metadata: { name: 'db', namespace: 'default' }, spec, status: {} });
  const options = {
    client,
    clock: realClock,
    logger: silentLogger,
    clusterDomain: 'cluster.local',
    serviceCIDRs: ['10.43.0.0/16'],
    upstreams: [],
  };
  const host = '127.0.0.1';
  const statusPort = 20_000 + (process.pid % 20_000);
  server = await startDns({ ...options, listen: [{ host, port: 0 }], statusPort });
  await server.synced;
  const metadata = { name: 'db-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } };
  const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['10.42.0.1'] }], ports: [] };
  client.seed(refs.endpointSlices, { ...slice, metadata: { ...metadata, annotations: { [trigger]: new Date().toISOString() } } });
  await settle();
  const asked = question('db.default.svc.cluster.local', types.A);
  const answer = await ask(server.ports[0] ?? 0, asked);
  const text = await (await fetch(`http://${host}:${String(statusPort)}/metrics`)).text();
  const labels = 'proto="udp",server="dns://:53",view="",zone="."';
  expect(text).toContain('coredns_dns_requests_total{family="1",proto="udp",server="dns://:53",type="A",view="",zone="."} 1\n');
  expect(text).toContain(`coredns_dns_request_size_bytes_sum{${labels}} ${String(asked.length)}\n`);
  expect(text).toContain(`coredns_dns_response_size_bytes_sum{${labels}} ${String(answer.length)}\n`);
  expect(text).toContain('coredns_kubernetes_dns_programming_duration_seconds_count{service_kind="headless_with_selector"} 1\n');
  expect(text).toContain('coredns_plugin_enabled{name="kubernetes",server="dns://:53",view="",zone="."} 1\n');
  expect(text).toMatch(/^process_resident_memory_bytes \d/m);
});

test('the cache counts what it holds, and who asked', async () => {
  const metrics = new DnsMetrics();
  const query = readQuery(question('a.example', types.A));
  const data = { type: types.A, address: Uint8Array.from([192, 0, 2, 1]) } as const;
  const reply = { rcode: 0, authoritative: false, answers: [{ ttl: 60, data }], authorities: [], additionals: [] };
  const handler = cached({ clock: new FakeClock(), metrics }, () => Promise.resolve({ message: writeReply(query, reply, 512) }));
  for (let count = 0; count < 3; count++) await handler({ query, tcp: false });
  const labels = 'server="dns://:53",view="",zones="."';
  const text = metrics.registry.text();
  expect(text).toContain(`coredns_cache_requests_total{${labels}} 3\n`);
  expect(text).toContain(`coredns_cache_misses_total{${labels}} 1\n`);
  expect(text).toContain('coredns_cache_entries{server="dns://:53",type="success",view="",zones="."} 1\n');
});
