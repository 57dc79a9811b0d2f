/** What somebody may do: attributes of a request in, a decision out (apiserver pkg/authorization/authorizer). */
import type { UserInfo } from '../registry/context.ts';

export interface Attributes {
  readonly user: UserInfo;
  /** `get`, `list`, `watch`, `create` ...; for paths that are no resources the method in lower case. */
  readonly verb: string;
  readonly resourceRequest: boolean;
  /** For resource requests; '' where there is none. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** For other requests. */
  readonly path: string;
}

export type Decision =
  | { readonly allowed: true; readonly reason: string }
  /** `denied`: nobody after this one may allow it. */
  | { readonly allowed: false; readonly denied: boolean; readonly reason: string };

/** What somebody may do in a namespace, as SelfSubjectRulesReview shows it. */
export interface Rules {
  readonly resourceRules: readonly {
    readonly verbs: string[];
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly resourceNames?: string[];
  }[];
  readonly nonResourceRules: readonly { readonly verbs: string[]; readonly nonResourceURLs: string[] }[];
  /** True when the list may miss some rules. */
  readonly incomplete: boolean;
}

/** Answers at once where it can: it is asked for each request. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision | Promise<Decision>;
  rules(user: UserInfo, namespace: string): Rules | Promise<Rules>;
}

/** Paths that RBAC's bootstrap policy opens to everybody (system:public-info-viewer). */
const publicPaths: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz', '/version', '/version/']);
const publicPrefixes = ['/healthz/', '/livez/', '/readyz/'] as const;

export function isPublicPath(path: string): boolean {
  return publicPaths.has(path) || publicPrefixes.some((prefix) => path.startsWith(prefix));
}

const allow: Decision = { allowed: true, reason: '' };
const noOpinion: Decision = { allowed: false, denied: false, reason: '' };
const everything: Rules = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  incomplete: false,
};
const publicRules: Rules = {
  resourceRules: [],
  nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'] }],
  incomplete: false,
};

/** Whoever is known may do everything; whoever is not may only ask how the server is. Stands where RBAC will. */
export const allowAuthenticated: Authorizer = {
  authorize: ({ user, verb, resourceRequest, path }) => {
    if (user.groups.includes('system:authenticated') || user.groups.includes('system:masters')) return allow;
    return !resourceRequest && verb === 'get' && isPublicPath(path) ? allow : noOpinion;
  },
  rules: (user) => (user.groups.includes('system:authenticated') || user.groups.includes('system:masters') ? everything : publicRules),
};
