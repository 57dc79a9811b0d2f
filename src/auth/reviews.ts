/** What the review kinds answer: TokenReview, SubjectAccessReview and its relatives, TokenRequest. */
import type * as t from '../api/generated/types.ts';
import type { RequestContext, UserInfo } from '../registry/context.ts';
import type { Authenticator } from './authenticator.ts';
import { authenticate } from './authenticator.ts';
import type { Attributes, Authorizer } from './authorizer.ts';
import type { IssuedToken, ServiceAccountTokens, TokenIssueRequest } from './service-account-tokens.ts';

export interface ReviewsOptions {
  /** Besides service account tokens: static tokens. */
  readonly authenticators: readonly Authenticator[];
  readonly tokens: ServiceAccountTokens;
  readonly authorizer: Authorizer;
}

/** Fits `Reviews` of src/resources/deps.ts. */
export interface ReviewAnswers {
  reviewToken(spec: t.TokenReviewSpec, context: RequestContext): Promise<t.TokenReviewStatus>;
  reviewAccess(spec: t.SubjectAccessReviewSpec, context: RequestContext): Promise<t.SubjectAccessReviewStatus>;
  reviewRules(namespace: string, context: RequestContext): Promise<t.SubjectRulesReviewStatus>;
  issueToken(request: TokenIssueRequest): Promise<IssuedToken>;
}

export function createReviews(options: ReviewsOptions): ReviewAnswers {
  return {
    reviewToken: (spec) => reviewToken(spec, options),
    reviewAccess: async (spec) => {
      const decision = await options.authorizer.authorize(attributesOf(spec));
      const reason = decision.reason === '' ? {} : { reason: decision.reason };
      return { allowed: decision.allowed, ...(!decision.allowed && decision.denied ? { denied: true } : {}), ...reason };
    },
    reviewRules: async (namespace, { user }) => {
      const rules = await options.authorizer.rules(user, namespace);
      return { resourceRules: [...rules.resourceRules], nonResourceRules: [...rules.nonResourceRules], incomplete: rules.incomplete };
    },
    issueToken: (request) => options.tokens.issue(request),
  };
}

async function reviewToken(spec: t.TokenReviewSpec, { authenticators, tokens }: ReviewsOptions): Promise<t.TokenReviewStatus> {
  const token = spec.token ?? '';
  const wanted = (spec.audiences ?? []).length === 0 ? tokens.audiences : (spec.audiences ?? []);
  try {
    const account = await tokens.review(token, wanted);
    if (account !== undefined) return { authenticated: true, user: shown(account.user), audiences: [...account.audiences] };
    const known = await authenticate(authenticators, { certificate: undefined, certificateError: undefined, token });
    if (known === undefined) return { authenticated: false };
    return { authenticated: true, user: shown(known.user), audiences: wanted.filter((audience) => tokens.audiences.includes(audience)) };
  } catch (error) {
    return { authenticated: false, error: error instanceof Error ? error.message : 'invalid bearer token' };
  }
}

/** A user as authentication.k8s.io/v1 UserInfo. */
export function shown(user: UserInfo): t.UserInfo {
  return {
    username: user.name,
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    groups: [...user.groups],
    ...(user.extra === undefined
      ? {}
      : { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
  };
}

function attributesOf(spec: t.SubjectAccessReviewSpec): Attributes {
  const resource = spec.resourceAttributes;
  return {
    user: {
      name: spec.user ?? '',
      groups: spec.groups ?? [],
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.extra === undefined ? {} : { extra: spec.extra }),
    },
    verb: resource?.verb ?? spec.nonResourceAttributes?.verb ?? '',
    resourceRequest: resource !== undefined,
    group: resource?.group ?? '',
    version: resource?.version ?? '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    path: spec.nonResourceAttributes?.path ?? '',
  };
}
