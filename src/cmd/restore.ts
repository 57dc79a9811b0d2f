/** A snapshot back into a store: an embedded one's new file, or an empty etcd. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { EtcdAccess } from '../storage/etcd/etcd.ts';
import { openSnapshot, type OpenSnapshot } from '../storage/snapshot/snapshot.ts';
import { restoreSqlite, type RestoredKey } from '../storage/sqlite/restore.ts';
import type { KeyValue, Storage } from '../storage/storage.ts';
import type { Datastore } from './open-storage.ts';
import { isSharedKeys, unpackSharedKeys } from './shared-keys.ts';
import { UsageError } from './usage-error.ts';

/** Nobody has seen a revision this far on: whoever remembers one from before the restore is told to begin anew. */
const revisionsAhead = 1_000_000_000;
/** Keys with a time to live are given it anew; events as upstream's --event-ttl has it. In seconds. */
const eventSeconds = 3600;
const writesAtOnce = 64;

export interface RestoreOptions {
  readonly file: string;
  readonly datastore: Datastore;
  readonly dataDir: string;
  /** The token's secret, when one was given or is kept in the folder. */
  readonly secret: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Restored {
  readonly keys: number;
  /** Where the file went that was there before. */
  readonly kept: string | undefined;
}

/** Throws {@link UsageError} or `corrupt`; the store is as it was then. */
export async function restoreSnapshot(options: RestoreOptions): Promise<Restored> {
  const { datastore } = options;
  await using snapshot = await openSnapshot(options.file);
  switch (datastore.kind) {
    case 'memory':
      throw new UsageError('there is nothing to restore into: --datastore-endpoint memory');
    case 'sqlite':
      await restoreKeys(snapshot, options);
      return await restoreFile(snapshot, datastore.file, options.clock);
    case 'etcd':
      return await restoreEtcd(snapshot, datastore.access, options);
  }
}

/** Addresses of servers that ran then, and what etcd's compactor keeps for itself, belong to the past. */
const isPast = (key: string): boolean => !key.startsWith('/') || /^\/registry\/(masterleases|peerserverleases)\//.test(key);
const isEvent = (key: string): boolean => key.startsWith('/registry/events/');

/** The authority and keys the cluster had: an empty folder gets them, one of another cluster is refused. */
async function restoreKeys(snapshot: OpenSnapshot, { dataDir, secret }: RestoreOptions): Promise<void> {
  const kept: KeyValue[] = [];
  for await (const item of snapshot.items()) if (isSharedKeys(item.key)) kept.push(item);
  if (kept.length > 0) unpackSharedKeys(kept, { dataDir, secret });
}

async function restoreFile(snapshot: OpenSnapshot, file: string, clock: Clock): Promise<Restored> {
  async function* items(): AsyncGenerator<RestoredKey> {
    for await (const item of snapshot.items()) {
      if (isPast(item.key) || isSharedKeys(item.key)) continue;
      yield { ...item, expires: isEvent(item.key) ? clock.now() + eventSeconds * 1000 : undefined };
    }
  }
  const fresh = `${file}.restoring`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (existsSync(fresh)) throw new UsageError(`${fresh} is there from a restore that was interrupted: remove it`);
  const keys = await restoreSqlite(fresh, items(), snapshot.revision + revisionsAhead);
  const kept = existsSync(file) ? `${file}.before-${String(Math.floor(clock.now() / 1000))}` : undefined;
  if (kept !== undefined) for (const end of ['', '-wal', '-shm']) if (existsSync(file + end)) renameSync(file + end, kept + end);
  renameSync(fresh, file);
  return { keys, kept };
}

async function restoreEtcd(snapshot: OpenSnapshot, access: EtcdAccess, common: RestoreOptions): Promise<Restored> {
  const { openEtcd } = await import('../storage/etcd/etcd.ts');
  await using storage = await openEtcd({ ...access, clock: common.clock, logger: common.logger });
  if ((await storage.range({ prefix: '/registry/', limit: 1 })).items.length > 0)
    throw new UsageError('the etcd holds a cluster already: restore into an empty one');
  let keys = 0;
  let batch: Promise<void>[] = [];
  for await (const item of snapshot.items()) {
    if (isPast(item.key)) continue;
    keys++;
    batch.push(putNew(storage, item));
    if (batch.length < writesAtOnce) continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
  return { keys, kept: undefined };
}

async function putNew(storage: Storage, { key, value }: KeyValue): Promise<void> {
  const options = isEvent(key) ? { expected: 0, ttlSeconds: eventSeconds } : { expected: 0 };
  const { done } = await storage.put(key, value, options);
  if (!done) throw new UsageError(`${key} is in the etcd already: somebody else writes to it`);
}
