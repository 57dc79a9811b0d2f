/**
 * A container's newest log file and those that were rotated away from it: `LOG`, `LOG.1`, `LOG.2` and so on. The engine compresses
 * what it has rotated, in its own time: `LOG.1` is there until `LOG.1.gz` is complete.
 */
import { constants } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

export interface LogFile {
  /** Whether it may grow: it is what was opened, whatever its name has become. */
  readonly inode: number;
  size(): Promise<number>;
  /** Bytes that were read; 0 at the end. */
  read(into: Buffer, place: { readonly position: number; readonly length: number }): Promise<number>;
  close(): Promise<void>;
}

/** The log and what was rotated away from it, oldest first. Throws when the newest is not there. */
export async function openLogFiles(path: string): Promise<LogFile[]> {
  for (let tries = 0; ; tries += 1) {
    const last = tries === 5;
    const files = await openOnce(path).catch((error: unknown) => {
      // It was compressed between the look at the folder and now.
      if (last || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return undefined;
    });
    // A rotation meanwhile may have moved a file past us.
    if (files !== undefined && (last || files.at(-1)?.inode === (await stat(path)).ino)) return files;
    await closeLogFiles(files ?? []);
  }
}

/** Files begun after `file`, which was the newest when it was opened. */
export async function newerLogFiles(path: string, file: LogFile | undefined): Promise<LogFile[]> {
  const newest = await stat(path).catch(() => undefined);
  if (newest === undefined || newest.ino === file?.inode) return [];
  const files = await openLogFiles(path).catch(() => []);
  const same = files.findIndex(({ inode }) => inode === file?.inode);
  const known = same === -1 && file !== undefined ? await countUpTo(await lastTime(file), files) : same + 1;
  await closeLogFiles(files.splice(0, known));
  return files;
}

export async function closeLogFiles(files: readonly LogFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.close()));
}

/** How many files of the beginning hold nothing newer: the file itself has been compressed. */
async function countUpTo(time: string, files: readonly LogFile[]): Promise<number> {
  let known = 0;
  for (const file of files) {
    if (!(file instanceof CompressedFile) || (await lastTime(file)) > time) break;
    known += 1;
  }
  return known;
}

/** Of the last line, with nine digits below the second so that texts compare as times do; '' when there is none. */
async function lastTime(file: LogFile): Promise<string> {
  const size = await file.size();
  const tail = Buffer.alloc(Math.min(size, 256));
  const read = await file.read(tail, { position: size - tail.length, length: tail.length });
  const [, seconds = '', fraction = ''] = /"time":"([^".Z]+)\.?(\d*)Z"\}\s*$/.exec(tail.toString('latin1', 0, read)) ?? [];
  return seconds === '' ? '' : `${seconds}.${fraction.padEnd(9, '0')}`;
}

async function openOnce(path: string): Promise<LogFile[]> {
  const name = basename(path);
  const all = new Set(await readdir(dirname(path)));
  const numbers = new Set([...all].flatMap((file) => rotation(name, file) ?? []));
  const files: LogFile[] = [];
  try {
    for (const number of [...numbers].sort((a, b) => b - a)) {
      const plain = `${path}.${String(number)}`;
      await add(files, all.has(basename(plain)) ? await PlainFile.open(plain) : await CompressedFile.open(`${plain}.gz`));
    }
    await add(files, await PlainFile.open(path));
    return files;
  } catch (error) {
    await closeLogFiles(files);
    throw error;
  }
}

/** 2 for `LOG.2` and `LOG.2.gz`. */
function rotation(name: string, file: string): number | undefined {
  const number = file.startsWith(`${name}.`) ? /^(\d+)(\.gz)?$/.exec(file.slice(name.length + 1))?.[1] : undefined;
  return number === undefined ? undefined : Number(number);
}

/** A file that was renamed meanwhile would come twice. */
async function add(files: LogFile[], file: LogFile): Promise<void> {
  if (files.at(-1)?.inode === file.inode) await file.close();
  else files.push(file);
}

class PlainFile implements LogFile {
  readonly inode: number;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, inode: number) {
    this.#handle = handle;
    this.inode = inode;
  }

  static async open(path: string): Promise<PlainFile> {
    const handle = await open(path, constants.O_RDONLY);
    return new PlainFile(handle, (await handle.stat()).ino);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async read(into: Buffer, { position, length }: { position: number; length: number }): Promise<number> {
    return (await this.#handle.read(into, 0, length, position)).bytesRead;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

const decompress = promisify(gunzip);

/** Its content is in memory from the first look at it until it is closed. */
class CompressedFile implements LogFile {
  readonly inode: number;
  readonly #packed: Buffer;
  #content: Promise<Buffer> | undefined;

  constructor(packed: Buffer, inode: number) {
    this.#packed = packed;
    this.inode = inode;
  }

  static async open(path: string): Promise<CompressedFile> {
    return new CompressedFile(await readFile(path), (await stat(path)).ino);
  }

  async size(): Promise<number> {
    return (await this.#unpacked()).length;
  }

  async read(into: Buffer, { position, length }: { position: number; length: number }): Promise<number> {
    return (await this.#unpacked()).copy(into, 0, position, position + length);
  }

  async close(): Promise<void> {
    this.#content = undefined;
  }

  #unpacked(): Promise<Buffer> {
    this.#content ??= decompress(this.#packed);
    return this.#content;
  }
}
