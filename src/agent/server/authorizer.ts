/**
 * Who may use the kubelet API: holders of a client certificate of the cluster or of a token that the API server knows, whom it
 * lets (pkg/kubelet/server/auth.go; cmd/kubelet/app/auth.go for how long answers count).
 */
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { isAllowed } from '../../client/access-review.ts';
import type { Client, ResourceRef } from '../../client/client.ts';

export interface Caller {
  readonly user: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** From the certificate, which TLS has checked; undefined without a valid one. */
export function callerOf(socket: TLSSocket): Caller | undefined {
  if (!socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  const text = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : []);
  return { user: text(subject?.CN)[0] ?? '', groups: [...text(subject?.O), 'system:authenticated'] };
}

export interface Action {
  readonly verb: string;
  /** Of nodes; whoever may do one of them may do it. */
  readonly subresources: readonly string[];
}

const verbs: Readonly<Record<string, string>> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/** By the first part of the path. */
const subresources: Readonly<Record<string, readonly string[]>> = {
  pods: ['pods', 'proxy'],
  runningpods: ['pods', 'proxy'],
  healthz: ['healthz', 'proxy'],
  configz: ['configz', 'proxy'],
  stats: ['stats'],
  metrics: ['metrics'],
  logs: ['log'],
  checkpoint: ['checkpoint'],
  statusz: ['statusz'],
  flagz: ['configz'],
};

export function actionOf(method: string, path: string): Action {
  return { verb: verbs[method] ?? '', subresources: subresources[path.split('/')[1] ?? ''] ?? ['proxy'] };
}

interface TokenStatus {
  readonly authenticated?: boolean;
  readonly user?: { username?: string; uid?: string; groups?: readonly string[]; extra?: Readonly<Record<string, readonly string[]>> };
}

const tokenReviews: ResourceRef<{ metadata: object; status: TokenStatus }> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  resource: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};

/** How long answers count, in ms. */
const keep = { token: 2 * 60_000, allowed: 5 * 60_000, refused: 30_000 };

/** Remembers answers for a while, those that are over are dropped as new ones come. */
class Answers<T> {
  readonly #known = new Map<string, { readonly value: T; readonly until: number }>();
  readonly #clock: Clock;
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  get(key: string): T | undefined {
    const found = this.#known.get(key);
    return found !== undefined && found.until > this.#clock.now() ? found.value : undefined;
  }
  set(key: string, value: T, ms: number): void {
    const now = this.#clock.now();
    for (const [old, { until }] of this.#known) if (until <= now) this.#known.delete(old);
    this.#known.set(key, { value, until: now + ms });
  }
}

export type AuthenticateToken = (token: string) => Promise<Caller | undefined>;

/** Asks the API server whose token it is. */
export function createTokenAuthenticator(client: Client, clock: Clock): AuthenticateToken {
  const known = new Answers<{ readonly caller: Caller | undefined }>(clock);
  return async (token) => {
    // The token itself is not kept.
    const key = createHash('sha256').update(token).digest('hex');
    const found = known.get(key);
    if (found !== undefined) return found.caller;
    const review = await client.resource(tokenReviews).create('', { metadata: {}, spec: { token } } as never);
    const { authenticated, user } = review.status;
    const caller: Caller | undefined =
      authenticated === true
        ? {
            user: user?.username ?? '',
            groups: user?.groups ?? [],
            ...(user?.uid === undefined ? {} : { uid: user.uid }),
            ...(user?.extra === undefined ? {} : { extra: user.extra }),
          }
        : undefined;
    known.set(key, { caller }, keep.token);
    return caller;
  };
}

export type Authorize = (caller: Caller, action: Action) => Promise<boolean>;

export function createAuthorizer(client: Client, nodeName: string, clock: Clock): Authorize {
  const known = new Answers<boolean>(clock);
  const mayDo = async (caller: Caller, verb: string, subresource: string): Promise<boolean> => {
    const key = JSON.stringify([caller, verb, subresource]);
    const found = known.get(key);
    if (found !== undefined) return found;
    const resourceAttributes = { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName };
    const allowed = await isAllowed(client, { ...caller, resourceAttributes });
    known.set(key, allowed, allowed ? keep.allowed : keep.refused);
    return allowed;
  };
  return async (caller, { verb, subresources: wanted }) => {
    if (caller.groups.includes('system:masters')) return true;
    for (const subresource of wanted) if (await mayDo(caller, verb, subresource)) return true;
    return false;
  };
}
