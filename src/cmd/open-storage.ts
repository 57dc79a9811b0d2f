/** Which store `--datastore-endpoint` and its companions mean, and opening it. */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { EtcdAccess } from '../storage/etcd/etcd.ts';
import { openMemory } from '../storage/memory/memory.ts';
import { openSqlite } from '../storage/sqlite/sqlite.ts';
import { StorageError, type Storage } from '../storage/storage.ts';
import type { Settings } from './options.ts';
import { UsageError } from './usage-error.ts';

export type Datastore =
  { readonly kind: 'memory' } | { readonly kind: 'sqlite'; readonly file: string } | { readonly kind: 'etcd'; readonly access: EtcdAccess };

type DatastoreSettings = Pick<
  Settings,
  | 'data-dir'
  | 'datastore-endpoint'
  | 'datastore-cafile'
  | 'datastore-certfile'
  | 'datastore-keyfile'
  | 'datastore-user'
  | 'datastore-password'
  | 'datastore-password-file'
>;

/** Throws {@link UsageError} when a file cannot be read. */
export function datastoreOf(settings: DatastoreSettings): Datastore {
  const endpoint = settings['datastore-endpoint'];
  if (endpoint === 'memory') return { kind: 'memory' };
  if (endpoint === '') return { kind: 'sqlite', file: join(settings['data-dir'], 'state.db') };
  if (endpoint.startsWith('sqlite://')) return { kind: 'sqlite', file: endpoint.slice('sqlite://'.length) };
  const read = (flag: 'datastore-cafile' | 'datastore-certfile' | 'datastore-keyfile' | 'datastore-password-file'): string | undefined =>
    settings[flag] === undefined ? undefined : readSetting(flag, settings[flag]);
  const access = {
    endpoints: endpoint.split(',').map((part) => new URL(part.trim()).origin),
    ca: read('datastore-cafile'),
    cert: read('datastore-certfile'),
    key: read('datastore-keyfile'),
    user: settings['datastore-user'],
    password: settings['datastore-password'] ?? read('datastore-password-file')?.trim(),
  };
  return {
    kind: 'etcd',
    access: Object.fromEntries(Object.entries(access).filter(([, value]) => value !== undefined)) as unknown as EtcdAccess,
  };
}

function readSetting(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--${flag} ${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`, { cause: error });
  }
}

/** Throws {@link UsageError} when the store cannot be used as it is. */
export async function openStorage(datastore: Datastore, common: { readonly clock: Clock; readonly logger: Logger }): Promise<Storage> {
  if (datastore.kind === 'memory') return openMemory(common);
  try {
    if (datastore.kind === 'etcd') {
      const { openEtcd } = await import('../storage/etcd/etcd.ts');
      return await openEtcd({ ...datastore.access, ...common });
    }
    // Secrets are in it: SQLite gives its other files the same permissions.
    closeSync(openSync(datastore.file, 'a', 0o600));
    return await openSqlite({ file: datastore.file, ...common });
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const hint = error.code === 'corrupt' ? '; nothing was changed. To go back to a snapshot: coracle snapshot restore FILE' : '';
    throw new UsageError(error.message + hint, { cause: error });
  }
}
