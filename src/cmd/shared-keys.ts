/**
 * What all servers of one cluster must have alike: the authority and the key of service account tokens. The first server leaves
 * them in the datastore, encrypted with the join token, under a name that only who has the token finds (k3s pkg/cluster/storage.go
 * does the same); the others take them from there. Nothing else in the store is encrypted this way.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyValue, Storage } from '../storage/storage.ts';
import { writeFileAtomic } from './files.ts';
import { UsageError } from './usage-error.ts';

const root = '/bootstrap/';
/** In DATA/tls. */
const names = ['ca.crt', 'ca.key', 'service-account.key'] as const;

type Keys = Readonly<Record<(typeof names)[number], string>>;

export interface SharedKeysOptions {
  readonly storage: Storage;
  readonly dataDir: string;
  /** The secret of the join token; undefined: none was given, and this folder has none. */
  readonly secret: string | undefined;
}

/** Whether the store has keys that somebody left there. */
export async function hasSharedKeys(storage: Storage): Promise<boolean> {
  return (await storage.range({ prefix: root, limit: 1 })).items.length > 0;
}

/** Puts the cluster's keys into DATA/tls, before any is made there. Throws {@link UsageError} when they cannot be had with this token. */
export async function takeSharedKeys({ storage, dataDir, secret }: SharedKeysOptions): Promise<void> {
  const kept = secret === undefined ? undefined : await storage.get(placeOf(secret));
  if (kept === undefined || secret === undefined) {
    if (!(await hasSharedKeys(storage))) return;
    throw new UsageError(
      secret === undefined
        ? 'the datastore holds a cluster already: give its token with --token or --token-file (DATA/token of the first server)'
        : 'the datastore holds the cluster of another token',
    );
  }
  writeKeys(dataDir, decrypt(kept.value, secret));
}

export const isSharedKeys = (key: string): boolean => key.startsWith(root);

/** The keys of DATA/tls as they lie in a shared store: for snapshots of stores that are not. Undefined: there are none yet. */
export function sharedKeysEntry(dataDir: string, secret: string): KeyValue | undefined {
  const keys = readKeys(dataDir);
  return keys === undefined ? undefined : { key: placeOf(secret), value: encrypt(keys, secret), createRevision: 0, modRevision: 0 };
}

/** Puts the keys of a snapshot into DATA/tls. Throws {@link UsageError} without the token, or when the folder is another cluster's. */
export function unpackSharedKeys(
  entries: readonly KeyValue[],
  { dataDir, secret }: { readonly dataDir: string; readonly secret: string | undefined },
): void {
  if (secret === undefined) throw new UsageError('the snapshot holds the keys of the cluster: give its token with --token or --token-file');
  const entry = entries.find(({ key }) => key === placeOf(secret));
  if (entry === undefined) throw new UsageError('the snapshot is of the cluster of another token');
  writeKeys(dataDir, decrypt(entry.value, secret));
}

function writeKeys(dataDir: string, keys: Keys): void {
  const own = readKeys(dataDir);
  if (own !== undefined && own['ca.crt'] !== keys['ca.crt'])
    throw new UsageError(`${dataDir} belongs to another cluster: take an empty folder with --data-dir`);
  const dir = join(dataDir, 'tls');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (const name of names) writeFileAtomic(join(dir, name), keys[name], name.endsWith('.key') ? 0o600 : 0o644);
}

/** Leaves the keys of DATA/tls for the servers to come. False: another server was faster, and its keys must be taken. */
export async function leaveSharedKeys({ storage, dataDir, secret }: SharedKeysOptions & { readonly secret: string }): Promise<boolean> {
  const keys = readKeys(dataDir);
  if (keys === undefined) throw new Error(`${dataDir}/tls has no keys yet`);
  const { done } = await storage.put(placeOf(secret), encrypt(keys, secret), { expected: 0 });
  return done || decrypt((await storage.get(placeOf(secret)))?.value ?? Buffer.alloc(0), secret)['ca.crt'] === keys['ca.crt'];
}

function readKeys(dataDir: string): Keys | undefined {
  const files = names.map((name) => join(dataDir, 'tls', name));
  if (!files.every((file) => existsSync(file))) return undefined;
  return Object.fromEntries(names.map((name, at) => [name, readFileSync(files[at] ?? '', 'utf8')])) as Keys;
}

function placeOf(secret: string): string {
  return root + createHash('sha256').update(secret).digest('hex').slice(0, 12);
}

const saltBytes = 16;
const ivBytes = 12;
const tagBytes = 16;

/** AES-256-GCM; salt, nonce and tag go in front. */
function encrypt(keys: Keys, secret: string): Buffer {
  const salt = randomBytes(saltBytes);
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', scryptSync(secret, salt, 32), iv);
  const data = Buffer.concat([cipher.update(JSON.stringify(keys)), cipher.final()]);
  return Buffer.concat([salt, iv, cipher.getAuthTag(), data]);
}

function decrypt(value: Buffer, secret: string): Keys {
  const salt = value.subarray(0, saltBytes);
  const iv = value.subarray(saltBytes, saltBytes + ivBytes);
  const data = value.subarray(saltBytes + ivBytes + tagBytes);
  try {
    const decipher = createDecipheriv('aes-256-gcm', scryptSync(secret, salt, 32), iv);
    decipher.setAuthTag(value.subarray(saltBytes + ivBytes, saltBytes + ivBytes + tagBytes));
    return JSON.parse(Buffer.concat([decipher.update(data), decipher.final()]).toString()) as Keys;
  } catch (error) {
    throw new UsageError('the keys in the datastore cannot be read with this token', { cause: error });
  }
}
