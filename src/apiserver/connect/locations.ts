/**
 * Where streams to nodes, pods and services go: pure functions of the objects
 * (pkg/registry/core/{pod,node}/strategy.go, pkg/registry/core/service/storage/storage.go).
 */
import { isIP } from 'node:net';
import { ApiError, badRequest } from '../../api/errors.ts';
import { type FieldError, forbiddenField, invalid, invalidObject, path } from '../../api/field-errors.ts';
import type * as t from '../../api/generated/types.ts';
import { booleanOf, integerOf } from '../options.ts';

export interface Location {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** With the query; starts with a slash. */
  readonly path: string;
  /** The node whose kubelet this is: the API server shows its certificate there and checks the node's. */
  readonly node: string | undefined;
}

export interface SchemeNamePort {
  readonly scheme: 'http' | 'https' | '';
  readonly name: string;
  readonly port: string;
}

/** `name`, `name:port`, `scheme:name:port` (apimachinery pkg/util/net, SplitSchemeNamePort); undefined: none of them. */
export function splitSchemeNamePort(id: string): SchemeNamePort | undefined {
  const parts = id.split(':');
  const [scheme, name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || (parts.length === 3 && scheme !== 'http' && scheme !== 'https' && scheme !== '')) return undefined;
  return { scheme: scheme as SchemeNamePort['scheme'], name, port };
}

/** The kubelet of a node; throws 500 when the node says no address. */
export function kubeletOf(node: t.Node, pathAndQuery: string): Location {
  const addresses = node.status.addresses ?? [];
  const byType = (type: string): string | undefined => addresses.find((address) => address.type === type)?.address;
  const host = byType('InternalIP') ?? byType('ExternalIP') ?? byType('Hostname');
  if (host === undefined) {
    const known = addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ');
    throw new ApiError('Unknown', `no preferred addresses found; known addresses: [${known}]`);
  }
  return {
    scheme: 'https',
    host,
    port: node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250,
    path: pathAndQuery,
    node: node.metadata.name,
  };
}

/** The container that is meant; throws 400 when that is not clear. */
export function containerOf(pod: t.Pod, asked: string): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const names = [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name);
  if (asked !== '') {
    if (names.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  if (containers.length === 1) return containers[0]?.name ?? '';
  const choice = containers.length === 0 ? '' : `, choose one of: [${names.join(' ')}]`;
  throw badRequest(`a container name must be specified for pod ${pod.metadata.name}${choice}`);
}

/** The node a pod is on; throws 400 when it has none. */
export function nodeNameOf(pod: t.Pod): string {
  const name = pod.spec.nodeName ?? '';
  if (name === '') throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return name;
}

/** /containerLogs/... with the options checked; throws 400 and 422. */
export function logPath(pod: t.Pod, query: URLSearchParams): string {
  const container = containerOf(pod, query.get('container') ?? '');
  const { name, namespace = '' } = pod.metadata;
  const params = new URLSearchParams();
  for (const flag of ['follow', 'previous', 'timestamps']) if (booleanOf(query, flag) === true) params.set(flag, 'true');
  for (const number of ['sinceSeconds', 'tailLines', 'limitBytes']) {
    const value = integerOf(query, number);
    if (value !== undefined) params.set(number, String(value));
  }
  const since = query.get('sinceTime') ?? '';
  if (since !== '') params.set('sinceTime', since);
  const stream = query.get('stream') ?? '';
  params.set('stream', stream === '' ? 'All' : stream);
  const faults = logFaults(params);
  if (faults.length > 0) throw invalidObject({ group: '', kind: 'PodLogOptions' }, name, faults);
  params.sort();
  return `/containerLogs/${namespace}/${name}/${container}?${params.toString()}`;
}

/** pkg/apis/core/validation, ValidatePodLogOptions. */
function logFaults(params: URLSearchParams): FieldError[] {
  const faults: FieldError[] = [];
  const atLeast = (name: string, least: number, words: string): void => {
    const value = params.get(name);
    if (value !== null && Number(value) < least) faults.push(invalid(path(name), Number(value), words));
  };
  atLeast('tailLines', 0, 'must be greater than or equal to 0');
  atLeast('limitBytes', 1, 'must be greater than 0');
  if (params.has('sinceSeconds') && params.has('sinceTime'))
    faults.push(forbiddenField(path(''), 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  else atLeast('sinceSeconds', 1, 'must be greater than 0');
  return faults;
}

/** /exec/..., /attach/... or /portForward/... of a kubelet. */
export function streamPath(pod: t.Pod, subresource: 'exec' | 'attach' | 'portforward', query: URLSearchParams): string {
  const { name, namespace = '' } = pod.metadata;
  const params = new URLSearchParams();
  if (subresource === 'portforward') {
    const ports = query.getAll('ports').filter((port) => port !== '');
    if (ports.length > 0) params.set('port', ports.join(','));
    return withQuery(`/portForward/${namespace}/${name}`, params);
  }
  const container = containerOf(pod, query.get('container') ?? '');
  // The kubelet's own names (pkg/apis/core/types.go, ExecStdinParam and the like).
  const streams = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' } as const;
  for (const [asked, param] of Object.entries(streams)) if (booleanOf(query, asked) === true) params.set(param, '1');
  if (subresource === 'exec') for (const word of query.getAll('command')) params.append('command', word);
  return withQuery(`/${subresource}/${namespace}/${name}/${container}`, params);
}

function withQuery(at: string, params: URLSearchParams): string {
  return params.size === 0 ? at : `${at}?${params.toString()}`;
}

/** A pod's own address; throws 400 for pods without one. */
export function podLocation(pod: t.Pod, { scheme, port }: SchemeNamePort, pathAndQuery: string): Location {
  const host = pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? '';
  if (isIP(host) === 0 || !isGlobal(host)) throw badRequest('address not allowed');
  const first = pod.spec.containers.find(({ ports = [] }) => ports.length > 0)?.ports?.[0]?.containerPort;
  const number = port === '' ? (first ?? (scheme === 'https' ? 443 : 80)) : Number(port);
  if (!Number.isInteger(number)) throw badRequest(`invalid pod request ${JSON.stringify(`${pod.metadata.name}:${port}`)}`);
  return { scheme: scheme === 'https' ? 'https' : 'http', host, port: number, path: pathAndQuery, node: undefined };
}

function isGlobal(ip: string): boolean {
  return !/^(127\.|0\.0\.0\.0|169\.254\.|22[4-9]\.|23\d\.|::1?$|fe[89ab][0-9a-f]:|ff)/i.test(ip);
}

/** One ready endpoint of a service's port; throws 503 when there is none. `random` in [0, 1). */
export function serviceLocation(
  found: { readonly service: t.Service | undefined; readonly endpoints: t.Endpoints },
  target: SchemeNamePort,
  options: { readonly pathAndQuery: string; readonly random: number },
): Location {
  const portName = servicePortName(found.service, target);
  for (const { addresses = [], ports = [] } of found.endpoints.subsets ?? []) {
    const port = ports.find(({ name = '' }) => name === portName);
    const address = addresses[Math.floor(options.random * addresses.length)];
    if (port === undefined || address === undefined) continue;
    return {
      scheme: target.scheme === 'https' ? 'https' : 'http',
      host: address.ip,
      port: port.port,
      path: options.pathAndQuery,
      node: undefined,
    };
  }
  throw unavailable(`no endpoints available for service ${JSON.stringify(target.name)}`);
}

function servicePortName(service: t.Service | undefined, { name, port }: SchemeNamePort): string {
  if (!/^\d+$/.test(port)) return port;
  const found = service?.spec.ports?.find((candidate) => candidate.port === Number(port));
  if (found === undefined) throw unavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  return found.name ?? '';
}

function unavailable(message: string): ApiError {
  return new ApiError('ServiceUnavailable', message);
}
