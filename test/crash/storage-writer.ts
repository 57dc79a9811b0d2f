/** Writes without end from several writers and prints every acknowledged write; meant to be killed. `storage-writer.ts FILE` */
import { writeSync } from 'node:fs';
import { realClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts';

const store = await openSqlite({ file: process.argv[2] ?? '', clock: realClock, logger: silentLogger });
const filler = 'x'.repeat(1000);

/** Each writer owns one key: creates it, changes it and now and then deletes it. */
async function write(writer: number): Promise<never> {
  const key = `/crash/${writer}`;
  let expected = (await store.get(key))?.modRevision ?? 0;
  for (let step = 0; ; step++) {
    const value = `${writer}.${step}.${filler}`;
    const gone = expected !== 0 && step % 10 === 9;
    const result = await (gone ? store.delete(key, expected) : store.put(key, Buffer.from(value), { expected }));
    if (!result.done) throw new Error(`the only writer of ${key} met a conflict`);
    writeSync(1, `${result.revision} ${key} ${gone ? 'deleted' : value.slice(0, 20)}\n`);
    expected = gone ? 0 : result.revision;
  }
}

await Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer)));
