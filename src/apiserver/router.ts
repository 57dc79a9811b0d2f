/** Which handler answers a request for a resource. */
import { ApiError } from '../api/errors.ts';
import type { ResourceDefinition } from '../registry/definition.ts';
import type { Registry, ResourceStore } from '../registry/store.ts';
import { create } from './handlers/create.ts';
import { deleteOne } from './handlers/delete.ts';
import { deleteCollection } from './handlers/delete-collection.ts';
import { get } from './handlers/get.ts';
import { list } from './handlers/list.ts';
import { patch } from './handlers/patch.ts';
import type { Handler } from './handlers/scope.ts';
import { update } from './handlers/update.ts';
import type { RequestInfo } from './request-info.ts';

/** A stored resource's handler, a watch, a stream to somewhere else, or nothing (404). */
export type Route =
  | { readonly to: 'handler'; readonly store: ResourceStore; readonly handle: Handler }
  | { readonly to: 'watch'; readonly store: ResourceStore }
  | { readonly to: 'connect'; readonly store: ResourceStore }
  /** It can be listed, and asked to be watched, but not watched. */
  | { readonly to: 'no watch'; readonly store: ResourceStore }
  | { readonly to: 'nowhere' };

const nowhere: Route = { to: 'nowhere' };
const handlers: Readonly<Record<string, Handler>> = {
  get,
  list,
  create,
  update,
  patch,
  delete: deleteOne,
  deletecollection: deleteCollection,
};

/** Subresources that are streams to a node or a pod, by resource. */
const connects: Readonly<Record<string, readonly string[]>> = {
  pods: ['log', 'exec', 'attach', 'portforward', 'proxy'],
  services: ['proxy'],
  nodes: ['proxy'],
};

const needsName: ReadonlySet<string> = new Set(['update', 'patch']);

/** Throws 405 for verbs that a resource does not have. */
export function route(registry: Registry, info: RequestInfo, method: string): Route {
  const store = registry.lookup(info.group, info.version, info.resource);
  // The verb proxy is that of paths which have not been served for long.
  if (store === undefined || info.verb === 'proxy') return nowhere;
  const { definition } = store;
  if (info.parts.length > 3 && info.subresource !== 'proxy') return nowhere;
  if (!isInPlace(definition, info)) return nowhere;
  if (method === 'HEAD' && info.subresource !== 'proxy') return notAllowed();
  if (info.subresource !== '') return subresourceRoute(store, info);
  if (info.verb === 'watch') {
    if (method !== 'GET' && method !== 'HEAD') return notAllowed();
    if (definition.verbs.includes('watch')) return { to: 'watch', store };
    return definition.verbs.includes('list') ? { to: 'no watch', store } : notAllowed();
  }
  const handle = handlers[info.verb];
  if (handle === undefined || !definition.verbs.includes(info.verb)) return notAllowed();
  if (info.name === '' ? needsName.has(info.verb) : info.verb === 'create') return notAllowed();
  if (definition.namespaced && info.namespace === '' && info.verb !== 'list') return notAllowed();
  return { to: 'handler', store, handle };
}

/** Cluster-scoped kinds are not found inside namespaces, nor named objects of namespaced kinds outside, nor of kinds that are not stored. */
function isInPlace(definition: ResourceDefinition, info: RequestInfo): boolean {
  if (definition.virtual !== undefined && info.name !== '') return false;
  if (definition.namespaced) return info.namespace !== '' || (info.name === '' && definition.verbs.includes('list'));
  return info.namespace === '' || (definition.resource === 'namespaces' && !/\/namespaces\/[^/]*\/namespaces(\/|$)/.test(info.path));
}

function subresourceRoute(store: ResourceStore, info: RequestInfo): Route {
  const { definition } = store;
  const { subresource, verb } = info;
  if (definition.group === '' && connects[definition.resource]?.includes(subresource) === true) return { to: 'connect', store };
  const handle = handlers[verb];
  const known = subresourceVerbs(definition, subresource);
  if (known.length === 0) return nowhere;
  return handle !== undefined && known.includes(verb) ? { to: 'handler', store, handle } : notAllowed();
}

const readWrite = ['get', 'update', 'patch'];

function subresourceVerbs(definition: ResourceDefinition, name: string): readonly string[] {
  if ((name === 'status' && definition.status) || (name === 'scale' && definition.scale !== undefined)) return readWrite;
  const own = definition.subresources?.find((candidate) => candidate.name === name);
  if (own === undefined) return [];
  if (own.create !== undefined) return ['create'];
  return definition.resource === 'namespaces' && name === 'finalize' ? ['update'] : readWrite;
}

export function notWatched({ resource, group }: ResourceDefinition): ApiError {
  const details = { ...(group === '' ? {} : { group }), kind: resource };
  const kind = group === '' ? resource : `${resource}.${group}`;
  return new ApiError('MethodNotAllowed', `watch is not supported on resources of kind "${kind}"`, { details });
}

function notAllowed(): never {
  throw new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });
}
