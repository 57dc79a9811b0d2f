/**
 * The file: a log of revisions as kine keeps one. A row is one write; it is never changed, only removed when neither the newest
 * state nor a revision that can still be asked for needs it.
 */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StorageError, type StorageErrorCode } from '../storage.ts';

const schemaVersion = 1;
/** Marks the file as a store of ours ('CORA'). */
const applicationId = 0x434f5241;

const schema = `
CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  create_revision INTEGER NOT NULL,
  replaced INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  expires INTEGER,
  value BLOB
) STRICT;
CREATE INDEX log_key ON log (key, id, create_revision, deleted);
CREATE INDEX log_expires ON log (expires, key) WHERE expires IS NOT NULL;
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO state VALUES ('compacted', 0), ('cleaned', 0);
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${schemaVersion};
`;

/** Makes the tables of an empty file. */
export function createSchema(database: DatabaseSync): void {
  database.exec(schema);
}

/** What a file must be like, and how one of an earlier version becomes so. */
export interface SchemaVersions {
  readonly newest: number;
  /** By the version that they bring to the next one. All that are needed run in one transaction: a file is migrated whole or not at all. */
  readonly migrations: ReadonlyMap<number, (database: DatabaseSync) => void>;
}

/** There has been one version so far. */
const ownVersions: SchemaVersions = { newest: schemaVersion, migrations: new Map() };

export interface OpenOptions {
  /** The file may not grow beyond this many bytes; 0: no limit. */
  readonly maxBytes?: number;
  /** It has been found whole, by this process. */
  readonly isKnown?: boolean;
  readonly versions?: SchemaVersions;
}

/** Opens or creates the file and locks it. Throws `locked`, `corrupt`, `full`, `unavailable`. */
export function openDatabase(file: string, { maxBytes = 0, isKnown = false, versions = ownVersions }: OpenOptions = {}): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    if (!isKnown) checkIntegrity(file);
    database = new DatabaseSync(file, { timeout: 0 });
    prepare(database, { file, maxBytes, versions });
    return database;
  } catch (thrown) {
    database?.close();
    throw sqliteError(thrown, file);
  }
}

/** Reads every page before anything is written: a damaged file is left as it is, its write-ahead log too. */
function checkIntegrity(file: string): void {
  if (!existsSync(file)) return;
  const database = new DatabaseSync(file, { readOnly: true, timeout: 0 });
  try {
    database.exec('PRAGMA mmap_size = 1073741824');
    const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (found !== 'ok') throw new StorageError('corrupt', `${file} is damaged: ${String(found).replaceAll('\n', ' ')}`);
  } finally {
    database.close();
  }
}

interface Preparation {
  readonly file: string;
  readonly maxBytes: number;
  readonly versions: SchemaVersions;
}

function prepare(database: DatabaseSync, { file, maxBytes, versions }: Preparation): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 4096; PRAGMA temp_store = MEMORY');
  const version = pragma(database, 'user_version');
  const id = pragma(database, 'application_id');
  const fresh = id === 0 && version === 0 && database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
  if (!fresh && id !== applicationId) throw new StorageError('corrupt', `${file} is a database of something else`);
  if (version > versions.newest) {
    throw new StorageError(
      'unavailable',
      `${file} was written by a newer version (schema ${version}; this one knows up to ${versions.newest})`,
    );
  }
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000;
    PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8000`);
  if (maxBytes > 0) database.exec(`PRAGMA max_page_count = ${Math.ceil(maxBytes / 4096)}`);
  database.exec('BEGIN IMMEDIATE');
  if (fresh) createSchema(database);
  else migrate(database, version, versions);
  database.exec('COMMIT');
}

function migrate(database: DatabaseSync, from: number, { newest, migrations }: SchemaVersions): void {
  for (let version = from; version < newest; version++) {
    const step = migrations.get(version);
    if (step === undefined) throw new StorageError('unavailable', `there is no way from schema ${version} to ${newest}`);
    step(database);
  }
  if (from < newest) database.exec(`PRAGMA user_version = ${newest}`);
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const codes: ReadonlyMap<number, StorageErrorCode> = new Map([
  [5, 'locked'],
  [6, 'locked'],
  [11, 'corrupt'],
  [13, 'full'],
  [26, 'corrupt'],
]);

/** What SQLite threw, in this layer's words. */
export function sqliteError(thrown: unknown, file: string): StorageError {
  if (thrown instanceof StorageError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const extended = typeof thrown === 'object' && thrown !== null && 'errcode' in thrown ? Number(thrown.errcode) : 0;
  const code = codes.get(extended & 0xff) ?? 'unavailable';
  const text: Partial<Record<StorageErrorCode, string>> = {
    locked: `${file} is in use by another server`,
    corrupt: `${file} is damaged or not a store: ${message}`,
    full: `no space left for ${file}: ${message}`,
  };
  return new StorageError(code, text[code] ?? `${file}: ${message}`, { cause: thrown });
}
