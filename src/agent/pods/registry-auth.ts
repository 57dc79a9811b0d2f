/** Credentials for a registry out of a pod's image pull secrets. */
import type { RegistryAuth } from '../runtimes/runtime.ts';
import type { ImageRequest } from './images.ts';

interface AuthEntry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
}

/** The registry part of an image name as Docker reads it. */
export function registryOf(image: string): string {
  const first = image.split('/')[0] ?? '';
  return image.includes('/') && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}

/** The first entry that is about the image's registry. */
export function chooseAuth(entries: Readonly<Record<string, AuthEntry>>, image: string): RegistryAuth | undefined {
  const registry = registryOf(image);
  for (const [place, entry] of Object.entries(entries)) {
    const host = place.replace(/^https?:\/\//, '').split('/')[0] ?? '';
    if (host !== registry && !(registry === 'docker.io' && host.endsWith('docker.io'))) continue;
    const [username, ...rest] = Buffer.from(entry.auth ?? '', 'base64')
      .toString('utf8')
      .split(':');
    return {
      username: entry.username ?? username ?? '',
      password: entry.password ?? rest.join(':'),
      ...(entry.identitytoken === undefined ? {} : { identitytoken: entry.identitytoken }),
    };
  }
  return undefined;
}

export async function registryAuth({ pod, references }: ImageRequest, image: string): Promise<RegistryAuth | undefined> {
  for (const { name = '' } of pod.spec.imagePullSecrets ?? []) {
    const secret = await references.secret(name);
    const config = secret?.data?.['.dockerconfigjson'];
    const old = secret?.data?.['.dockercfg'];
    const text = Buffer.from(config ?? old ?? '', 'base64').toString('utf8');
    if (text === '') continue;
    const parsed = JSON.parse(text) as { auths?: Record<string, AuthEntry> } & Record<string, AuthEntry>;
    const found = chooseAuth(config === undefined ? parsed : (parsed.auths ?? {}), image);
    if (found !== undefined) return found;
  }
  return undefined;
}
