/** `coracle snapshot save|list|restore|delete|prune`. */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { realClock } from '../base/clock.ts';
import { createLogger } from '../base/logger.ts';
import type { CommandContext } from './cli.ts';
import { askServer } from './control-socket.ts';
import { joinSecret, knownSecret, openDataDir, runningProcess } from './data-dir.ts';
import { hostNodeName } from './host.ts';
import { datastoreOf, openStorage } from './open-storage.ts';
import type { Settings } from './options.ts';
import { openPki, readPair } from './pki.ts';
import { restoreSnapshot } from './restore.ts';
import { listSnapshots, pruneSnapshots, takeSnapshot, type Taken } from './snapshots.ts';
import { snapshotDir } from './snapshot-settings.ts';
import { tokenOf } from './token-file.ts';
import { UsageError } from './usage-error.ts';

/** What a person typed behind `snapshot`. Throws {@link UsageError} for actions there are not. */
export async function runSnapshot(context: CommandContext, action: string, file: string | undefined): Promise<void> {
  const { settings } = context;
  const dir = snapshotDir(settings);
  switch (action) {
    case 'save':
      return save(context, dir);
    case 'list':
    case 'ls':
      return list(context, dir);
    case 'restore':
      return restore(context, needed(file, 'restore'));
    case 'delete':
      return remove(context, dir, needed(file, 'delete'));
    case 'prune': {
      const gone = await pruneSnapshots(dir, settings['snapshot-name'], settings['snapshot-retention']);
      for (const name of gone) context.reporter.note(`removed ${name}`);
      return;
    }
    default:
      throw new UsageError(`snapshot ${action}: must be save, list, restore FILE, delete NAME or prune`);
  }
}

function needed(file: string | undefined, action: string): string {
  if (file === undefined) throw new UsageError(`snapshot ${action}: needs a file; coracle snapshot list shows them`);
  return file;
}

/** A server that runs takes it itself, for it has the store; otherwise the store is opened here. */
async function save({ settings, reporter }: CommandContext, dir: string): Promise<void> {
  const dataDir = settings['data-dir'];
  const wanted = { dir, prefix: 'on-demand' };
  const taken =
    runningProcess(dataDir) === undefined ? await saveHere(settings, wanted) : ((await askServer(dataDir, 'snapshot', wanted)) as Taken);
  reporter.note(`saved ${taken.file} (${String(taken.keys)} keys, ${megabytes(taken.bytes)})`);
}

async function saveHere(settings: Settings, wanted: { dir: string; prefix: string }): Promise<Taken> {
  const { path: dataDir } = openDataDir(settings['data-dir']);
  await using storage = await openStorage(datastoreOf(settings), { clock: realClock, logger: createLogger(settings['log-level']) });
  const { authority } = await openPki({ dataDir, hosts: [], now: realClock.now() });
  const secret = joinSecret(dataDir, tokenOf(settings), authority.cert);
  const nodeName = settings['node-name'] ?? hostNodeName();
  return await takeSnapshot({ storage, dataDir, secret, nodeName, clock: realClock }, wanted);
}

async function list({ reporter }: CommandContext, dir: string): Promise<void> {
  for (const { name, file, bytes, takenAt } of await listSnapshots(dir))
    reporter.note([name, file, String(bytes), new Date(takenAt).toISOString().replace('.000', '')].join('\t'));
}

async function remove({ reporter }: CommandContext, dir: string, name: string): Promise<void> {
  const found = (await listSnapshots(dir)).find((snapshot) => snapshot.name === name);
  if (found === undefined) throw new UsageError(`there is no snapshot ${name} in ${dir}`);
  rmSync(found.file);
  reporter.note(`removed ${name}`);
}

async function restore({ settings, reporter }: CommandContext, file: string): Promise<void> {
  const { path: dataDir } = openDataDir(settings['data-dir']);
  const pid = runningProcess(dataDir);
  if (pid !== undefined) throw new UsageError(`the server runs as process ${String(pid)}: stop it before restoring`);
  const secret = knownSecret(dataDir, tokenOf(settings));
  const { keys, kept } = await restoreSnapshot({
    file: resolve(file),
    datastore: datastoreOf(settings),
    dataDir,
    secret,
    clock: realClock,
    logger: createLogger(settings['log-level']),
  });
  const authority = readPair(join(dataDir, 'tls'), 'ca');
  if (authority !== undefined) joinSecret(dataDir, secret, authority.cert);
  reporter.note(`restored ${String(keys)} keys from ${file}`);
  if (kept !== undefined) reporter.note(`what was there before is now ${kept}`);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
