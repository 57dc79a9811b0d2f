/** Credentials for a registry out of a pod's image pull secrets (pkg/credentialprovider/keyring.go, secrets/secrets.go). */
import type { Secret } from '../../api/generated/types.ts';
import type { RegistryAuth } from '../runtimes/runtime.ts';
import type { ImageRequest } from './images.ts';

interface AuthEntry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
}

export interface Credential {
  /** `HOST[:PORT][/PATH]`, where each part of the host may have a `*`. */
  readonly place: string;
  readonly auth: RegistryAuth;
  /** Whose it is. */
  readonly secret?: { readonly uid: string; readonly namespace: string; readonly name: string };
}

const defaultRegistry = 'index.docker.io';

/** What a secret of either form holds; nothing when it cannot be read. */
export function credentialsOf({ type, data = {} }: Pick<Secret, 'type' | 'data'>): Credential[] {
  const decoded = (key: string): unknown => JSON.parse(Buffer.from(data[key] ?? '', 'base64').toString('utf8'));
  try {
    if (type === 'kubernetes.io/dockerconfigjson' && data['.dockerconfigjson'] !== undefined) {
      const { auths } = decoded('.dockerconfigjson') as { auths?: Record<string, AuthEntry> };
      return entries(auths ?? {});
    }
    if (type === 'kubernetes.io/dockercfg' && data['.dockercfg'] !== undefined)
      return entries(decoded('.dockercfg') as Record<string, AuthEntry>);
  } catch {
    // A secret that is none gives nothing.
  }
  return [];
}

function entries(auths: Readonly<Record<string, AuthEntry>>): Credential[] {
  return Object.entries(auths).map(([where, { username, password, auth = '' }]) => {
    const [name = '', ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
    return { place: placeOf(where), auth: { username: username ?? name, password: password ?? rest.join(':') } };
  });
}

/** Without scheme, and without the version of the registry's API in front of the path. */
function placeOf(where: string): string {
  const [host = '', ...path] = where.replace(/^https?:\/\//, '').split('/');
  if (path[0] === 'v1' || path[0] === 'v2') path.shift();
  const rest = path.join('/').replace(/\/$/, '');
  return rest === '' ? host : `${host}/${rest}`;
}

/** The repository without tag and digest. */
export function repositoryOf(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
}

function inDefaultRegistry(repository: string): boolean {
  const [first = '', ...rest] = repository.split('/');
  return rest.length === 0 || first === 'docker.io' || first === defaultRegistry || !/[.:]/.test(first);
}

/** URLsMatch: the same number of parts of the host, the same port, and a path that begins like the image's. */
function matches(place: string, repository: string): boolean {
  const split = (text: string): { host: string[]; port: string; path: string } => {
    const [authority = '', ...path] = text.split('/');
    const [host = '', port = ''] = authority.split(':');
    return { host: host.split('.'), port, path: path.join('/') };
  };
  const [wanted, given] = [split(place), split(repository)];
  if (wanted.port !== given.port || wanted.host.length !== given.host.length || !given.path.startsWith(wanted.path)) return false;
  return wanted.host.every((part, at) => {
    const pattern = part.split('*').map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${pattern.join('.*')}$`).test(given.host[at] ?? '');
  });
}

/** Those for the image's registry, the most particular place first. */
export function chooseCredentials(credentials: readonly Credential[], image: string): Credential[] {
  const repository = repositoryOf(image);
  const ordered = [...credentials].sort((a, b) => (a.place < b.place ? 1 : a.place > b.place ? -1 : 0));
  const found = ordered.filter(({ place }) => matches(place, repository));
  const usual = found.length === 0 && inDefaultRegistry(repository) ? ordered.filter(({ place }) => place === defaultRegistry) : [];
  return [...found, ...usual];
}

/** All credentials of the pod that may do, to be tried in turn. A secret that is not there is passed over. */
export async function podCredentials({ pod, references }: Pick<ImageRequest, 'pod' | 'references'>, image: string): Promise<Credential[]> {
  const credentials: Credential[] = [];
  for (const { name = '' } of pod.spec.imagePullSecrets ?? []) {
    const secret = await references.secret(name);
    if (secret === undefined) continue;
    const { uid, namespace = '' } = secret.metadata;
    credentials.push(...credentialsOf(secret).map((credential) => ({ ...credential, secret: { uid, namespace, name } })));
  }
  return chooseCredentials(credentials, image);
}
