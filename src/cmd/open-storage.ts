import { closeSync, openSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { openMemory } from '../storage/memory/memory.ts';
import { openSqlite } from '../storage/sqlite/sqlite.ts';
import { StorageError, type Storage } from '../storage/storage.ts';
import { UsageError } from './usage-error.ts';

export interface OpenStorageOptions {
  /** The SQLite file when the endpoint names none. */
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The store of `--datastore-endpoint`. Throws {@link UsageError} when it cannot be used as it is. */
export async function openStorage(endpoint: string, { file, clock, logger }: OpenStorageOptions): Promise<Storage> {
  if (endpoint === 'memory') return openMemory({ clock });
  const path = endpoint === '' ? file : endpoint.slice('sqlite://'.length);
  try {
    // Secrets are in it: SQLite gives its other files the same permissions.
    closeSync(openSync(path, 'a', 0o600));
    return await openSqlite({ file: path, clock, logger });
  } catch (error) {
    if (error instanceof StorageError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
