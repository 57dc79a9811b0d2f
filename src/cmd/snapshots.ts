/** Snapshots in a folder: taking, listing, thinning out and taking them by schedule. Names and habits are k3s's. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseCron } from '../api/cron.ts';
import type { Clock } from '../base/clock.ts';
import { running, type Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { readHeader, writeSnapshot, type SnapshotHeader, type SnapshotInfo } from '../storage/snapshot/snapshot.ts';
import type { Storage } from '../storage/storage.ts';
import { sharedKeysEntry } from './shared-keys.ts';
import { gitVersion } from './version.ts';

export interface SnapshotSource {
  readonly storage: Storage;
  /** Whose authority and keys go along, encrypted with the token's secret. */
  readonly dataDir: string;
  readonly secret: string;
  readonly nodeName: string;
  readonly clock: Clock;
}

export interface Taken extends SnapshotInfo {
  readonly name: string;
  readonly file: string;
}

/** Takes one as `PREFIX-NODE-SECONDS`, with a number behind it when that second has one already. Rejects when it cannot be written; nothing is left then. */
export async function takeSnapshot(source: SnapshotSource, { dir, prefix }: { dir: string; prefix: string }): Promise<Taken> {
  const { storage, dataDir, secret, nodeName, clock } = source;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const now = clock.now();
  const name = freeName(dir, `${prefix}-${nodeName}-${String(Math.floor(now / 1000))}`);
  const file = join(dir, name);
  const keys = storage.shared === true ? undefined : sharedKeysEntry(dataDir, secret);
  const info = await writeSnapshot({ storage, file, now, version: gitVersion, more: keys === undefined ? [] : [keys] });
  return { ...info, name, file };
}

function freeName(dir: string, name: string): string {
  for (let more = 1; ; more++) {
    const free = more === 1 ? name : `${name}-${String(more)}`;
    if (!existsSync(join(dir, free)) && !existsSync(join(dir, `${free}.partial`))) return free;
  }
}

export interface Listed extends SnapshotHeader {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
}

/** The whole snapshots of a folder, the oldest first. */
export async function listSnapshots(dir: string): Promise<Listed[]> {
  const found: Listed[] = [];
  for (const name of namesIn(dir)) {
    const file = join(dir, name);
    const header = await readHeader(file).catch(() => undefined);
    if (header !== undefined) found.push({ ...header, name, file });
  }
  return found.toSorted((a, b) => a.takenAt - b.takenAt || (a.name < b.name ? -1 : 1));
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => !name.endsWith('.partial'));
  } catch {
    return [];
  }
}

/** Removes all but the newest `keep` of those that begin with `prefix`; answers the names of what went. */
export async function pruneSnapshots(dir: string, prefix: string, keep: number): Promise<string[]> {
  const own = (await listSnapshots(dir)).filter(({ name }) => name.startsWith(`${prefix}-`));
  const spare = own.slice(0, Math.max(0, own.length - keep));
  for (const { file } of spare) rmSync(file, { force: true });
  return spare.map(({ name }) => name);
}

export interface ScheduleOptions {
  readonly source: SnapshotSource;
  readonly dir: string;
  readonly prefix: string;
  /** A cron expression in the machine's time. */
  readonly schedule: string;
  readonly keep: number;
  readonly logger: Logger;
}

/** Takes one whenever the schedule comes up, and keeps the newest. A failure is logged, and the next one is tried. */
export async function startSnapshotSchedule({ source, dir, prefix, schedule, keep, logger }: ScheduleOptions): Promise<Running> {
  const { createCalendar } = await import('../controllers/cronjob/calendar.ts');
  const calendar = createCalendar(parseCron(schedule), undefined);
  const { clock } = source;
  let cancel: (() => void) | undefined;
  let taking: Promise<void> = Promise.resolve();
  const take = async (): Promise<void> => {
    try {
      const { file, keys } = await takeSnapshot(source, { dir, prefix });
      logger.info({ file, keys }, 'a snapshot was taken');
      await pruneSnapshots(dir, `${prefix}-${source.nodeName}`, keep);
    } catch (error) {
      logger.error({ dir, error: String(error) }, 'the scheduled snapshot failed');
    }
  };
  const arm = (): void => {
    const next = calendar.next(clock.now());
    if (next === undefined) return;
    // Timers do not reach further than 24 days: then it is only looked again.
    cancel = clock.after(next - clock.now(), () => {
      if (clock.now() >= next) taking = take();
      arm();
    });
  };
  arm();
  return running(async () => {
    cancel?.();
    await taking;
  });
}
