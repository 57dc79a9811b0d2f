/** What the built-in kinds need from the rest of the program; cmd/compose.ts passes it in. */
import type * as t from '../api/generated/types.ts';
import type { FeatureGate } from '../api/feature-gates.ts';
import type { Clock } from '../base/clock.ts';
import type { RequestContext } from '../registry/context.ts';
import type { ResourceStore } from '../registry/store.ts';

export interface ResourceDeps {
  readonly clock: Clock;
  /** The service network: one CIDR a family, the primary family first (`10.43.0.0/16`, `fd43::/112`). */
  readonly serviceCIDRs: readonly string[];
  /** Inclusive range of node ports; default 30000-32767. */
  readonly nodePorts?: { readonly first: number; readonly last: number };
  /** Where several servers write to one store: values that all of them share. */
  readonly shared?: SharedValues;
  /** Features that are on though upstream's defaults leave them off. */
  readonly featureGates?: ReadonlySet<FeatureGate>;
  readonly reviews: Reviews;
  /** Other kinds' stores, for what concerns more than one kind (eviction, bound tokens). Asked only after the registry stands. */
  stores(group: string, version: string, resource: string): ResourceStore | undefined;
}

/** Single values in the store, beside the objects. */
export interface SharedValues {
  get(key: string): Promise<{ readonly value: Buffer; readonly modRevision: number } | undefined>;
  /** Only while the value has this modRevision; 0: there is none. */
  put(key: string, value: Buffer, options: { readonly expected: number }): Promise<{ readonly done: boolean }>;
}

/** Who somebody is and what they may do; implemented by src/auth. Each answers the status of the review. */
export interface Reviews {
  reviewToken(spec: t.TokenReviewSpec, context: RequestContext): Promise<t.TokenReviewStatus>;
  reviewAccess(spec: t.SubjectAccessReviewSpec, context: RequestContext): Promise<t.SubjectAccessReviewStatus>;
  reviewRules(namespace: string, context: RequestContext): Promise<t.SubjectRulesReviewStatus>;
  /** A token for a service account, and for whom; `pod` and the like in spec.boundObjectRef must exist (404, 409 otherwise). */
  issueToken(request: TokenIssue): Promise<t.TokenRequestStatus & { readonly audiences: readonly string[] }>;
}

export interface TokenIssue {
  readonly namespace: string;
  readonly name: string;
  /** The service account's uid. */
  readonly uid: string;
  readonly spec: t.TokenRequestSpec;
  readonly context: RequestContext;
}
