/**
 * With which credentials an image came here, so that a pod without them does not get what is on the node already
 * (pkg/kubelet/images/pullmanager, KubeletEnsureSecretPulledImages). Kept in a file: hashes of credentials, never these themselves.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { keepJson } from '../../base/kept-json.ts';
import type { Image, RegistryAuth } from '../runtimes/runtime.ts';
import { repositoryOf } from './registry-auth.ts';

/** A secret's credentials, as they are remembered. */
export interface PullSecret {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly hash: string;
}

/** `anyone`: it came without credentials of a pod. */
interface Access {
  readonly anyone: boolean;
  readonly secrets: readonly PullSecret[];
}

export type VerificationPolicy = 'NeverVerify' | 'NeverVerifyPreloadedImages' | 'NeverVerifyAllowlistedImages' | 'AlwaysVerify';

export interface Verification {
  readonly policy: VerificationPolicy;
  /** For NeverVerifyAllowlistedImages: repositories, or `PREFIX/*`. */
  readonly allowlist: readonly string[];
}

export const usualVerification: Verification = { policy: 'NeverVerifyPreloadedImages', allowlist: [] };

export interface PullRecords {
  /** A pull begins; the function returned ends it. */
  begin(image: string): () => void;
  /** It has come with that secret's credentials; undefined: without any of a pod. */
  pulled(image: string, id: string, secret: PullSecret | undefined): void;
  /** Whether a pod that names the image so must pull it although it is there. `secrets` is asked only when they matter. */
  mustPull(image: string, id: string, secrets: () => Promise<readonly PullSecret[]>): Promise<boolean>;
}

/** More matches than these are not written down. */
const longestList = 100;

export function hashOf({ username, password }: RegistryAuth): string {
  return createHash('sha256')
    .update(JSON.stringify([username ?? '', password ?? '']))
    .digest('hex');
}

export interface PullRecordsOptions {
  /** Missing: nothing is remembered when the agent ends. */
  readonly file?: string | undefined;
  readonly verification?: Verification | undefined;
  /** What is on the node. */
  readonly images: () => Promise<readonly Image[]>;
}

interface Saved {
  readonly intents: readonly string[];
  /** By image id, then by repository. */
  readonly records: Readonly<Record<string, Readonly<Record<string, Access>>>>;
}

/** A file that cannot be read is an empty one. */
export async function openPullRecords({ file, verification = usualVerification, images }: PullRecordsOptions): Promise<PullRecords> {
  const saved = file === undefined ? undefined : await read(file);
  const records = new Map(Object.entries(saved?.records ?? {}).map(([id, mapping]) => [id, new Map(Object.entries(mapping))]));
  const intents = new Map<string, number>();
  const value = (): Saved => ({
    intents: [...intents.keys()],
    records: Object.fromEntries([...records].map(([id, mapping]) => [id, Object.fromEntries(mapping)])),
  });
  const kept = file === undefined ? undefined : keepJson(file, value);
  const save = (): void => kept?.save();
  if (saved !== undefined) await settle(saved.intents, records, images).then(save, () => undefined);

  const grant = (image: string, id: string, access: Access): void => {
    const mapping = records.get(id) ?? new Map<string, Access>();
    const repository = repositoryOf(image);
    const merged = merge(mapping.get(repository), access);
    if (merged === mapping.get(repository)) return;
    records.set(id, mapping.set(repository, merged));
    save();
  };
  return {
    begin: (image) => {
      intents.set(image, (intents.get(image) ?? 0) + 1);
      save();
      return () => {
        const left = (intents.get(image) ?? 1) - 1;
        if (left > 0) intents.set(image, left);
        else intents.delete(image);
        save();
      };
    },
    pulled: (image, id, secret) => grant(image, id, { anyone: secret === undefined, secrets: secret === undefined ? [] : [secret] }),
    mustPull: async (image, id, secrets) => {
      const known = records.get(id);
      if (!verifies(verification, image, known !== undefined || intents.has(image))) return false;
      const access = known?.get(repositoryOf(image));
      if (access === undefined) return true;
      if (access.anyone) return false;
      if (access.secrets.length === 0) return true;
      for (const secret of await secrets()) {
        const match = access.secrets.find((other) => other.hash === secret.hash || isSameSecret(other, secret));
        if (match === undefined) continue;
        if (access.secrets.length < longestList) grant(image, id, { anyone: false, secrets: [secret] });
        return false;
      }
      return true;
    },
  };
}

/** Whether credentials are asked for at all. */
export function verifies({ policy, allowlist }: Verification, image: string, pulledHere: boolean): boolean {
  if (policy === 'NeverVerify') return false;
  if (policy === 'AlwaysVerify') return true;
  if (policy === 'NeverVerifyPreloadedImages') return pulledHere;
  const repository = repositoryOf(image);
  return !allowlist.some((pattern) => (pattern.endsWith('/*') ? repository.startsWith(pattern.slice(0, -1)) : repository === pattern));
}

function isSameSecret(a: PullSecret, b: PullSecret): boolean {
  return a.uid === b.uid && a.namespace === b.namespace && a.name === b.name;
}

/** pulledRecordMergeNewCreds: the very same object when nothing is new. */
function merge(old: Access | undefined, added: Access): Access {
  if (old === undefined) return added;
  if (old.anyone) return old;
  if (added.anyone) return added;
  const fresh = added.secrets.filter((secret) => !old.secrets.some((other) => isSameSecret(other, secret) && other.hash === secret.hash));
  if (fresh.length === 0) return old;
  return { anyone: false, secrets: [...old.secrets.filter((other) => !fresh.some((secret) => isSameSecret(secret, other))), ...fresh] };
}

/** Images that were being pulled when the agent ended have come with who knows what; those that are gone are forgotten. */
async function settle(
  intents: readonly string[],
  records: Map<string, Map<string, Access>>,
  images: () => Promise<readonly Image[]>,
): Promise<void> {
  const there = await images();
  for (const image of there) {
    const isPulled = [...image.tags, ...image.digests].some((name) => intents.includes(name));
    if (isPulled && !records.has(image.id)) records.set(image.id, new Map());
  }
  for (const id of records.keys()) if (!there.some((image) => image.id === id)) records.delete(id);
}

async function read(file: string): Promise<Saved> {
  try {
    const { intents, records } = JSON.parse(await readFile(file, 'utf8')) as Partial<Saved>;
    return { intents: Array.isArray(intents) ? intents : [], records: records ?? {} };
  } catch {
    return { intents: [], records: {} };
  }
}
