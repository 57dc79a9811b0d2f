/** The paths of the kubelet API. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Pod } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Informer } from '../../client/informer.ts';
import type { Machine } from '../node/machine.ts';
import type { PodDeps } from '../pods/deps.ts';
import type { PodManager } from '../pods/pod-manager.ts';
import type { ContainerRecord } from '../pods/record.ts';
import type { PodWorker } from '../pods/worker.ts';
import type { Container, Image } from '../runtimes/runtime.ts';
import { cadvisorMetrics } from '../stats/cadvisor-metrics.ts';
import { DiskCache } from '../stats/disk-cache.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';
import { readDisk } from '../stats/machine-use.ts';
import { resourceMetrics } from '../stats/resource-metrics.ts';
import { cpuAndMemory, summary, type SummaryInput } from '../stats/summary.ts';
import { readUsage, type Usage } from '../stats/usage.ts';
import { type ClaimUse, volumeMetrics } from '../stats/volume-metrics.ts';
import { spdyCommandProtocols, spdyStreams } from './command-spdy.ts';
import type { CommandOptions, CommandStreams } from './command-streams.ts';
import { commandProtocols, webSocketStreams } from './command-websocket.ts';
import { commandOptions, joinProcess, runToEnd } from './commands.ts';
import { HttpError } from './http-error.ts';
import { logContainer, logQuery, serveLogs } from './logs.ts';
import { servePortForward } from './port-forward.ts';
import { configuration, health, notFound, serveSystemLogs } from './system-routes.ts';
import type { HealthCheck, NodeConfiguration } from './system-routes.ts';
import { acceptWebSocket, chooseProtocol, tunnelOf } from './websocket.ts';

export interface RouteOptions {
  readonly deps: PodDeps;
  readonly pods: Informer<Pod>;
  readonly managed: Promise<PodManager>;
  readonly nodeName: string;
  readonly machine: Machine;
  readonly metrics: KubeletMetrics;
  readonly checks: readonly HealthCheck[];
  /** `port`: where the API is served. */
  configuration(port: number): NodeConfiguration;
  /** What the runtime has, as of a few minutes ago. */
  readonly images: () => Promise<readonly Image[]>;
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
  readonly #disks: DiskCache;
  #usage: Usage | undefined;

  constructor(options: RouteOptions) {
    this.#options = options;
    this.#disks = new DiskCache(options.deps);
  }

  async serve(exchange: Exchange): Promise<void> {
    const { request, response, url } = exchange;
    const [, first = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const isPost = request.method === 'POST';
    switch (first) {
      case 'healthz':
        return sendText(response, await health(this.#options.checks, rest, url.searchParams));
      case 'pods':
        return sendJson(response, { ...emptyList, items: [...this.#options.pods.store.values()] });
      case 'runningpods':
        return sendJson(response, { ...emptyList, items: await this.#runningPods() });
      case 'configz':
        return sendJson(response, { kubeletconfig: configuration(this.#options.configuration(request.socket.localPort ?? 0)) });
      case 'stats':
        return this.#stats(exchange, rest);
      case 'metrics':
        return sendMetrics(response, await this.#metrics(rest));
      case 'logs':
        return serveSystemLogs(response, rest);
      case 'containerLogs':
        return this.#logs(exchange, rest);
      case 'run':
        if (!isPost) throw methodNotAllowed();
        return this.#run(exchange, rest);
      case 'checkpoint':
        if (!isPost) throw methodNotAllowed();
        return this.#checkpoint(rest);
      case 'exec':
      case 'attach':
        if (commandOptions(url.searchParams) === undefined) throw new HttpError(400, noStreams);
        throw new HttpError(500, 'Upgrade request required\n');
      case 'portForward':
        await this.#worker(rest[0], rest[1]);
        throw new HttpError(500, 'Upgrade request required\n');
      default:
        throw notFound();
    }
  }

  async upgrade(exchange: UpgradeExchange): Promise<void> {
    const [, first = '', ...rest] = exchange.url.pathname.split('/').map(decodeURIComponent);
    if (first === 'exec' || first === 'attach') return this.#command(exchange, first, rest);
    if (first === 'portForward') return this.#portForward(exchange, rest);
    throw notFound();
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
    if (options === undefined) throw new HttpError(400, noStreams);
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

  /** Docker makes checkpoints only where it is experimental and criu is there: refused as by a runtime that cannot. */
  async #checkpoint([namespace = '', pod = '', container = '']: readonly string[]): Promise<void> {
    const worker = await this.#worker(namespace, pod).catch(() => undefined);
    if (worker === undefined) throw new HttpError(404, 'pod does not exist');
    if (!worker.records.some((record) => record.name === container)) throw new HttpError(404, `container ${container} does not exist`);
    const why = 'rpc error: code = Unimplemented desc = method CheckpointContainer not implemented';
    throw new HttpError(500, `checkpointing of ${namespace}/${pod}/${container} failed (${why})`);
  }

  /** Pods as the runtime sees them: names and images, nothing else. */
  async #runningPods(): Promise<object[]> {
    const { workers } = await this.#options.managed;
    return [...workers.values()].flatMap((worker) => {
      const running = worker.records.flatMap(({ current }) => (current?.state === 'running' ? [current] : []));
      const { name, namespace, uid } = worker.pod.metadata;
      const containers = running.map((container) => ({ name: container.name, image: container.imageID, resources: {} }));
      return running.length === 0 ? [] : [{ metadata: { name, namespace, uid }, spec: { containers }, status: {} }];
    });
  }

  async #measure(): Promise<Usage> {
    const { workers } = await this.#options.managed;
    return readUsage(this.#options.deps, workers.values());
  }

  async #stats({ response, url }: Exchange, [what]: readonly string[]): Promise<void> {
    if (what !== 'summary') throw notFound();
    const input = await this.#summaryInput();
    sendJson(response, url.searchParams.get('only_cpu_and_memory') === 'true' ? cpuAndMemory(input) : summary(input));
  }

  async #summaryInput(): Promise<SummaryInput> {
    const { deps, nodeName, images } = this.#options;
    const usage = await this.#measure();
    const before = this.#usage;
    if (before === undefined || usage.node.time - before.node.time >= rateMs) this.#usage = usage;
    const [nodeDisk, imageDisk, all, pods] = await Promise.all([
      readDisk(deps.podsDir),
      readDisk(deps.runtime.imageDir ?? deps.podsDir),
      images(),
      Promise.all(
        usage.pods.map(async ({ worker, containers }) => ({
          containers: new Map(
            await Promise.all(containers.map(async ({ container: { id } }) => [id, await this.#disks.container(id)] as const)),
          ),
          volumes: await this.#disks.volumes(worker),
        })),
      ),
    ]);
    return { nodeName, usage, before, nodeDisk, imageDisk, imageBytes: all.reduce((sum, { bytes }) => sum + bytes, 0), pods };
  }

  async #metrics([kind = '', ...rest]: readonly string[]): Promise<string> {
    const { deps, metrics, machine } = this.#options;
    if (rest.length > 0) throw notFound();
    if (kind === '') return metrics.text() + volumeMetrics(await this.#claims());
    if (kind === 'probes') return deps.probeMetrics.text();
    if (kind === 'resource') return resourceMetrics(await this.#measure(), Date.now() - process.uptime() * 1000);
    if (kind === 'cadvisor')
      return cadvisorMetrics({ usage: await this.#measure(), info: machine.info, processors: Number(machine.capacity['cpu']) });
    throw notFound();
  }

  /** Volumes of claims, which /metrics tells of. */
  async #claims(): Promise<readonly ClaimUse[]> {
    const { workers } = await this.#options.managed;
    const all = await Promise.all(
      [...workers.values()].map(async (worker) =>
        (worker.pod.spec.volumes ?? []).some((volume) => volume.persistentVolumeClaim !== undefined)
          ? (await this.#disks.volumes(worker)).map((volume) => ({ ...volume, namespace: worker.pod.metadata.namespace ?? '' }))
          : [],
      ),
    );
    return all.flat().filter((volume) => volume.claim !== undefined);
  }
}

const emptyList = { kind: 'PodList', apiVersion: 'v1', metadata: {} };

const noStreams = 'you must specify at least 1 of stdin, stdout, stderr';

function methodNotAllowed(): HttpError {
  return new HttpError(405, '405: Method Not Allowed');
}

function sendMetrics(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores' });
  response.end(text);
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
