/** Acting as somebody else (apiserver pkg/endpoints/filters/impersonation.go). */
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../../api/errors.ts';
import type { Authorizer } from '../../auth/authorizer.ts';
import type { UserInfo } from '../../registry/context.ts';
import { authorize } from './authorization.ts';
import type { RequestInfo } from '../request-info.ts';

const extraPrefix = 'impersonate-extra-';

/** The user the request is to be treated as: the asked one, or the given one when no header asks. Throws 400 and 403. */
export async function impersonated(user: UserInfo, headers: NodeJS.Dict<string[]>, authorizer: Authorizer): Promise<UserInfo> {
  const name = headers['impersonate-user']?.[0] ?? '';
  const groups = headers['impersonate-group'] ?? [];
  const uid = headers['impersonate-uid']?.[0] ?? '';
  const extra = extraOf(headers);
  if (name === '')
    throw new ApiError('InternalError', `Internal error occurred: requested [${groups.join(' ')}] without impersonating a user`);
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const [, namespace = '', accountName = ''] = account ?? [];
  if (account === null) await may(user, authorizer, { resource: 'users', name });
  else await may(user, authorizer, { resource: 'serviceaccounts', namespace, name: accountName });
  for (const group of groups) await may(user, authorizer, { resource: 'groups', name: group });
  if (uid !== '') await may(user, authorizer, { resource: 'uids', group: 'authentication.k8s.io', name: uid });
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values)
      await may(user, authorizer, { resource: 'userextras', group: 'authentication.k8s.io', subresource: key, name: value });
  }
  return {
    name,
    groups: allGroups(name, groups, namespace),
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** Whether any header asks for it: the only thing ordinary requests pay. */
export function wantsImpersonation(headers: IncomingHttpHeaders): boolean {
  const user = headers['impersonate-user'];
  if ((user !== undefined && user !== '') || headers['impersonate-group'] !== undefined || headers['impersonate-uid'] !== undefined)
    return true;
  for (const name in headers) if (name.startsWith(extraPrefix)) return true;
  return false;
}

function extraOf(headers: NodeJS.Dict<string[]>): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  for (const [name, values] of Object.entries(headers)) {
    if (name.startsWith(extraPrefix)) extra[decodeURIComponent(name.slice(extraPrefix.length))] = values ?? [];
  }
  return extra;
}

function allGroups(name: string, asked: readonly string[], namespace: string): string[] {
  const groups = [...asked];
  if (namespace !== '' && asked.length === 0) groups.push('system:serviceaccounts', `system:serviceaccounts:${namespace}`);
  if (name === 'system:anonymous') return groups.includes('system:unauthenticated') ? groups : [...groups, 'system:unauthenticated'];
  return groups.includes('system:authenticated') || groups.includes('system:unauthenticated')
    ? groups
    : [...groups, 'system:authenticated'];
}

type Target = {
  readonly resource: string;
  readonly name: string;
  readonly namespace?: string;
  readonly group?: string;
  readonly subresource?: string;
};

function may(user: UserInfo, authorizer: Authorizer, target: Target): void | Promise<void> {
  const info: RequestInfo = {
    resourceRequest: true,
    path: '',
    verb: 'impersonate',
    group: '',
    version: 'v1',
    subresource: '',
    namespace: '',
    parts: [],
    watchPrefix: false,
    ...target,
  };
  return authorize(authorizer, user, info);
}
