/** What lists and watches cost in the watch cache. `node hack/bench-cache.ts` */
import type { KubeObject } from '../src/api/object.ts';
import { realClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/logger.ts';
import { rememberObject, startWatchCache } from '../src/registry/cache/cache.ts';
import { openMemory } from '../src/storage/memory/memory.ts';

const podCount = 3000;
const watcherCount = 50;
const eventCount = 1000;

function pod(n: number): KubeObject {
  const name = `pod-${String(n).padStart(5, '0')}`;
  const container = {
    name: 'c',
    image: 'example/image:1',
    env: Array.from({ length: 12 }, (_, i) => ({ name: `VARIABLE_${i}`, value: `value number ${i}` })),
  };
  const metadata = {
    name,
    namespace: `ns-${n % 20}`,
    labels: { app: `app-${n % 10}` },
    uid: `uid-${n}`,
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  return {
    metadata: metadata as unknown as KubeObject['metadata'],
    spec: { nodeName: `node-${n % 50}`, containers: [container] },
    status: { phase: 'Running' },
  };
}

function measure(what: string, times: number, call: () => unknown): void {
  call();
  const start = performance.now();
  for (let n = 0; n < times; n++) call();
  process.stdout.write(`${what.padEnd(52)} ${(((performance.now() - start) * 1000) / times).toFixed(1)} us\n`);
}

await using storage = openMemory({ clock: realClock });
await using cache = await startWatchCache({ storage, clock: realClock, logger: silentLogger });
const pods = cache.resource({ group: '', resource: 'pods' });
const revisions: number[] = [];

async function put(n: number): Promise<void> {
  const object = pod(n);
  const value = Buffer.from(JSON.stringify(object));
  rememberObject(value, object);
  const result = await storage.put(pods.keyOf(String(object.metadata.namespace), object.metadata.name), value, {
    expected: revisions[n] ?? 0,
  });
  if (result.done) revisions[n] = result.revision;
}

async function timed(what: string, call: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await call();
  process.stdout.write(`${what.padEnd(52)} ${(performance.now() - start).toFixed(2)} ms\n`);
}

for (let n = 0; n < podCount; n++) await put(n);
await timed(`LIST ${podCount} pods, first time`, () => pods.list({ namespace: '' }));
await timed(`LIST ${podCount} pods, again`, () => pods.list({ namespace: '' }));
await put(0);
await timed(`LIST ${podCount} pods after a write`, () => pods.list({ namespace: '' }));
const { entries } = await pods.list({ namespace: '' });
await timed('their bytes, first time', async () => entries.reduce((bytes, { json }) => bytes + json.length, 0));
await timed('their bytes, again', async () => entries.reduce((bytes, { json }) => bytes + json.length, 0));
await timed('LIST one namespace', () => pods.list({ namespace: 'ns-7' }));
await timed('LIST by label, first time', () => pods.list({ namespace: '', labels: (labels) => labels?.['app'] === 'app-3' }));
await timed('LIST by label, again', () => pods.list({ namespace: '', labels: (labels) => labels?.['app'] === 'app-3' }));
await timed('LIST page of 500', () => pods.list({ namespace: '', limit: 500 }));
measure('get', 100_000, () => pods.get('ns-7', 'pod-00007'));

const told = { events: 0 };
const sink = { events: (events: readonly unknown[]): void => void (told.events += events.length), end: (): void => undefined };
await timed(`${eventCount} events without a watcher`, async () => {
  for (let n = 0; n < eventCount; n++) await put(n);
});
for (let n = 0; n < watcherCount; n++)
  await pods.watch({ namespace: '', resourceVersion: String(cache.revision), allowBookmarks: true }, sink);
await timed(`${eventCount} events, ${watcherCount} watchers`, async () => {
  for (let n = 0; n < eventCount; n++) await put(n);
});
for (let n = 0; n < watcherCount; n++) {
  const node = `node-${n}`;
  const fields = (object: KubeObject): boolean => (object['spec'] as { nodeName?: string } | undefined)?.nodeName === node;
  await pods.watch({ namespace: '', resourceVersion: String(cache.revision), allowBookmarks: true, fields }, sink);
}
await timed(`${eventCount} events, and ${watcherCount} more by node`, async () => {
  for (let n = 0; n < eventCount; n++) await put(n);
});
process.stdout.write(`events handed over: ${told.events}\n`);
