import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { EndpointSlice } from '../api/generated/types.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { createInformers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import type { Frontend } from './conntrack.ts';
import { Follower } from './follower.ts';
import { HealthState } from './health/proxy-health.ts';
import { createServiceHealth } from './health/service-health.ts';
import { createProxyMetrics } from './metrics.ts';
import { endpointSlice, service } from './testing/objects.ts';

let informers: ReturnType<typeof createInformers>;
let follower: Follower;
let slices: EndpointSlice[];
/** How often rules were put in force. */
let applied: number;
/** What was looked after, and how each of it is ended. */
let cleaned: (readonly Frontend[])[];
let finish: (() => void)[];

const ports = [{ port: 53, protocol: 'UDP' }];
function endpoint(ip: string): void {
  slices = [endpointSlice('dns', { endpoints: [{ ip }], ports }) as EndpointSlice];
  follower.touch('default/dns');
}

/** Lets everything happen that waits for nothing but the event loop. */
async function idle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(async () => {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  client.seed(refs.services, service('dns', { clusterIPs: ['10.43.0.10'], ports }));
  informers = createInformers({ client, clock, logger: silentLogger });
  const services = informers.of(refs.services);
  [slices, applied, cleaned, finish] = [[], 0, [], []];
  follower = new Follower({
    ...{ clock, logger: silentLogger, nodeName: 'node-1', nodeIPs: [], zone: () => undefined, services },
    slicesOf: () => slices,
    sink: {
      mode: 'nftables',
      families: ['ip'],
      set: () => undefined,
      setRanges: () => undefined,
      apply: () => Promise.resolve({ full: applied++ === 0 }),
      stop: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    cleaner: {
      clean: (frontends) => {
        cleaned.push(frontends);
        return new Promise((resolve) => finish.push(() => resolve({ ip: 0, ip6: 0 })));
      },
    },
    state: new HealthState(clock, ['ip']),
    metrics: createProxyMetrics(),
    serviceHealth: createServiceHealth({
      ...{ logger: silentLogger, nodeName: 'node-1', families: ['ip'], proxyHealthy: () => true },
      onFailure: () => undefined,
    }),
  });
  follower.begin(services.synced);
  endpoint('10.42.0.1');
  await follower.synced;
  await idle();
});
afterEach(async () => {
  const stopped = follower.stop();
  for (const done of finish) done();
  await stopped;
  await informers.stop();
});

test('rules do not wait for flows to be listed; what they lose meanwhile is looked after together', async () => {
  expect([applied, cleaned.length]).toEqual([1, 1]);
  for (const [at, ip] of ['10.42.0.2', '10.42.0.3'].entries()) {
    endpoint(ip);
    await idle();
    expect([applied, cleaned.length]).toEqual([at + 2, 1]);
  }
  finish[0]?.();
  await idle();
  expect(cleaned[1]).toEqual([
    { family: 'ip', at: '10.43.0.10 53', before: new Set(['10.42.0.1 53', '10.42.0.2 53']), now: new Set(['10.42.0.3 53']) },
  ]);
});
