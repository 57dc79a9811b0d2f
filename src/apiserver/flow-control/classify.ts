/** Which flow schema a request belongs to (apiserver pkg/util/flowcontrol/rule.go). */
import type * as t from '../../api/generated/types.ts';
import type { UserInfo } from '../../registry/context.ts';
import type { RequestInfo } from '../request-info.ts';

type Rules = t.PolicyRulesWithSubjects;

/** Rules that concern one user, with what they lead to. */
interface Candidate<T> {
  readonly target: T;
  readonly rules: readonly Rules[];
}

/**
 * The first target, in order, with a rule for the request. Which rules are about a user is found out once a user: authentication
 * hands out the same object for as long as a connection lives.
 */
export class Classifier<T> {
  readonly #targets: readonly { readonly target: T; readonly rules: readonly Rules[] }[];
  readonly #users = new WeakMap<UserInfo, readonly Candidate<T>[]>();

  constructor(targets: readonly { readonly target: T; readonly rules: readonly Rules[] }[]) {
    this.#targets = targets;
  }

  /** Undefined: no rule fits, which the catch-all schema does not let happen. */
  classify(user: UserInfo, info: RequestInfo): T | undefined {
    let candidates = this.#users.get(user);
    if (candidates === undefined) {
      candidates = this.#of(user);
      this.#users.set(user, candidates);
    }
    for (const { target, rules } of candidates) {
      for (const rule of rules) if (matchesRequest(rule, info)) return target;
    }
    return undefined;
  }

  #of(user: UserInfo): Candidate<T>[] {
    const about = ({ subjects }: Rules): boolean => (subjects ?? []).some((subject) => matchesSubject(subject, user));
    return this.#targets.map(({ target, rules }) => ({ target, rules: rules.filter(about) })).filter(({ rules }) => rules.length > 0);
  }
}

function matchesSubject(subject: t.FlowcontrolV1Subject, user: UserInfo): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.user !== undefined && (subject.user.name === '*' || subject.user.name === user.name);
    case 'Group':
      return subject.group !== undefined && (subject.group.name === '*' || user.groups.includes(subject.group.name));
    case 'ServiceAccount': {
      if (subject.serviceAccount === undefined) return false;
      const { namespace, name } = subject.serviceAccount;
      const start = `system:serviceaccount:${namespace}:`;
      return name === '*' ? user.name.startsWith(start) : user.name === start + name;
    }
    default:
      return false;
  }
}

function matchesRequest(rules: Rules, info: RequestInfo): boolean {
  return info.resourceRequest
    ? (rules.resourceRules ?? []).some((rule) => matchesResource(rule, info))
    : (rules.nonResourceRules ?? []).some((rule) => contains(rule.verbs, info.verb) && matchesPath(rule.nonResourceURLs, info.path));
}

function matchesResource(rule: t.ResourcePolicyRule, info: RequestInfo): boolean {
  if (!contains(rule.verbs, info.verb) || !contains(rule.apiGroups, info.group)) return false;
  if (rule.resources[0] !== '*') {
    const resource = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
    if (!contains(rule.resources, resource)) return false;
  }
  return info.namespace === '' ? rule.clusterScope === true : contains(rule.namespaces ?? [], info.namespace);
}

/** Validation has a wildcard stand alone. */
function contains(list: readonly string[], value: string): boolean {
  return (list.length === 1 && list[0] === '*') || list.includes(value);
}

/** A rule's path is one path or the start of many: whole segments. */
function matchesPath(paths: readonly string[], path: string): boolean {
  return paths.some((given) => {
    if (given === '*' || given === path) return true;
    const start = given.endsWith('*') ? given.slice(0, -1) : given;
    return path.startsWith(start.endsWith('/') ? start : `${start}/`);
  });
}
