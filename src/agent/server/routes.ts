/** The paths of the kubelet API. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Informer } from '../../client/informer.ts';
import type { PodDeps } from '../pods/deps.ts';
import type { PodManager } from '../pods/pod-manager.ts';
import type { ContainerRecord } from '../pods/record.ts';
import type { PodWorker } from '../pods/worker.ts';
import type { Container } from '../runtimes/runtime.ts';
import { spdyCommandProtocols, spdyStreams } from './command-spdy.ts';
import type { CommandOptions, CommandStreams } from './command-streams.ts';
import { commandProtocols, webSocketStreams } from './command-websocket.ts';
import { commandOptions, joinProcess, runToEnd } from './commands.ts';
import { HttpError } from './http-error.ts';
import { logContainer, logQuery, serveLogs } from './logs.ts';
import { servePortForward } from './port-forward.ts';
import { readDisk, readUsage, resourceMetrics, summary } from './stats.ts';
import type { Usage } from './stats.ts';
import { acceptWebSocket, chooseProtocol, tunnelOf } from './websocket.ts';

export interface RouteOptions {
  readonly deps: PodDeps;
  readonly pods: Informer<Pod>;
  readonly managed: Promise<PodManager>;
  readonly nodeName: string;
  readonly clock: Clock;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly url: URL;
}

/** Both throw HttpErrors before anything was answered. */
export interface Routes {
  serve(exchange: Exchange): Promise<void>;
  upgrade(exchange: UpgradeExchange): Promise<void>;
}

export function createRoutes(options: RouteOptions): Routes {
  return new KubeletRoutes(options);
}

/** Rates are counted over at least so many ms. */
const rateMs = 5000;

class KubeletRoutes implements Routes {
  readonly #options: RouteOptions;
  #usage: Usage | undefined;

  constructor(options: RouteOptions) {
    this.#options = options;
  }

  async serve(exchange: Exchange): Promise<void> {
    const { response, url } = exchange;
    const [, first = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    switch (first) {
      case 'healthz':
        return sendText(response, 'ok');
      case 'pods':
      case 'runningpods':
        return sendJson(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [...this.#options.pods.store.values()] });
      case 'configz':
        return sendJson(response, {
          kubeletconfig: {
            kind: 'KubeletConfiguration',
            apiVersion: 'kubelet.config.k8s.io/v1beta1',
            clusterDomain: this.#options.deps.clusterDomain,
            clusterDNS: this.#options.deps.clusterDNS,
          },
        });
      case 'stats':
        return sendJson(response, await this.#summary());
      case 'metrics':
        if (rest[0] === 'probes') return sendText(response, this.#options.deps.probeMetrics.text());
        return sendText(response, rest[0] === 'resource' ? resourceMetrics(await this.#measure()) : await this.#metrics());
      case 'containerLogs':
        return this.#logs(exchange, rest);
      case 'run':
        return this.#run(exchange, rest);
      case 'exec':
      case 'attach':
      case 'portForward':
        throw new HttpError(400, 'Upgrade request required');
      default:
        throw new HttpError(404, '404 page not found');
    }
  }

  async upgrade(exchange: UpgradeExchange): Promise<void> {
    const [, first = '', ...rest] = exchange.url.pathname.split('/').map(decodeURIComponent);
    if (first === 'exec' || first === 'attach') return this.#command(exchange, first, rest);
    if (first === 'portForward') return this.#portForward(exchange, rest);
    throw new HttpError(404, '404 page not found');
  }

  async #worker(namespace = '', name = ''): Promise<PodWorker> {
    const { workers } = await this.#options.managed;
    for (const worker of workers.values()) {
      if (worker.pod.metadata.name === name && worker.pod.metadata.namespace === namespace) return worker;
    }
    throw new HttpError(404, `pod "${name}" does not exist`);
  }

  /** Paths are NAMESPACE/POD/CONTAINER or NAMESPACE/POD/UID/CONTAINER. */
  async #record(path: readonly string[]): Promise<{ worker: PodWorker; record: ContainerRecord }> {
    const worker = await this.#worker(path[0], path[1]);
    const name = path.at(-1) ?? '';
    const record = worker.records.find((candidate) => candidate.name === name);
    if (record === undefined) throw new HttpError(404, `container "${name}" not found in pod "${worker.pod.metadata.name}"`);
    return { worker, record };
  }

  async #runningContainer(path: readonly string[]): Promise<Container> {
    const { record } = await this.#record(path);
    if (record.current?.state !== 'running') throw new HttpError(500, `container not found ("${record.name}")`);
    return record.current;
  }

  async #logs({ response, url }: Exchange, path: readonly string[]): Promise<void> {
    const { worker, record } = await this.#record(path);
    const query = logQuery(url.searchParams, this.#options.clock.now());
    const id = logContainer(record, worker.pod.metadata.name, query.previous);
    await serveLogs(this.#options.deps.runtime, response, { id, query });
  }

  async #run({ response, url }: Exchange, path: readonly string[]): Promise<void> {
    const container = await this.#runningContainer(path);
    const command = (url.searchParams.get('cmd') ?? '').split(' ');
    sendText(response, await runToEnd(this.#options.deps.runtime, container.id, command));
  }

  async #command(exchange: UpgradeExchange, kind: 'exec' | 'attach', path: readonly string[]): Promise<void> {
    const { deps } = this.#options;
    const options = commandOptions(exchange.url.searchParams);
    if (options === undefined) throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr');
    const container = await this.#runningContainer(path);
    const command = exchange.url.searchParams.getAll('command');
    const streams = await openCommandStreams(exchange, options);
    await joinProcess(streams, () =>
      kind === 'exec' ? deps.runtime.exec(container.id, command, options) : deps.runtime.attach(container.id, options),
    );
  }

  async #portForward(exchange: UpgradeExchange, path: readonly string[]): Promise<void> {
    const worker = await this.#worker(path[0], path[1]);
    const { metadata, spec } = worker.pod;
    const { sandbox, podIPs } = worker.ground;
    if (sandbox === undefined) throw new HttpError(500, `pod "${metadata.name}" has no sandbox`);
    const target = { pod: metadata.name, podIPs, pid: spec.hostNetwork === true ? 0 : sandbox.pid };
    await servePortForward(await openTunnel(exchange), target);
  }

  async #measure(): Promise<Usage> {
    const { workers } = await this.#options.managed;
    return readUsage(this.#options.deps, workers.values());
  }

  async #summary(): Promise<object> {
    const usage = await this.#measure();
    const before = this.#usage;
    if (before === undefined || usage.node.time - before.node.time >= rateMs) this.#usage = usage;
    return summary({ nodeName: this.#options.nodeName, usage, before, disk: await readDisk(this.#options.deps.podsDir) });
  }

  async #metrics(): Promise<string> {
    const { workers } = await this.#options.managed;
    const running = [...workers.values()].flatMap((worker) => worker.records.filter((record) => record.current?.state === 'running'));
    return [
      '# HELP kubelet_running_containers [ALPHA] Number of containers currently running',
      '# TYPE kubelet_running_containers gauge',
      `kubelet_running_containers{container_state="running"} ${running.length}`,
      '# HELP kubelet_running_pods [ALPHA] Number of pods that have a running pod sandbox',
      '# TYPE kubelet_running_pods gauge',
      `kubelet_running_pods ${[...workers.values()].filter((worker) => worker.ground.sandbox !== undefined).length}`,
      "# HELP kubelet_node_name [ALPHA] The node's name. The count is always 1.",
      '# TYPE kubelet_node_name gauge',
      `kubelet_node_name{node="${this.#options.nodeName}"} 1`,
      '',
    ].join('\n');
  }
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function isWebSocket(request: IncomingMessage): boolean {
  return (request.headers.upgrade ?? '').toLowerCase() === 'websocket';
}

async function openCommandStreams(exchange: UpgradeExchange, options: CommandOptions): Promise<CommandStreams> {
  if (isWebSocket(exchange.request)) {
    const protocol = chooseProtocol(exchange.request, commandProtocols);
    if (protocol === undefined) throw new HttpError(400, 'unable to upgrade: none of the requested protocols is supported');
    return webSocketStreams(await acceptWebSocket(exchange, protocol), options);
  }
  const wanted = (exchange.request.headersDistinct['x-stream-protocol-version'] ?? [])
    .flatMap((value) => value.split(','))
    .map((value) => value.trim());
  const protocol =
    wanted.length === 0 ? 'channel.k8s.io' : wanted.find((name) => (spdyCommandProtocols as readonly string[]).includes(name));
  if (protocol === undefined)
    throw new HttpError(
      403,
      `unable to upgrade: unable to negotiate protocol: client supports [${wanted.join(' ')}], server accepts [${spdyCommandProtocols.join(' ')}]`,
    );
  switchToSpdy(exchange, wanted.length === 0 ? '' : protocol);
  return spdyStreams(exchange.socket, protocol, options);
}

async function openTunnel(exchange: UpgradeExchange): Promise<Duplex> {
  if (!isWebSocket(exchange.request)) {
    switchToSpdy(exchange, 'portforward.k8s.io');
    return exchange.socket;
  }
  const protocol = chooseProtocol(exchange.request, ['SPDY/3.1+portforward.k8s.io']);
  if (protocol === undefined || protocol === '')
    throw new HttpError(400, 'unable to upgrade: only SPDY/3.1+portforward.k8s.io is supported');
  return tunnelOf(await acceptWebSocket(exchange, protocol));
}

function switchToSpdy({ request, socket, head }: UpgradeExchange, protocol: string): void {
  if ((request.headers.upgrade ?? '').toLowerCase() !== 'spdy/3.1')
    throw new HttpError(400, 'unable to upgrade: missing upgrade headers in request');
  const version = protocol === '' ? '' : `X-Stream-Protocol-Version: ${protocol}\r\n`;
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n${version}\r\n`);
  if (head.length > 0) socket.unshift(head);
}
