/** What a service account token says (pkg/serviceaccount/claims.go), and the user it stands for. */
import type { JWTPayload } from 'jose';
import type { UserInfo } from '../registry/context.ts';

export interface ClaimedObject {
  readonly name: string;
  readonly uid: string;
}

export interface ServiceAccountClaims extends JWTPayload {
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: ClaimedObject;
    readonly pod?: ClaimedObject;
    readonly secret?: ClaimedObject;
    readonly node?: { readonly name: string; readonly uid?: string };
    readonly warnafter?: number;
  };
}

/** The claims when they are those of a service account's token. */
export function asServiceAccountClaims(claims: JWTPayload): ServiceAccountClaims | undefined {
  const own = claims['kubernetes.io'] as Partial<ServiceAccountClaims['kubernetes.io']> | undefined;
  if (typeof own !== 'object' || own === null) return undefined;
  const { namespace, serviceaccount } = own;
  if (typeof namespace !== 'string' || typeof serviceaccount?.name !== 'string' || typeof serviceaccount.uid !== 'string') return undefined;
  return claims.sub === `system:serviceaccount:${namespace}:${serviceaccount.name}` ? (claims as ServiceAccountClaims) : undefined;
}

const extraPrefix = 'authentication.kubernetes.io/';

export function userOf(claims: ServiceAccountClaims): UserInfo {
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io'];
  const extra: Record<string, readonly string[]> = {};
  if (claims.jti !== undefined && claims.jti !== '') extra[`${extraPrefix}credential-id`] = [`JTI=${claims.jti}`];
  if (node !== undefined && node.name !== '') {
    extra[`${extraPrefix}node-name`] = [node.name];
    if (node.uid !== undefined && node.uid !== '') extra[`${extraPrefix}node-uid`] = [node.uid];
  }
  if (pod !== undefined) {
    extra[`${extraPrefix}pod-name`] = [pod.name];
    extra[`${extraPrefix}pod-uid`] = [pod.uid];
  }
  return {
    name: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra,
  };
}
