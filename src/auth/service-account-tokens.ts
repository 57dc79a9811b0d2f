/**
 * Service account tokens: issued for TokenRequests, believed as long as what they are bound to is there.
 * pkg/serviceaccount/{claims,jwt}.go and pkg/registry/core/serviceaccount/storage/token.go.
 */
import { createHash, randomUUID } from 'node:crypto';
import { badRequest, conflict } from '../api/errors.ts';
import type * as t from '../api/generated/types.ts';
import { parseApiVersion } from '../api/object.ts';
import type { Clock } from '../base/clock.ts';
import { rfc3339 } from '../base/clock.ts';
import { RecentMap } from '../base/recent-map.ts';
import type { Client, ResourceRef } from '../client/client.ts';
import { refs } from '../client/refs.ts';
import type { UserInfo } from '../registry/context.ts';
import type { Authenticator } from './authenticator.ts';
import type { ClaimedObject, ServiceAccountClaims } from './service-account-claims.ts';
import { asServiceAccountClaims, userOf } from './service-account-claims.ts';
import type { SigningKeys } from './signing-keys.ts';
import { unverifiedClaims } from './signing-keys.ts';

export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';

export interface ServiceAccountTokensOptions {
  readonly keys: SigningKeys;
  readonly issuer: string;
  /** What the API server itself answers to; default: the issuer. */
  readonly audiences?: readonly string[];
  readonly clock: Clock;
  /** Asked for the objects that tokens are bound to. A function, since the client stands on definitions that need the issuer. */
  readonly client: () => Client;
}

/** What a TokenRequest asks for; the service account has been looked up. */
export interface TokenIssueRequest {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly spec: t.TokenRequestSpec;
}

/** authentication.k8s.io/v1 TokenRequestStatus, and whom the token is for: the cluster itself when nobody was asked for. */
export interface IssuedToken {
  token: string;
  /** RFC 3339. */
  expirationTimestamp: string;
  audiences: readonly string[];
}

export interface ServiceAccountTokens {
  readonly audiences: readonly string[];
  readonly authenticator: Authenticator;
  /** The user of a token that is good for one of the audiences, with those it is good for; undefined: not a token of ours. */
  review(token: string, audiences: readonly string[]): Promise<{ user: UserInfo; audiences: readonly string[] } | undefined>;
  /** ApiErrors: 404 for a bound object that is not there, 409 for another uid, 400 for a kind tokens cannot be bound to. */
  issue(request: TokenIssueRequest): Promise<IssuedToken>;
}

/** Asked for by the projected volumes that replaced the old eternal tokens; such tokens only warn when they get old. */
const warnOnlySeconds = 3607;
const extendedSeconds = 365 * 86_400;
/** Clocks may differ by this much: a token is good so long before and after its time, and after a deletion. */
const leewayMs = 60_000;

export function createServiceAccountTokens(options: ServiceAccountTokensOptions): ServiceAccountTokens {
  return new Tokens(options);
}

class Tokens implements ServiceAccountTokens {
  readonly audiences: readonly string[];
  readonly authenticator: Authenticator;
  readonly #options: ServiceAccountTokensOptions;
  /** Signatures that were checked, by the token's digest. The times and bound objects are looked at on every use. */
  readonly #verified = new RecentMap<string, ServiceAccountClaims>(4096);

  constructor(options: ServiceAccountTokensOptions) {
    this.#options = options;
    this.audiences = options.audiences ?? [options.issuer];
    this.authenticator = {
      name: 'service account tokens',
      authenticate: async ({ token }) => (token === undefined ? undefined : (await this.review(token, this.audiences))?.user),
    };
  }

  async review(token: string, audiences: readonly string[]): Promise<{ user: UserInfo; audiences: readonly string[] } | undefined> {
    const claims = await this.#verify(token);
    if (claims === undefined) return undefined;
    const given = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []);
    const good = given.filter((audience) => audiences.includes(audience));
    if (good.length === 0) throw new Error(`token audiences ${goList(given)} is invalid for the target audiences ${goList(audiences)}`);
    this.#checkTimes(claims);
    await this.#checkObjects(claims);
    return { user: userOf(claims), audiences: good };
  }

  async issue(request: TokenIssueRequest): Promise<IssuedToken> {
    const { keys, issuer, clock } = this.#options;
    const { spec, namespace } = request;
    const given = spec.audiences ?? [];
    const audiences = given.length === 0 ? this.audiences : given;
    const wanted = spec.expirationSeconds ?? 3600;
    const bound = spec.boundObjectRef === undefined ? {} : await this.#bound(request, spec.boundObjectRef);
    const isForApi = audiences.every((audience) => this.audiences.includes(audience));
    const extended = 'pod' in bound && wanted === warnOnlySeconds && isForApi;
    const now = Math.floor(clock.now() / 1000);
    const own = {
      namespace,
      serviceaccount: { name: request.name, uid: request.uid },
      ...bound,
      ...(extended ? { warnafter: now + wanted } : {}),
    };
    const token = await keys.sign({
      aud: [...audiences],
      exp: now + (extended ? extendedSeconds : wanted),
      iat: now,
      iss: issuer,
      jti: randomUUID(),
      'kubernetes.io': own,
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${request.name}`,
    });
    return { token, expirationTimestamp: rfc3339((now + wanted) * 1000), audiences };
  }

  async #verify(token: string): Promise<ServiceAccountClaims | undefined> {
    if (!/^[^.]+\.[^.]+\.[^.]+$/.test(token)) return undefined;
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.#verified.get(digest);
    if (known !== undefined) return known;
    if (unverifiedClaims(token)?.iss !== this.#options.issuer) return undefined;
    const claims = asServiceAccountClaims(await this.#options.keys.verify(token));
    if (claims === undefined) throw new Error('invalid bearer token');
    this.#verified.set(digest, claims);
    return claims;
  }

  #checkTimes(claims: ServiceAccountClaims): void {
    const now = this.#options.clock.now();
    if (claims.exp === undefined || now > claims.exp * 1000 + leewayMs) throw new Error('service account token has expired');
    if (claims.nbf !== undefined && now < claims.nbf * 1000 - leewayMs) throw new Error('service account token is not valid yet');
  }

  async #checkObjects(claims: ServiceAccountClaims): Promise<void> {
    const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io'];
    const account = await this.#client.resource(refs.serviceAccounts).get(namespace, serviceaccount.name);
    if (account.metadata.uid !== serviceaccount.uid) {
      throw new Error(`service account UID (${account.metadata.uid}) does not match claim (${serviceaccount.uid})`);
    }
    if (this.#isGone(account)) throw new Error(`service account ${namespace}/${serviceaccount.name} has been deleted`);
    if (secret !== undefined) await this.#checkBound(refs.secrets, namespace, secret);
    if (pod !== undefined) await this.#checkBound(refs.pods, namespace, pod);
    else if (node !== undefined) await this.#checkBound(refs.nodes, '', { name: node.name, uid: node.uid ?? '' });
  }

  async #checkBound<T extends WithMeta>(ref: ResourceRef<T>, namespace: string, claimed: ClaimedObject): Promise<void> {
    let object: T;
    try {
      object = await this.#client.resource(ref).get(namespace, claimed.name);
    } catch (error) {
      throw new Error('service account token has been invalidated', { cause: error });
    }
    if (object.metadata.uid !== claimed.uid) {
      throw new Error(
        `${ref.kind.toLowerCase()} UID (${object.metadata.uid}) does not match service account ${ref.kind.toLowerCase()} ref claim (${claimed.uid})`,
      );
    }
    if (this.#isGone(object)) throw new Error('service account token has been invalidated');
  }

  #isGone({ metadata }: WithMeta): boolean {
    return metadata.deletionTimestamp !== undefined && Date.parse(metadata.deletionTimestamp) < this.#options.clock.now() - leewayMs;
  }

  /** The claims about what the token is bound to. */
  async #bound(request: TokenIssueRequest, ref: t.BoundObjectReference): Promise<Partial<ServiceAccountClaims['kubernetes.io']>> {
    const { group, version } = parseApiVersion(ref.apiVersion ?? 'v1') ?? { group: '', version: '' };
    const name = ref.name ?? '';
    const kind = group === '' ? ref.kind : undefined;
    switch (kind) {
      case 'Pod': {
        const pod = await this.#client.resource(refs.pods).get(request.namespace, name);
        if (pod.spec.serviceAccountName !== request.name) {
          throw badRequest(`cannot bind token for serviceaccount "${request.name}" to pod running with different serviceaccount name.`);
        }
        const claimed = same(pod, ref);
        const node = pod.spec.nodeName;
        return node === undefined || node === '' ? { pod: claimed } : { pod: claimed, node: await this.#node(node) };
      }
      case 'Node':
        return { node: same(await this.#client.resource(refs.nodes).get('', name), ref) };
      case 'Secret':
        return { secret: same(await this.#client.resource(refs.secrets).get(request.namespace, name), ref) };
      default:
        throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${ref.kind ?? ''}`);
    }
  }

  /** A pod's node is told for information: a node that is not there any more goes in by name. */
  async #node(name: string): Promise<{ name: string; uid?: string }> {
    try {
      return { name, uid: (await this.#client.resource(refs.nodes).get('', name)).metadata.uid };
    } catch {
      return { name };
    }
  }

  get #client(): Client {
    return this.#options.client();
  }
}

interface WithMeta {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
}

function same({ metadata }: WithMeta, ref: t.BoundObjectReference): ClaimedObject {
  if (ref.uid !== undefined && ref.uid !== '' && ref.uid !== metadata.uid) {
    const why = `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', resource: ref.kind ?? '' }, ref.name ?? '', why);
  }
  return { name: metadata.name, uid: metadata.uid };
}

/** A list as Go prints it with %q. */
function goList(items: readonly string[]): string {
  return `[${items.map((item) => JSON.stringify(item)).join(' ')}]`;
}
