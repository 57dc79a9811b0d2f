/** Hosts and paths of Ingresses as a table to look requests up in; a pure function of the Ingresses (networking/v1 types.go). */
import type { Ingress } from '../api/generated/types.ts';

/** A Service's port, by number or name. */
export interface Backend {
  readonly namespace: string;
  readonly service: string;
  readonly port: number | string;
}

interface HostRoutes {
  readonly exact: Map<string, Backend>;
  /** By path without the slash at its end; '' is every path. */
  readonly prefixes: Map<string, Backend>;
  /** For what no path matches. */
  fallback: Backend | undefined;
}

type IngressBackend = NonNullable<NonNullable<Ingress['spec']>['defaultBackend']>;

export class RouteTable {
  readonly #hosts = new Map<string, HostRoutes>();
  #fallback: Backend | undefined;

  /** Of Ingresses that want the same host and path the first has it. */
  constructor(ingresses: Iterable<Ingress>) {
    for (const ingress of ingresses) this.#add(ingress);
  }

  /**
   * The backend for a request, undefined when none is. A precise host goes before a wildcard (one label: `*.a.b` is `x.a.b`), that before
   * rules without a host; among paths the exact one, then the longest prefix. Where no rule matches, a default backend answers: that of an
   * Ingress with this host, then that of the first Ingress with one.
   */
  find(host: string, path: string): Backend | undefined {
    const name = hostName(host);
    const normal = normalPath(path);
    const dot = name.indexOf('.');
    const candidates = [this.#hosts.get(name), dot < 0 ? undefined : this.#hosts.get(`*${name.slice(dot)}`), this.#hosts.get('')];
    for (const routes of candidates) {
      const found = routes && findPath(routes, normal);
      if (found !== undefined) return found;
    }
    return candidates.find((routes) => routes?.fallback !== undefined)?.fallback ?? this.#fallback;
  }

  #add({ metadata, spec }: Ingress): void {
    const namespace = metadata.namespace ?? '';
    const fallback = serviceOf(namespace, spec?.defaultBackend);
    this.#fallback ??= fallback;
    for (const { host = '', http } of spec?.rules ?? []) {
      const routes = this.#routesOf(host.toLowerCase());
      if (fallback !== undefined && host !== '') routes.fallback ??= fallback;
      if (http === undefined && fallback !== undefined) setOnce(routes.prefixes, '', fallback);
      for (const { path = '/', pathType, backend } of http?.paths ?? []) {
        const service = serviceOf(namespace, backend);
        if (service === undefined) continue;
        if (pathType === 'Exact') setOnce(routes.exact, path, service);
        else setOnce(routes.prefixes, withoutSlash(path), service);
      }
    }
  }

  #routesOf(host: string): HostRoutes {
    const found = this.#hosts.get(host);
    if (found !== undefined) return found;
    const routes: HostRoutes = { exact: new Map(), prefixes: new Map(), fallback: undefined };
    this.#hosts.set(host, routes);
    return routes;
  }
}

/** What the Host header or `:authority` names, in lower case and without port. */
export function hostName(host: string): string {
  const colon = host.startsWith('[') ? host.indexOf(':', host.indexOf(']')) : host.indexOf(':');
  return (colon < 0 ? host : host.slice(0, colon)).toLowerCase();
}

function findPath({ exact, prefixes }: HostRoutes, path: string): Backend | undefined {
  const found = exact.get(path);
  if (found !== undefined || prefixes.size === 0) return found;
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const backend = prefixes.get(path.slice(0, end));
    if (backend !== undefined) return backend;
  }
  return prefixes.get('');
}

/** The path of a request target, its dot segments resolved as the backend would resolve them, so that no rule is walked around. */
function normalPath(target: string): string {
  const end = target.search(/[?#]/);
  const path = end < 0 ? target : target.slice(0, end);
  if (!/\/(?:\.|%2e)/i.test(path)) return path === '' ? '/' : path;
  // A name is put in front, because a path may begin with two slashes.
  return new URL(`http://x${path}`).pathname;
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Undefined for backends that are resources: there are none that this controller knows. */
function serviceOf(namespace: string, backend: IngressBackend | undefined): Backend | undefined {
  const service = backend?.service;
  const port = service?.port?.name ?? service?.port?.number;
  return service === undefined || port === undefined ? undefined : { namespace, service: service.name, port };
}

/** What is older goes first, so that nobody's routes are taken over by a later Ingress. */
export function oldestFirst(ingresses: Iterable<Ingress>): Ingress[] {
  const age = ({ metadata }: Ingress): string => `${metadata.creationTimestamp ?? ''} ${metadata.namespace ?? ''}/${metadata.name}`;
  return [...ingresses].sort((a, b) => (age(a) < age(b) ? -1 : 1));
}

function setOnce<V>(map: Map<string, V>, key: string, value: V): void {
  if (!map.has(key)) map.set(key, value);
}
