/** A store's file made from keys that were kept elsewhere. */
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { KeyValue } from '../storage.ts';
import { createSchema } from './database.ts';

export interface RestoredKey extends KeyValue {
  /** Milliseconds since the epoch; undefined: it stays. */
  readonly expires: number | undefined;
}

/**
 * Writes a new file; it is removed again when that fails. Keys keep their revisions, and the store goes on from `revision`, which
 * is above all that anybody may have seen: who asks from before then is told that it has been compacted.
 */
export async function restoreSqlite(file: string, items: AsyncIterable<RestoredKey>, revision: number): Promise<number> {
  const database = new DatabaseSync(file);
  let count = 0;
  try {
    database.exec('PRAGMA page_size = 4096; PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF');
    createSchema(database);
    const insert = database.prepare('INSERT INTO log VALUES (?, ?, ?, 0, 0, ?, ?)');
    const used = new Set<number>();
    database.exec('BEGIN');
    for await (const { key, value, createRevision, modRevision, expires } of items) {
      // What was put in besides, and what one transaction of etcd wrote, has no revision of its own.
      const id = modRevision > 0 && !used.has(modRevision) ? modRevision : revision - ++count;
      used.add(id);
      insert.run(id, key, Math.min(createRevision, id) || id, expires ?? null, value);
    }
    database.exec(`UPDATE state SET value = ${String(revision)}`);
    database.exec('COMMIT; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL');
    database.close();
    return used.size;
  } catch (error) {
    database.close();
    rmSync(file, { force: true });
    throw error;
  }
}
