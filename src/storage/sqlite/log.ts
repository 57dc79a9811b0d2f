/** The operations on the log. Each is short: what may be long is done in pieces. */
import type { DatabaseSync, StatementSync, SQLInputValue } from 'node:sqlite';
import { prefixEnd } from '../keys.ts';
import { compactedError, futureError } from '../storage-errors.ts';
import { Packer } from './packing.ts';
import {
  commitWidth,
  type CleanAnswer,
  type CommitAnswer,
  type ExpiringAnswer,
  type HistoryAnswer,
  type KeysAnswer,
  type OpenAnswer,
  type RangeAnswer,
  type Request,
  type Rows,
} from './protocol.ts';

type Ask<Op extends Request['op']> = Extract<Request, { op: Op }>;

/** An answer of this many bytes or rows is long enough: the rest is asked for again, and commits come in between. */
const pieceBytes = 4 << 20;
const pieceRows = 1000;
const pieceKeys = 20_000;
/** Revisions whose leftovers one `clean` removes. */
const cleanRevisions = 500;

const noBytes = new Uint8Array(0);

export class Log {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #revision: number;
  #compacted: number;
  #cleaned: number;
  #loading = true;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec('PRAGMA mmap_size = 1073741824');
    this.#compacted = this.#number(`SELECT value FROM state WHERE name = 'compacted'`);
    this.#cleaned = this.#number(`SELECT value FROM state WHERE name = 'cleaned'`);
    this.#revision = Math.max(1, this.#compacted, this.#number('SELECT MAX(id) FROM log'));
  }

  opened(): OpenAnswer {
    return { revision: this.#revision, history: this.#cleaned < this.#revision };
  }

  keys({ from, until }: Ask<'keys'>): KeysAnswer {
    const end = until === undefined ? { where: '', values: [] } : { where: ' AND key < ?', values: [until] };
    const rows = this.#rows(
      `SELECT key, MAX(id), create_revision, deleted FROM log INDEXED BY log_key WHERE key >= ?${end.where} GROUP BY key ORDER BY key LIMIT ?`,
      from,
      ...end.values,
      pieceKeys,
    );
    const live = rows.filter(([, , , deleted]) => deleted === 0);
    const numbers = Float64Array.from(live.flatMap(([, id, created]) => [Number(id), Number(created)]));
    const last = rows.length < pieceKeys ? undefined : String(rows.at(-1)?.[0]);
    return { keys: live.map(([key]) => String(key)), numbers, last };
  }

  expiring(): ExpiringAnswer {
    const keys: string[] = [];
    const numbers: number[] = [];
    for (const [key, id, expires] of this.#rows(
      'SELECT key, id, expires FROM log INDEXED BY log_expires WHERE expires IS NOT NULL ORDER BY expires',
    )) {
      keys.push(String(key));
      numbers.push(Number(id), Number(expires));
    }
    return { keys, numbers: Float64Array.from(numbers) };
  }

  /** One transaction: all rows or none. */
  commit({ rows: { keys, numbers, data }, previous }: Ask<'commit'>): CommitAnswer {
    this.#leaveLoading();
    const insert = this.#statement('INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)');
    const before = previous ? this.#before(numbers, keys.length) : { lengths: undefined, data: undefined };
    let offset = 0;
    this.#transaction(() => {
      for (const [at, key] of keys.entries()) {
        const row = at * commitWidth;
        const [revision = 0, created = 0, replaced = 0, deleted = 0, expires = 0, length = 0] = numbers.subarray(row, row + commitWidth);
        const value = deleted === 1 ? null : new Uint8Array(data, offset, length);
        insert.run(revision, key, created, replaced, deleted, expires === 0 ? null : expires, value);
        offset += length;
      }
    });
    this.#revision = numbers[(keys.length - 1) * commitWidth] ?? this.#revision;
    return before;
  }

  range({ prefix, after, limit, revision = this.#revision, uncounted }: Ask<'range'>): RangeAnswer {
    this.#check(revision);
    const states = new RowsBuilder();
    // One more than wanted tells whether there are more.
    const most = Math.min(pieceRows, limit + 1);
    let last: string | undefined;
    let rows = 0;
    let isCut = false;
    for (const [key, id, created, deleted, value] of this.#newest({ prefix, after, revision, limit: most })) {
      isCut = states.keys.length >= limit || states.full;
      if (isCut) break;
      last = String(key);
      rows++;
      if (deleted === 0) states.add(last, [Number(id), Number(created)], bytes(value));
    }
    if (!isCut && rows < most) return { rows: states.rows(), revision, last: undefined, remaining: 0 };
    if (states.keys.length < limit) return { rows: states.rows(), revision, last, remaining: 0 };
    return { rows: states.rows(), revision, last: undefined, remaining: uncounted ? 0 : this.#count(prefix, last ?? '', revision) };
  }

  get({ key }: Ask<'get'>): Rows {
    const states = new RowsBuilder();
    const [id, created, deleted, value] =
      this.#row('SELECT id, create_revision, deleted, value FROM log WHERE key = ? ORDER BY id DESC LIMIT 1', key) ?? [];
    if (id !== undefined && deleted === 0) states.add(key, [Number(id), Number(created)], bytes(value));
    return states.rows();
  }

  history({ prefix, after, previous }: Ask<'history'>): HistoryAnswer {
    if (after < this.#compacted) throw compactedError(after, this.#compacted);
    const events = new RowsBuilder();
    const rows = this.#statement('SELECT id, key, create_revision, deleted, replaced, value FROM log WHERE id > ? ORDER BY id').iterate(
      after,
    );
    for (const [id, key, created, deleted, replaced, value] of rows as unknown as Iterable<readonly unknown[]>) {
      const revision = Number(id);
      if (!String(key).startsWith(prefix)) continue;
      const before = previous && replaced !== 0 ? this.#value(Number(replaced)) : undefined;
      events.add(String(key), [revision, Number(created), Number(deleted)], bytes(value), before ?? null);
      if (events.full) return { rows: events.rows(), revision };
    }
    return { rows: events.rows(), revision: this.#revision };
  }

  compact({ revision }: Ask<'compact'>): CleanAnswer {
    if (revision > this.#revision) throw futureError(revision, this.#revision);
    if (revision > this.#compacted) {
      this.#statement(`UPDATE state SET value = ? WHERE name = 'compacted'`).run(revision);
      this.#compacted = revision;
    }
    return { more: this.#cleaned < this.#compacted };
  }

  /** A row at or before the compaction goes when a later one there replaced it; a deletion then goes itself. */
  clean(): CleanAnswer {
    const from = this.#cleaned;
    const to = Math.min(this.#compacted, from + cleanRevisions);
    if (from === to) return { more: false };
    this.#transaction(() => {
      this.#statement('DELETE FROM log WHERE id IN (SELECT replaced FROM log WHERE id > ? AND id <= ? AND replaced > 0)').run(from, to);
      this.#statement('DELETE FROM log WHERE id > ? AND id <= ? AND deleted = 1').run(from, to);
      this.#statement(`UPDATE state SET value = ? WHERE name = 'cleaned'`).run(to);
    });
    this.#cleaned = to;
    return { more: to < this.#compacted };
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #count(prefix: string, after: string, revision: number): number {
    const { where, values } = bounds({ prefix, after, revision });
    const newest = `SELECT key, MAX(id), deleted FROM log INDEXED BY log_key WHERE ${where} GROUP BY key`;
    return Number(this.#row(`SELECT COUNT(*) FROM (${newest}) WHERE deleted = 0`, ...values)?.[0] ?? 0);
  }

  /** [key, id, create_revision, deleted, value] of the newest row at `revision` of each key, in order; which these are the index alone tells. */
  #newest(ask: Bounds & { readonly limit: number }): Iterable<readonly unknown[]> {
    const { where, values } = bounds(ask);
    const newest = `SELECT key, MAX(id) AS id, create_revision, deleted FROM log INDEXED BY log_key WHERE ${where} GROUP BY key ORDER BY key LIMIT ?`;
    const sql = `SELECT newest.key, newest.id, newest.create_revision, newest.deleted, log.value FROM (${newest}) AS newest CROSS JOIN log ON log.id = newest.id`;
    return this.#statement(sql).iterate(...values, ask.limit) as unknown as Iterable<readonly unknown[]>;
  }

  #before(numbers: Float64Array, count: number): CommitAnswer {
    const packer = new Packer();
    const lengths = new Int32Array(count).fill(-1);
    for (let at = 0; at < count; at++) {
      const value = this.#value(numbers[at * commitWidth + 2] ?? 0);
      if (value === undefined) continue;
      lengths[at] = value.byteLength;
      packer.add(value);
    }
    return { lengths, data: packer.pack() };
  }

  #check(revision: number): void {
    if (revision > this.#revision) throw futureError(revision, this.#revision);
    if (revision < this.#compacted) throw compactedError(revision, this.#compacted);
  }

  #value(id: number): Uint8Array | undefined {
    if (id === 0) return undefined;
    const row = this.#row('SELECT value FROM log WHERE id = ?', id);
    return row === undefined ? undefined : bytes(row[0]);
  }

  /** Mapped memory makes the first load faster; afterwards it would only be held for nothing. */
  #leaveLoading(): void {
    if (!this.#loading) return;
    this.#loading = false;
    this.#database.exec('PRAGMA mmap_size = 0');
  }

  #transaction(write: () => void): void {
    this.#statement('BEGIN IMMEDIATE').run();
    try {
      write();
      this.#statement('COMMIT').run();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #rows(sql: string, ...parameters: SQLInputValue[]): readonly (readonly unknown[])[] {
    return this.#statement(sql).all(...parameters) as unknown as readonly (readonly unknown[])[];
  }

  #row(sql: string, ...parameters: SQLInputValue[]): readonly unknown[] | undefined {
    return this.#statement(sql).get(...parameters) as unknown as readonly unknown[] | undefined;
  }

  #number(sql: string): number {
    return Number(this.#row(sql)?.[0] ?? 0);
  }
}

interface Bounds {
  readonly prefix: string;
  readonly after: string | undefined;
  readonly revision: number;
}

function bounds({ prefix, after, revision }: Bounds): { where: string; values: SQLInputValue[] } {
  const end = prefixEnd(prefix);
  const from = after === undefined || after < prefix ? 'key >= ?' : 'key > ?';
  const values = [after === undefined || after < prefix ? prefix : after, revision];
  return end === undefined
    ? { where: `${from} AND id <= ?`, values }
    : { where: `${from} AND id <= ? AND key < ?`, values: [...values, end] };
}

function bytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : noBytes;
}

class RowsBuilder {
  readonly keys: string[] = [];
  readonly #numbers: number[] = [];
  readonly #packer = new Packer();

  /** `values`' lengths follow the numbers; null: there is none (-1). */
  add(key: string, numbers: readonly number[], ...values: (Uint8Array | null)[]): void {
    this.keys.push(key);
    this.#numbers.push(...numbers);
    for (const value of values) {
      this.#numbers.push(value === null ? -1 : value.byteLength);
      if (value !== null) this.#packer.add(value);
    }
  }

  get full(): boolean {
    return this.#packer.bytes >= pieceBytes || this.keys.length >= pieceKeys;
  }

  rows(): Rows {
    return { keys: this.keys, numbers: Float64Array.from(this.#numbers), data: this.#packer.pack() };
  }
}
