/** Durable writes a second and their latency, and what opening and loading costs. `node hack/bench-storage.ts [objects]` */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../src/base/clock.ts';
import { silentLogger } from '../src/base/logger.ts';
import { openSqlite } from '../src/storage/sqlite/sqlite.ts';
import type { Storage } from '../src/storage/storage.ts';

const writers = Number(process.env['WRITERS'] ?? 16);
const writes = Number(process.env['WRITES'] ?? 40_000);
const objects = Number(process.argv[2] ?? 100_000);
const text = 'x'.repeat(1500);

function say(what: string, value: string): void {
  process.stdout.write(`${what.padEnd(44)} ${value}\n`);
}

async function timed<T>(what: string, call: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await call();
  say(what, `${(performance.now() - start).toFixed(1)} ms`);
  return result;
}

const at = (sorted: readonly number[], share: number): string => `${(sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2)} ms`;

async function write(store: Storage, count: number, key: (n: number) => string): Promise<void> {
  const latencies: number[] = [];
  const known = new Map<string, number>();
  let next = 0;
  const start = performance.now();
  const cpu = process.cpuUsage();
  const writer = async (): Promise<void> => {
    while (next < count) {
      const name = key(next++);
      const begun = performance.now();
      const result = await store.put(name, Buffer.from(text), { expected: known.get(name) ?? 0 });
      latencies.push(performance.now() - begun);
      if (result.done) known.set(name, result.revision);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  say(
    `  ${writers} writers, ${count} writes`,
    `${Math.round(count / seconds)} writes/s, p50 ${at(latencies, 0.5)}, p99 ${at(latencies, 0.99)}`,
  );
  say('  CPU a write (all threads)', `${((user + system) / count).toFixed(1)} us`);
}

const folder = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'coracle-bench-'));
const options = { file: join(folder, 'state.db'), clock: realClock, logger: silentLogger };
try {
  const store = await timed('open an empty store', () => openSqlite(options));
  say('create', '');
  await write(store, writes, (n) => `/registry/pods/default/pod-${String(n).padStart(6, '0')}`);
  say('update 16 keys', '');
  await write(store, writes, (n) => `/registry/leases/ns/lease-${n % writers}`);
  await timed('fill', async () => {
    for (let n = 0; n < objects; n += 1000) {
      const batch = Array.from(
        { length: Math.min(1000, objects - n) },
        (_, i) => `/registry/filled/default/o-${String(n + i).padStart(6, '0')}`,
      );
      await Promise.all(batch.map((name) => store.put(name, Buffer.from(text), { expected: 0 })));
    }
  });
  await store.stop();
  const again = await timed(`open with ${objects} objects and history`, () => openSqlite(options));
  const before = process.memoryUsage.rss();
  const { items } = await timed('first range', () => again.range({ prefix: '/registry/' }));
  say('  objects', String(items.length));
  say('  resident memory added', `${Math.round((process.memoryUsage.rss() - before) / 1e6)} MB`);
  await timed('page of 500 at the newest revision', () => again.range({ prefix: '/registry/filled/', limit: 500 }));
  await timed('get', () => again.get('/registry/filled/default/o-000001'));
  const newest = await again.revision();
  await timed('compact everything', () => again.compact(newest));
  await again.stop();
} finally {
  await rm(folder, { recursive: true });
}
