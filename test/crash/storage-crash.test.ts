/** Power does not go, but the process does: nothing acknowledged is lost. CRASH_ROUNDS sets how often (default 10). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { realClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Recorder } from '../../src/storage/contract.ts';
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts';

const rounds = Number(process.env['CRASH_ROUNDS'] ?? 10);
const writer = fileURLToPath(new URL('./storage-writer.ts', import.meta.url));
/** Lets the writer run for some milliseconds after its first write, kills it, and returns what it had acknowledged. */
async function runAndKill(file: string, forMs: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await once(child.stdout, 'data');
  setTimeout(() => child.kill('SIGKILL'), forMs);
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBeNull();
  // The last line may have been cut in two by the kill.
  return output.slice(0, output.lastIndexOf('\n')).split('\n');
}

interface Kept {
  readonly revision: number;
  readonly writes: readonly string[];
}

/** What a new server finds in the file. */
async function readBack(file: string): Promise<Kept> {
  await using store = await openSqlite({ file, clock: realClock, logger: silentLogger });
  const revision = await store.revision();
  const log = new Recorder();
  store.watch({ prefix: '/', after: 1 }, log);
  await log.until(() => log.all.at(-1)?.modRevision === revision || log.ended !== undefined);
  expect(log.ended).toBeUndefined();
  const writes = log.all.map(
    ({ modRevision, key, type, value }) => `${modRevision} ${key} ${type === 'delete' ? 'deleted' : value.toString().slice(0, 20)}`,
  );
  return { revision, writes };
}

test(
  `acknowledged writes survive kill -9 (${rounds} times)`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coracle-crash-'));
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rm(folder, { recursive: true }));
    const file = join(folder, 'state.db');
    let before: Kept = { revision: 1, writes: [] };
    for (let round = 0; round < rounds; round++) {
      const acknowledged = await runAndKill(file, Math.random() * 150);
      const after = await readBack(file);
      const found = new Set(after.writes);
      expect(acknowledged.filter((write) => !found.has(write))).toEqual([]);
      expect(after.revision).toBeGreaterThan(before.revision);
      expect(after.writes.slice(0, before.writes.length)).toEqual(before.writes);
      expect(after.writes).toHaveLength(after.revision - 1);
      before = after;
    }
  },
  10_000 + rounds * 3000,
);
