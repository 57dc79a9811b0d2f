/**
 * 16 writers without end that print every acknowledged write, and 8 watchers that note every event in a file of their own and go on
 * where that ends; meant to be killed. `storage-writer.ts JSON` with a {@link WriterSpec}.
 */
import { appendFileSync, closeSync, existsSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { realClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Storage, StorageEvent } from '../../src/storage/storage.ts';
import { StorageError } from '../../src/storage/storage.ts';

export interface WriterSpec {
  /** Either of the two. */
  readonly file?: string;
  readonly endpoints?: readonly string[];
  /** Where the watchers keep their notes. */
  readonly notes: string;
  /** The revision the watchers begin at when they have no notes. */
  readonly start: number;
}

export const writerCount = 16;
export const watcherCount = 8;
/** Nothing is compacted while a test looks at the whole history. */
const keepMs = 100 * 3_600_000;
const common = { clock: realClock, logger: silentLogger, keepMs };

export async function openSpec({ file, endpoints = [] }: WriterSpec): Promise<Storage> {
  if (file !== undefined) return (await import('../../src/storage/sqlite/sqlite.ts')).openSqlite({ ...common, file });
  return (await import('../../src/storage/etcd/etcd.ts')).openEtcd({ ...common, endpoints });
}

/** How a write is told, by whoever made it and by whoever saw it. */
export function tell(key: string, revision: number, value: Buffer | undefined): string {
  return `${String(revision)} ${key} ${value === undefined ? 'deleted' : value.toString('utf8', 0, 20)}`;
}

export const notesOf = ({ notes }: WriterSpec, watcher: number): string => join(notes, `watcher-${String(watcher)}`);

const filler = 'x'.repeat(1000);

/** Blocks until the line is in the pipe: whoever reads it may be slow. */
function print(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(turn, 0, 0, 1);
    }
  }
}
const turn = new Int32Array(new SharedArrayBuffer(4));

/** Each writer owns one key: creates it, changes it and now and then deletes it. */
async function write(store: Storage, writer: number): Promise<never> {
  const key = `/crash/${String(writer)}`;
  for (let step = 0; ;) {
    try {
      let expected = (await store.get(key))?.modRevision ?? 0;
      for (;;) {
        const gone = expected !== 0 && ++step % 10 === 9;
        const value = gone ? undefined : Buffer.from(`${String(writer)}.${String(step)}.${String(process.pid)}.${filler}`);
        const result = await (value === undefined ? store.delete(key, expected) : store.put(key, value, { expected }));
        // Only after a write whose outcome was not known may the key be another than this writer thinks.
        if (!result.done) break;
        print(`${tell(key, result.revision, value)}\n`);
        expected = gone ? 0 : result.revision;
      }
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'unavailable') throw error;
    }
  }
}

/** The last lines of a file that may be long. */
function endOf(file: string): string {
  const { size } = statSync(file);
  const end = Buffer.alloc(Math.min(size, 4096));
  const handle = openSync(file, 'r');
  readSync(handle, end, 0, end.length, size - end.length);
  closeSync(handle);
  return end.toString();
}

function watch(store: Storage, spec: WriterSpec, watcher: number): void {
  const file = notesOf(spec, watcher);
  const noted = existsSync(file) ? endOf(file) : '';
  const last = noted.slice(0, noted.lastIndexOf('\n')).split('\n').at(-1) ?? '';
  const after = last === '' ? spec.start : Number(last.split(' ')[0]);
  const events = (list: readonly StorageEvent[]): void =>
    appendFileSync(
      file,
      list.map(({ type, key, modRevision, value }) => `${tell(key, modRevision, type === 'put' ? value : undefined)}\n`).join(''),
    );
  store.watch({ prefix: '/crash/', after }, { events, end: (error) => void writeSync(2, `watcher ended: ${error.message}\n`) });
}

if (process.argv[1]?.endsWith('storage-writer.ts') === true) {
  const spec = JSON.parse(process.argv[2] ?? '{}') as WriterSpec;
  const store = await openSpec(spec);
  for (let watcher = 0; watcher < watcherCount; watcher++) watch(store, spec, watcher);
  await Promise.all(Array.from({ length: writerCount }, (_, writer) => write(store, writer)));
}
