/** Subresources that are streams: pods/log, exec, attach, portforward and proxy, services/proxy, nodes/proxy. */
import { pipeline, type Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import { ApiError, badRequest, isReason, notFound } from '../../api/errors.ts';
import type * as t from '../../api/generated/types.ts';
import type { Logger } from '../../base/logger.ts';
import type { Registry, ResourceStore } from '../../registry/store.ts';
import type { Exchange } from '../exchange.ts';
import { createForwarder, hostOf, type Forwarder, type NodeConnection, type Upgrade } from './forward.ts';
import {
  kubeletOf,
  type Location,
  logPath,
  nodeNameOf,
  podLocation,
  serviceLocation,
  splitSchemeNamePort,
  streamPath,
} from './locations.ts';
import { hasLinks, type ProxiedAt, rewriteLinks, throughProxy } from './rewrite-links.ts';
import { sendOverWebSocket } from './websocket-reader.ts';

export type { NodeConnection, Upgrade } from './forward.ts';

export interface ConnectorOptions {
  readonly registry: Registry;
  readonly nodes: NodeConnection;
  readonly logger: Logger;
}

export interface Connector {
  /** Serves a request for a streaming subresource; throws ApiErrors as long as nothing has been answered. */
  connect(exchange: Exchange, store: ResourceStore, upgrade: Upgrade | undefined): Promise<void>;
  close(): void;
}

export function createConnector({ registry, nodes, logger }: ConnectorOptions): Connector {
  const forwarder = createForwarder(nodes);
  const streams = new Streams(registry, forwarder);
  return {
    connect: async (exchange, store, upgrade) => {
      logger.debug({ path: exchange.info.path }, 'connecting');
      if (exchange.info.subresource === 'log') return streams.log(exchange, upgrade);
      if (exchange.info.subresource === 'proxy') return streams.proxy(exchange, store.definition.resource, upgrade);
      return streams.stream(exchange, upgrade);
    },
    close: () => forwarder.close(),
  };
}

class Streams {
  readonly #registry: Registry;
  readonly #forwarder: Forwarder;

  constructor(registry: Registry, forwarder: Forwarder) {
    this.#registry = registry;
    this.#forwarder = forwarder;
  }

  async log(exchange: Exchange, upgrade: Upgrade | undefined): Promise<void> {
    if (exchange.info.verb !== 'get') throw notAllowed();
    const pod = await this.#pod(exchange.info.namespace, exchange.info.name);
    const at = logPath(pod, exchange.query);
    if ((pod.spec.nodeName ?? '') === '')
      return void exchange.response.writeHead(204, ['Audit-Id', exchange.auditId, 'Cache-Control', 'no-cache, private']).end();
    const answer = await this.#forwarder.request(exchange, kubeletOf(await this.#node(nodeNameOf(pod)), at));
    const code = answer.statusCode ?? 500;
    if (code < 200 || code > 206) throw await refused(answer, exchange.info.name);
    if (upgrade !== undefined) return sendOverWebSocket(answer, exchange, upgrade);
    exchange.response.writeHead(200, ['Audit-Id', exchange.auditId, 'Cache-Control', 'no-cache, private', 'Content-Type', 'text/plain']);
    exchange.response.flushHeaders();
    await copy(answer, exchange);
  }

  async stream(exchange: Exchange, upgrade: Upgrade | undefined): Promise<void> {
    const { namespace, name, subresource, verb } = exchange.info;
    if (verb !== 'get' && verb !== 'create') throw notAllowed();
    const pod = await this.#pod(namespace, name);
    const at = streamPath(pod, subresource as 'exec' | 'attach' | 'portforward', exchange.query);
    const location = kubeletOf(await this.#node(nodeNameOf(pod)), at);
    if (upgrade === undefined) throw badRequest('Upgrade request required');
    await this.#forwarder.upgrade(exchange, location, upgrade);
  }

  async proxy(exchange: Exchange, resource: string, upgrade: Upgrade | undefined): Promise<void> {
    const url = exchange.request.url ?? '/';
    const [rawPath = ''] = url.split('?', 1);
    const below = /^\/api\/v1\/(?:namespaces\/[^/]+\/)?(?:pods|services|nodes)\/[^/]+\/proxy(\/.*)?$/.exec(rawPath)?.[1] ?? '';
    const location = await this.#proxyTarget(
      exchange,
      resource,
      (below === '' ? '/' : below) + (exchange.rawQuery === '' ? '' : `?${exchange.rawQuery}`),
    );
    if (upgrade !== undefined) return this.#forwarder.upgrade(exchange, location, upgrade);
    const { method } = exchange.request;
    if (below === '' && (method === 'GET' || method === 'HEAD')) {
      const query = exchange.rawQuery === '' ? '' : `?${exchange.rawQuery}`;
      exchange.response.writeHead(301, { Location: `${rawPath}/${query}`, 'Content-Length': '0' });
      exchange.response.end();
      return;
    }
    const prefix = below === '' ? rawPath : rawPath.slice(0, rawPath.length - below.length);
    const at = { prefix, hosts: [hostOf(location), exchange.request.headers.host ?? ''] };
    const answer = await this.#forwarder.request(exchange, location, { 'x-forwarded-uri': rawPath });
    const headers = proxiedHeaders(answer, exchange, at);
    const encoding = answer.headers['content-encoding'];
    const isPage = method !== 'HEAD' && headers['location'] === undefined && hasLinks(answer.headers['content-type'], encoding);
    if (isPage) delete headers['content-length'];
    exchange.response.statusMessage = answer.statusMessage ?? '';
    exchange.response.writeHead(answer.statusCode ?? 502, headers);
    exchange.response.flushHeaders();
    await copy(isPage ? await rewriteLinks(answer, encoding, at) : answer, exchange);
  }

  async #proxyTarget(exchange: Exchange, resource: string, pathAndQuery: string): Promise<Location> {
    const { namespace, name: id } = exchange.info;
    const target = splitSchemeNamePort(id);
    if (target === undefined) throw badRequest(`invalid ${resource.slice(0, -1)} request ${JSON.stringify(id)}`);
    if (resource === 'pods') return podLocation(await this.#pod(namespace, target.name), target, pathAndQuery);
    if (resource === 'services') {
      const isNumber = /^\d+$/.test(target.port);
      const service = isNumber ? await this.#read<t.Service>('services', namespace, target.name) : undefined;
      const endpoints = await this.#endpoints(namespace, target.name);
      return serviceLocation({ service, endpoints }, target, { pathAndQuery, random: Math.random() });
    }
    const kubelet = kubeletOf(await this.#node(target.name), pathAndQuery);
    if (target.port === '' || Number(target.port) === kubelet.port) return kubelet;
    return { ...kubelet, scheme: target.scheme === 'https' ? 'https' : 'http', port: Number(target.port), node: undefined };
  }

  #pod(namespace: string, name: string): Promise<t.Pod> {
    return this.#read<t.Pod>('pods', namespace, name);
  }

  #node(name: string): Promise<t.Node> {
    return this.#read<t.Node>('nodes', '', name);
  }

  /** Upstream blames the service where its endpoints are missing. */
  async #endpoints(namespace: string, name: string): Promise<t.Endpoints> {
    try {
      return await this.#read<t.Endpoints>('endpoints', namespace, name);
    } catch (error) {
      throw isReason(error, 'NotFound') ? notFound({ group: '', resource: 'services' }, name) : error;
    }
  }

  async #read<T>(resource: string, namespace: string, name: string): Promise<T> {
    const store = this.#registry.lookup('', 'v1', resource);
    if (store === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
    return (await store.get(namespace, name, '')).object as T;
  }
}

/** Location headers that point at the target itself lead through the proxy again. */
function proxiedHeaders(answer: IncomingMessage, exchange: Exchange, at: ProxiedAt): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'Audit-Id': exchange.auditId };
  for (const [name, values = []] of Object.entries(answer.headersDistinct)) {
    if (!/^(connection|keep-alive|transfer-encoding|upgrade)$/.test(name)) headers[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  const { location } = answer.headers;
  if (location !== undefined) headers['location'] = throughProxy(location, at);
  return headers;
}

/** Ends with the answer, or when either side goes away: what has been sent cannot be taken back. */
function copy(answer: Readable, exchange: Exchange): Promise<void> {
  return new Promise((resolve) => pipeline(answer, exchange.response, () => resolve()));
}

/** A kubelet's refusal as a Status (apiserver pkg/registry/generic/rest/response_checker.go). */
async function refused(answer: IncomingMessage, name: string): Promise<ApiError> {
  const message = (await text(answer)).slice(0, 2048);
  const code = answer.statusCode ?? 500;
  if (code === 400) return badRequest(message);
  if (code === 404)
    return new ApiError('NotFound', `the server could not find the requested resource ( pods/log ${name})`, {
      details: { name, kind: 'pods/log', causes: [{ reason: 'UnexpectedServerResponse', message }] },
    });
  return new ApiError('InternalError', `Internal error occurred: ${message}`, { details: { causes: [{ reason: '', message }] } });
}

function notAllowed(): ApiError {
  return new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });
}
