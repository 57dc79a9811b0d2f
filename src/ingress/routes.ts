/** Hosts and paths of Ingresses as a table to look requests up in; a pure function of the Ingresses (networking/v1 types.go). */
import type { Ingress } from '../api/generated/types.ts';
import type { RoutePolicy } from './policy.ts';
import { usualPolicy } from './policy.ts';

/** A Service's port, by number or name. */
export interface Backend {
  readonly namespace: string;
  /** Empty for a backend that is a resource: there is no kind of it that this controller serves. */
  readonly service: string;
  readonly port: number | string;
}

/** Where requests of one rule go, and under which conditions. */
export interface Route extends Backend {
  readonly ingress: string;
  readonly policy: RoutePolicy;
  /** The Ingress has TLS for the rule's host. */
  readonly isSecured: boolean;
}

interface HostRoutes {
  readonly exact: Map<string, Route>;
  /** By path without the slash at its end; '' is every path. */
  readonly prefixes: Map<string, Route>;
  /** For what no path matches. */
  fallback: Route | undefined;
}

type IngressBackend = NonNullable<NonNullable<Ingress['spec']>['defaultBackend']>;

export class RouteTable {
  readonly #hosts = new Map<string, HostRoutes>();
  readonly #policy: (ingress: Ingress) => RoutePolicy;
  #fallback: Route | undefined;

  /** Of Ingresses that want the same host and path the first has it. */
  constructor(ingresses: Iterable<Ingress>, policy: (ingress: Ingress) => RoutePolicy = () => usualPolicy) {
    this.#policy = policy;
    for (const ingress of ingresses) this.#add(ingress);
  }

  /**
   * The backend for a request, undefined when none is. A precise host goes before a wildcard (one label: `*.a.b` is `x.a.b`), that before
   * rules without a host; among paths the exact one, then the longest prefix. Where no rule matches, a default backend answers: that of an
   * Ingress with this host, then that of the first Ingress with one.
   */
  find(host: string, path: string): Route | undefined {
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

  #add(ingress: Ingress): void {
    const { metadata, spec } = ingress;
    const namespace = metadata.namespace ?? '';
    const policy = this.#policy(ingress);
    const route = (host: string, backend: IngressBackend | undefined): Route | undefined => {
      const target = backend && backendOf(namespace, backend);
      return target && { ...target, ingress: metadata.name, policy, isSecured: isSecured(ingress, host) };
    };
    this.#fallback ??= route('', spec?.defaultBackend);
    for (const { host: written = '', http } of spec?.rules ?? []) {
      const host = written.toLowerCase();
      const routes = this.#routesOf(host);
      const fallback = route(host, spec?.defaultBackend);
      if (fallback !== undefined && host !== '') routes.fallback ??= fallback;
      if (http === undefined && fallback !== undefined) setOnce(routes.prefixes, '', fallback);
      for (const { path = '/', pathType, backend } of http?.paths ?? []) {
        const found = route(host, backend);
        if (found === undefined) continue;
        if (pathType === 'Exact') setOnce(routes.exact, path, found);
        else setOnce(routes.prefixes, withoutSlash(path), found);
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

function findPath({ exact, prefixes }: HostRoutes, path: string): Route | undefined {
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

function backendOf(namespace: string, { service, resource }: IngressBackend): Backend | undefined {
  const port = service?.port?.name ?? service?.port?.number;
  if (service !== undefined && port !== undefined) return { namespace, service: service.name, port };
  return resource === undefined ? undefined : { namespace, service: '', port: 0 };
}

/** Whether the Ingress has TLS for this host: its `tls` names it, a wildcard over it, or no host at all. */
function isSecured({ spec }: Ingress, host: string): boolean {
  const dot = host.indexOf('.');
  const wildcard = dot < 0 ? undefined : `*${host.slice(dot)}`;
  return (spec?.tls ?? []).some(
    ({ hosts = [] }) => hosts.length === 0 || hosts.some((name) => [host, wildcard].includes(name.toLowerCase())),
  );
}

/** What is older goes first, so that nobody's routes are taken over by a later Ingress. */
export function oldestFirst(ingresses: Iterable<Ingress>): Ingress[] {
  const age = ({ metadata }: Ingress): string => `${metadata.creationTimestamp ?? ''} ${metadata.namespace ?? ''}/${metadata.name}`;
  return [...ingresses].sort((a, b) => (age(a) < age(b) ? -1 : 1));
}

function setOnce<V>(map: Map<string, V>, key: string, value: V): void {
  if (!map.has(key)) map.set(key, value);
}
