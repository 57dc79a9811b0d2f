/**
 * Power does not go, but processes do: nothing acknowledged is lost, nothing is half there, revisions never go back, and a watcher
 * that resumes sees every event once. CRASH_ROUNDS sets how often (default 5; npm run crash: 200).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Recorder } from '../../src/storage/testing/recorder.ts';
import { startEtcd, type EtcdCluster } from '../../src/storage/etcd/testing/etcd-process.ts';
import { withEtcd } from '../../src/storage/etcd/testing/with-etcd.ts';
import { notesOf, openSpec, tell, watcherCount, type WriterSpec } from './storage-writer.ts';

const rounds = Number(process.env['CRASH_ROUNDS'] ?? 5);
const script = fileURLToPath(new URL('./storage-writer.ts', import.meta.url));
const patience = 60_000 + rounds * 20_000;
/** Rounds between looks at the whole history. */
const wholeEvery = 25;
let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'coracle-crash-'))));
afterEach(() => rm(folder, { recursive: true }));

/** A writer process and what it has acknowledged. */
class Writer {
  readonly child: ChildProcess;
  #output = '';
  #errors = '';

  constructor(spec: WriterSpec) {
    this.child = spawn(process.execPath, [script, JSON.stringify(spec)], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
  }

  async acknowledges(more = 1): Promise<void> {
    const wanted = this.lines.length + more;
    while (this.lines.length < wanted && this.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** kill -9; answers what had been acknowledged. */
  async kill(): Promise<string[]> {
    expect([this.child.exitCode, this.#errors]).toEqual([null, '']);
    this.child.kill('SIGKILL');
    await once(this.child, 'close');
    return this.lines;
  }

  /** The last line may have been cut in two by the kill. */
  get lines(): string[] {
    return this.#output
      .slice(0, Math.max(0, this.#output.lastIndexOf('\n')))
      .split('\n')
      .filter((line) => line !== '');
  }
}

interface Kept {
  readonly revision: number;
  readonly writes: readonly string[];
}

/** What a new server finds after a revision; without one, everything since the beginning. */
async function readBack(spec: WriterSpec, since = spec.start): Promise<Kept> {
  await using store = await openSpec(spec);
  const { items } = await store.range({ prefix: '/crash/' });
  const revision = await store.revision();
  const log = new Recorder();
  store.watch({ prefix: '/crash/', after: since }, log);
  const newest = Math.max(...items.map(({ modRevision }) => modRevision), since);
  // Deletions come after the newest state that is there: the store tells when it has no more.
  await log.until(
    () => Math.max(log.all.at(-1)?.modRevision ?? 0, log.progressed) >= Math.max(newest, revision) || log.ended !== undefined,
  );
  expect(log.ended).toBeUndefined();
  return {
    revision,
    writes: log.all.map(({ type, key, modRevision, value }) => tell(key, modRevision, type === 'put' ? value : undefined)),
  };
}

const revisionsOf = (lines: readonly string[]): number[] => lines.map((line) => Number(line.split(' ')[0]));
const isAscending = (numbers: readonly number[]): boolean => numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0));

/** What the watchers have noted, of which each part is looked at once: their notes grow with every round. */
class Notes {
  readonly #spec: WriterSpec;
  readonly #seen = Array.from({ length: watcherCount }, () => ({ lines: 0, bytes: 0 }));

  constructor(spec: WriterSpec) {
    this.#spec = spec;
  }

  /** Every event once, in order, and none that the store does not have. */
  async check({ writes }: Kept): Promise<void> {
    for (const [watcher, seen] of this.#seen.entries()) {
      const file = notesOf(this.#spec, watcher);
      const text = await readFrom(file, seen.bytes);
      // A note that the kill cut in two was not made: the watcher resumes before it.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      const noted = whole.split('\n').slice(0, -1);
      expect(noted).toEqual(writes.slice(seen.lines, seen.lines + noted.length));
      seen.lines += noted.length;
      seen.bytes += Buffer.byteLength(whole);
      await truncate(file, seen.bytes);
    }
  }
}

async function readFrom(file: string, start: number): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of createReadStream(file, { start, encoding: 'utf8' })) chunks.push(chunk as string);
  return chunks.join('');
}

async function crash(spec: WriterSpec): Promise<{ acknowledged: number; writes: number }> {
  const writes: string[] = [];
  const notes = new Notes(spec);
  let revision = spec.start;
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const writer = new Writer(spec);
    await writer.acknowledges();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
    const acknowledged = await writer.kill();
    total += acknowledged.length;
    const after = await readBack(spec, revision);
    const found = new Set(after.writes);
    expect(acknowledged.filter((write) => !found.has(write))).toEqual([]);
    expect(after.revision).toBeGreaterThan(revision);
    for (const write of after.writes) writes.push(write);
    // What was on its way to etcd when its writer was killed may arrive while the rest is read.
    revision = Math.max(after.revision, revisionsOf(after.writes).at(-1) ?? 0);
    await notes.check({ revision, writes });
    // What was told in earlier rounds is still so: looked at now and then, for all of it is read.
    if (round % wholeEvery === wholeEvery - 1 || round === rounds - 1) expect((await readBack(spec)).writes).toEqual(writes);
  }
  expect(isAscending(revisionsOf(writes))).toBe(true);
  return { acknowledged: total, writes: writes.length };
}

function report(what: string, { acknowledged, writes }: { acknowledged: number; writes: number }): void {
  process.stderr.write(`crash: ${what}: ${String(acknowledged)} acknowledged of ${String(writes)} writes; none lost\n`);
}

test(
  `embedded: ${String(rounds)} times kill -9`,
  async () => {
    const spec = { file: join(folder, 'state.db'), notes: folder, start: 1 };
    const result = await crash(spec);
    report(`embedded, ${String(rounds)} rounds`, result);
    // The log has no holes: each revision is one write.
    expect((await readBack(spec)).revision).toBe(result.writes + 1);
  },
  patience,
);

withEtcd.describe('etcd', () => {
  let etcd: EtcdCluster;
  afterEach(() => etcd.stop());
  const specOf = async (): Promise<WriterSpec> => {
    const spec = { endpoints: etcd.endpoints, notes: folder, start: 0 };
    await using store = await openSpec(spec);
    return { ...spec, start: await store.revision() };
  };

  test(
    `${String(rounds)} times kill -9 of the server`,
    async () => {
      etcd = await startEtcd();
      report(`etcd, ${String(rounds)} rounds`, await crash(await specOf()));
    },
    patience,
  );

  test(
    'members stopped, frozen and restarted one at a time',
    async () => {
      etcd = await startEtcd({ size: 3 });
      const spec = await specOf();
      const writer = new Writer(spec);
      await writer.acknowledges();
      let faults = 0;
      for (let round = 0; round < Math.max(3, rounds / 10); round++) {
        const member = etcd.members[round % 3];
        if (member === undefined) throw new Error('a cluster of three');
        await member.kill();
        await writer.acknowledges(50);
        await member.start();
        await writer.acknowledges(50);
        member.freeze();
        await writer.acknowledges(50);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        member.thaw();
        await writer.acknowledges(50);
        faults += 2;
      }
      const acknowledged = await writer.kill();
      const after = await readBack(spec);
      const found = new Set(after.writes);
      expect(acknowledged.filter((write) => !found.has(write))).toEqual([]);
      expect(isAscending(revisionsOf(after.writes))).toBe(true);
      await new Notes(spec).check(after);
      report(`etcd, ${String(faults)} faults of members`, { acknowledged: acknowledged.length, writes: after.writes.length });
    },
    patience,
  );
});
