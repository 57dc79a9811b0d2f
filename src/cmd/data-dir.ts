/** The folder a cluster lives in. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { running, type Running } from '../base/lifecycle.ts';
import { writeFileAtomic } from './files.ts';
import { formatJoinToken, parseJoinToken } from './join-token.ts';
import { UsageError } from './usage-error.ts';

export interface DataDir {
  readonly path: string;
  /** Six hex digits that mark everything this cluster makes on the host. */
  readonly instance: string;
}

/** Makes the folder (owner only) on first use. Throws {@link UsageError} when it cannot be used. */
export function openDataDir(path: string): DataDir {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  } catch (error) {
    throw new UsageError(`--data-dir ${path}: cannot be used (${(error as NodeJS.ErrnoException).code ?? 'error'})`, { cause: error });
  }
  return { path, instance: readOrMake(join(path, 'instance'), () => randomBytes(3).toString('hex')) };
}

/** The folder as it is, or undefined where no cluster has been. */
export function findDataDir(path: string): DataDir | undefined {
  const file = join(path, 'instance');
  return existsSync(file) ? { path, instance: readFileSync(file, 'utf8').trim() } : undefined;
}

/** The secret that is given or kept in the folder; undefined: the first start will make one. */
export function knownSecret(path: string, given: string | undefined): string | undefined {
  const file = join(path, 'token');
  if (given !== undefined) return parseJoinToken(given).secret;
  return existsSync(file) ? parseJoinToken(readFileSync(file, 'utf8')).secret : undefined;
}

/** The secret that lets agents join; made at the first start unless given. DATA/token holds it in the form agents want (K10...). */
export function joinSecret(path: string, given: string | undefined, authority: string): string {
  const file = join(path, 'token');
  const kept = existsSync(file) ? parseJoinToken(readFileSync(file, 'utf8')).secret : undefined;
  const secret = given === undefined ? (kept ?? randomBytes(32).toString('hex')) : parseJoinToken(given).secret;
  if (secret !== kept) writeFileAtomic(file, `${formatJoinToken(secret, authority)}\n`, 0o600);
  return secret;
}

function readOrMake(file: string, make: () => string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const text = make();
  writeFileAtomic(file, text, 0o600);
  return text;
}

const pidFile = (path: string): string => join(path, 'coracle.pid');

/** The process that runs on this folder, if one does. */
export function runningProcess(path: string): number | undefined {
  if (!existsSync(pidFile(path))) return undefined;
  const [pid = '', started = ''] = readFileSync(pidFile(path), 'utf8').split(' ');
  return startTime(Number(pid)) === started.trim() && started !== '' ? Number(pid) : undefined;
}

/** Marks the folder as in use by this process; throws {@link UsageError} when another one is. */
export function claim(path: string): Running {
  const other = runningProcess(path);
  if (other !== undefined) throw new UsageError(`--data-dir ${path}: in use by process ${String(other)}; stop it or choose another folder`);
  writeFileAtomic(pidFile(path), `${String(process.pid)} ${startTime(process.pid)}`, 0o600);
  return running(() => rmSync(pidFile(path), { force: true }));
}

/** The kernel's start time of a process: with the id it names one process for good. */
function startTime(pid: number): string {
  try {
    return (
      readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ')[19] ?? ''
    );
  } catch {
    return '';
  }
}
