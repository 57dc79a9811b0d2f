/**
 * All keys of a store at one revision in one file, in no backend's own form: it is taken while the store serves, piece by piece,
 * and restores into any backend. Layout: a line of text, a line of JSON, the records, and behind them the SHA-256 of all that.
 */
import { createHash, type Hash } from 'node:crypto';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { StorageError, type KeyValue, type Storage } from '../storage.ts';

const magic = 'coracle snapshot 1\n';
const pieceKeys = 500;
const numbersBytes = 24;
const hashBytes = 32;
/** Stands where a key's length would: the records are over. */
const endMark = 0xffffffff;
const chunkBytes = 256 * 1024;

export interface SnapshotHeader {
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
  /** Of the program that wrote it. */
  readonly version: string;
}

export interface SnapshotInfo extends SnapshotHeader {
  readonly keys: number;
  /** Of the file. */
  readonly bytes: number;
}

export interface WriteOptions {
  readonly storage: Storage;
  /** Must not exist; it is there only when it is whole. */
  readonly file: string;
  readonly now: number;
  readonly version: string;
  /** Goes in besides what the store holds, unless the store has the key itself. */
  readonly more?: readonly KeyValue[];
}

/** Rejects with a StorageError or the file system's error; no file is left then. */
export async function writeSnapshot({ storage, file, now, version, more = [] }: WriteOptions): Promise<SnapshotInfo> {
  const partial = `${file}.partial`;
  const handle = await open(partial, 'wx', 0o600);
  try {
    const revision = await storage.revision();
    const header: SnapshotHeader = { revision, takenAt: now, version };
    const sink = new Sink(handle);
    await sink.write(Buffer.from(`${magic}${JSON.stringify(header)}\n`));
    const keys = await writeAll(sink, { storage, revision, more });
    await sink.write(uint32(endMark));
    const bytes = await sink.finish();
    await handle.sync();
    await rename(partial, file);
    return { ...header, keys, bytes };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function writeAll(
  sink: Sink,
  { storage, revision, more }: { storage: Storage; revision: number; more: readonly KeyValue[] },
): Promise<number> {
  let keys = 0;
  const extra = new Map(more.map((kv) => [kv.key, kv]));
  for (let after: string | undefined; ;) {
    const options = { prefix: '', limit: pieceKeys, revision, uncounted: true };
    const { items } = await storage.range(after === undefined ? options : { ...options, after });
    for (const item of items) {
      extra.delete(item.key);
      await sink.write(record(item));
    }
    keys += items.length;
    after = items.at(-1)?.key;
    if (items.length < pieceKeys || after === undefined) break;
  }
  for (const item of extra.values()) await sink.write(record(item));
  return keys + extra.size;
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

/** Key's length, value's length, revisions, key, value. */
function record({ key, value, createRevision, modRevision }: KeyValue): Buffer {
  const name = Buffer.from(key);
  const buffer = Buffer.allocUnsafe(numbersBytes + name.length + value.length);
  buffer.writeUInt32LE(name.length, 0);
  buffer.writeUInt32LE(value.length, 4);
  buffer.writeDoubleLE(createRevision, 8);
  buffer.writeDoubleLE(modRevision, 16);
  name.copy(buffer, numbersBytes);
  value.copy(buffer, numbersBytes + name.length);
  return buffer;
}

/** Writes in chunks, so that nobody waits long for the hash or the disk. */
class Sink {
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #bytes = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(data: Buffer): Promise<void> {
    this.#waiting.push(data);
    this.#waitingBytes += data.length;
    if (this.#waitingBytes >= chunkBytes) await this.#flush();
  }

  /** Ends with the hash; answers the size of the file. */
  async finish(): Promise<number> {
    await this.#flush();
    await this.#handle.appendFile(this.#hash.digest());
    return this.#bytes + hashBytes;
  }

  async #flush(): Promise<void> {
    const chunk = Buffer.concat(this.#waiting, this.#waitingBytes);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#bytes += chunk.length;
    this.#hash.update(chunk);
    await this.#handle.appendFile(chunk);
  }
}

export interface OpenSnapshot extends SnapshotHeader, AsyncDisposable {
  readonly bytes: number;
  /** In the order of the keys, but for those that were put in besides. */
  items(): AsyncIterable<KeyValue>;
}

/** Only the header is read; {@link openSnapshot} reads all. Throws `corrupt` for what is no snapshot. */
export async function readHeader(file: string): Promise<SnapshotHeader & { readonly bytes: number }> {
  await using handle = await open(file, 'r');
  const { header } = await headerOf(handle, file);
  return { ...header, bytes: (await handle.stat()).size };
}

/** Checks the whole file first. Rejects with `corrupt` when it is not as it was written. */
export async function openSnapshot(file: string): Promise<OpenSnapshot> {
  const handle = await open(file, 'r');
  try {
    const { header, length } = await headerOf(handle, file);
    const { size } = await stat(file);
    await checkHash(handle, { file, size });
    return {
      ...header,
      bytes: size,
      items: () => recordsOf(handle, length),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const damaged = (file: string, why: string): StorageError => new StorageError('corrupt', `${file} is no whole snapshot: ${why}`);

async function headerOf(handle: FileHandle, file: string): Promise<{ header: SnapshotHeader; length: number }> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
  const text = buffer.toString('latin1', 0, bytesRead);
  if (!text.startsWith(magic)) throw damaged(file, 'it does not begin like one');
  const end = text.indexOf('\n', magic.length);
  if (end === -1) throw damaged(file, 'its header is cut off');
  return { header: JSON.parse(text.slice(magic.length, end)) as SnapshotHeader, length: end + 1 };
}

async function checkHash(handle: FileHandle, { file, size }: { file: string; size: number }): Promise<void> {
  const hash = createHash('sha256');
  const end = size - hashBytes;
  const chunk = Buffer.alloc(chunkBytes);
  for (let at = 0; at < end;) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunkBytes, end - at), at);
    if (bytesRead === 0) throw damaged(file, 'it is cut off');
    hash.update(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
  const { buffer } = await handle.read(Buffer.alloc(hashBytes), 0, hashBytes, Math.max(0, end));
  if (!hash.digest().equals(buffer)) throw damaged(file, 'its checksum does not fit');
}

async function* recordsOf(handle: FileHandle, from: number): AsyncGenerator<KeyValue> {
  const source = new Source(handle, from);
  for (;;) {
    const keyBytes = (await source.take(4)).readUInt32LE(0);
    if (keyBytes === endMark) return;
    const numbers = await source.take(numbersBytes - 4);
    const valueBytes = numbers.readUInt32LE(0);
    const [createRevision, modRevision] = [numbers.readDoubleLE(4), numbers.readDoubleLE(12)];
    const data = await source.take(keyBytes + valueBytes);
    yield { key: data.toString('utf8', 0, keyBytes), value: data.subarray(keyBytes), createRevision, modRevision };
  }
}

/** Reads ahead in large pieces. */
class Source {
  readonly #handle: FileHandle;
  #at: number;
  #piece: Buffer = Buffer.alloc(0);

  constructor(handle: FileHandle, at: number) {
    this.#handle = handle;
    this.#at = at;
  }

  /** The next bytes; they share memory with their neighbours. */
  async take(bytes: number): Promise<Buffer> {
    if (this.#piece.length < bytes) {
      const size = Math.max(bytes, 1 << 20);
      const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(size), 0, size, this.#at);
      this.#piece = buffer.subarray(0, bytesRead);
    }
    const taken = this.#piece.subarray(0, bytes);
    this.#piece = this.#piece.subarray(bytes);
    this.#at += bytes;
    return taken;
  }
}
