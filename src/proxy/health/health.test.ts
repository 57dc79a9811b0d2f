import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Node } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import { createProxyMetrics } from '../metrics.ts';
import { startHealthServers } from './health-servers.ts';
import { HealthState } from './proxy-health.ts';
import { createServiceHealth, serviceHealthAnswer } from './service-health.ts';

const open: Running[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function get(port: number, path = '/'): Promise<{ status: number; body: string; headers: Headers }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, body: await response.text(), headers: response.headers };
}

describe('health check node ports', () => {
  test('the answer is upstream’s, byte for byte', () => {
    expect(serviceHealthAnswer('shop/web', { localEndpoints: 2, serviceProxyHealthy: true })).toMatchObject({
      status: 200,
      headers: { 'X-Load-Balancing-Endpoint-Weight': '2', 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' },
      body: '{\n\t"service": {\n\t\t"namespace": "shop",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
    });
    expect(serviceHealthAnswer('a/b', { localEndpoints: 0, serviceProxyHealthy: true }).status).toBe(503);
    expect(serviceHealthAnswer('a/b', { localEndpoints: 1, serviceProxyHealthy: false }).status).toBe(503);
  });

  test('a server opens with the service, follows its endpoints, moves with its port and closes with it', async () => {
    const failures: string[] = [];
    const health = createServiceHealth({
      ...{ logger: silentLogger, families: ['ip'], nodeName: 'n1', proxyHealthy: () => true },
      onFailure: (_service, message) => failures.push(message),
    });
    open.push(health);
    const [first, second] = [await freePort(), await freePort()];
    health.set('shop/web', first, new Map([['ip', 1]]));
    await health.settled();
    expect((await get(first)).status).toBe(200);
    health.set('shop/web', first, new Map([['ip', 0]]));
    expect((await get(first)).status).toBe(503);
    health.set('shop/web', second, new Map([['ip', 1]]));
    health.set('shop/other', first, new Map([['ip', 0]]));
    await health.settled();
    expect([(await get(second)).status, JSON.parse((await get(first)).body)]).toMatchObject([200, { service: { name: 'other' } }]);
    health.set('shop/web', undefined, new Map());
    await health.settled();
    await expect(get(second)).rejects.toThrow();
    health.set('shop/third', first, new Map([['ip', 0]]));
    await health.settled();
    expect(failures).toEqual([expect.stringContaining(`node n1 failed to start healthcheck "shop/third" on port ${first}`)]);
  });
});

test('a health check is there for the families of the service alone', async () => {
  const health = createServiceHealth({
    ...{ logger: silentLogger, families: ['ip', 'ip6'], nodeName: 'n1', proxyHealthy: () => true },
    onFailure: () => undefined,
  });
  open.push(health);
  const port = await freePort();
  const status = async (host: string): Promise<number | undefined> =>
    fetch(`http://${host}:${String(port)}/healthz`, { headers: { connection: 'close' } }).then(
      (answer) => answer.status,
      () => undefined,
    );
  const both = async (): Promise<(number | undefined)[]> => (await health.settled(), [await status('127.0.0.1'), await status('[::1]')]);
  health.set('shop/web', port, new Map([['ip', 1]]));
  expect(await both()).toEqual([200, undefined]);
  health.set(
    'shop/web',
    port,
    new Map([
      ['ip', 1],
      ['ip6', 0],
    ]),
  );
  expect(await both()).toEqual([200, 503]);
  health.set('shop/web', port, new Map([['ip6', 2]]));
  expect(await both()).toEqual([undefined, 200]);
});

describe('the proxy’s own health', () => {
  const start = async (
    node: () => Partial<Node> | undefined,
  ): Promise<{ clock: FakeClock; state: HealthState; healthz: number; metrics: number }> => {
    const clock = new FakeClock();
    const state = new HealthState(clock, ['ip', 'ip6']);
    const ports = { healthz: await freePort(), metrics: await freePort() };
    const parts = { state, metrics: createProxyMetrics(), mode: 'nftables', node: node as () => Node | undefined };
    open.push(await startHealthServers(ports, parts, silentLogger));
    return { clock, state, ...ports };
  };

  test('late when a change has waited for a minute, and well again once it is in force', async () => {
    const { clock, state, healthz } = await start(() => ({ metadata: { name: 'n', uid: 'u' }, spec: {} }) as unknown as Node);
    state.queued();
    await clock.advance(120_000);
    expect((await get(healthz, '/livez')).status).toBe(200);
    state.updated();
    state.queued();
    await clock.advance(59_000);
    expect((await get(healthz, '/healthz')).status).toBe(200);
    await clock.advance(1000);
    const late = await get(healthz, '/healthz');
    expect([late.status, JSON.parse(late.body)]).toEqual([
      503,
      {
        lastUpdated: '2026-01-01T00:02:00.000Z',
        currentTime: '2026-01-01T00:03:00.000Z',
        nodeEligible: true,
        healthy: false,
        status: {
          IPv4: { lastUpdated: '2026-01-01T00:02:00.000Z', healthy: false },
          IPv6: { lastUpdated: '2026-01-01T00:02:00.000Z', healthy: false },
        },
      },
    ]);
    state.updated();
    expect((await get(healthz, '/livez')).status).toBe(200);
  });

  test.each([
    ['is not there', undefined],
    ['is about to be removed', { metadata: {}, spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] } }],
    ['is being deleted', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, spec: {} }],
  ])('a node that %s is not eligible, but the proxy lives', async (_, node) => {
    const { healthz } = await start(() => node as unknown as Node);
    expect([(await get(healthz, '/healthz')).status, (await get(healthz, '/livez')).status]).toEqual([503, 200]);
    expect((await get(healthz, '/metrics')).status).toBe(404);
  });

  test('metrics under kube-proxy’s names, the mode, and no failure when a port is taken', async () => {
    const { healthz, metrics } = await start(() => undefined);
    await get(healthz, '/healthz');
    const { body } = await get(metrics, '/metrics');
    expect(body).toContain('kubeproxy_proxy_healthz_total{code="503"} 1');
    expect(body).toContain('kubeproxy_sync_proxy_rules_endpoint_changes_total 0');
    expect((await get(metrics, '/proxyMode')).body).toBe('nftables');
    const parts = { state: new HealthState(new FakeClock(), []), metrics: createProxyMetrics(), mode: 'x', node: () => undefined };
    open.push(await startHealthServers({ healthz, metrics }, parts, silentLogger));
    expect((await get(metrics, '/proxyMode')).body).toBe('nftables');
  });
});
