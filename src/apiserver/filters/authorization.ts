import { ApiError, forbidden } from '../../api/errors.ts';
import type { Attributes, Authorizer, Decision } from '../../auth/authorizer.ts';
import type { UserInfo } from '../../registry/context.ts';
import type { RequestInfo } from '../request-info.ts';

/** Throws 403 in upstream's words (apiserver pkg/endpoints/handlers/responsewriters/errors.go) unless the user may. */
export function authorize(authorizer: Authorizer, user: UserInfo, info: RequestInfo): void | Promise<void> {
  const decision = authorizer.authorize(attributesOf(user, info));
  if (decision instanceof Promise) return decision.then((made) => check(made, user, info));
  check(decision, user, info);
}

function attributesOf(user: UserInfo, info: RequestInfo): Attributes {
  const { verb, resourceRequest, group, version, resource, subresource, namespace, name, path } = info;
  return { user, verb, resourceRequest, group, version, resource, subresource, namespace, name, path };
}

function check(decision: Decision, user: UserInfo, info: RequestInfo): void {
  if (decision.allowed) return;
  const why = decision.reason === '' ? '' : `: ${decision.reason}`;
  const who = JSON.stringify(user.name);
  if (!info.resourceRequest) {
    throw new ApiError('Forbidden', `forbidden: User ${who} cannot ${info.verb} path ${JSON.stringify(info.path)}${why}`, { details: {} });
  }
  const { group, resource, subresource, namespace, name, verb } = info;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const text = `User ${who} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}${why}`;
  throw forbidden({ group, resource }, name, text);
}
