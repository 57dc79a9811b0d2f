/** {@link Runtime} on a Docker Engine. Whatever a restart needs stands in labels. */
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Clock } from '../../../base/clock.ts';
import { delay } from '../../../base/clock.ts';
import { running } from '../../../base/lifecycle.ts';
import type { Running } from '../../../base/lifecycle.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Limiter } from '../../limiter.ts';
import { createLimiter } from '../../limiter.ts';
import type {
  Container,
  ContainerConfig,
  ContainerStats,
  Image,
  LogLimits,
  LogOptions,
  PodState,
  ProcessSession,
  RegistryAuth,
  ResourceLimits,
  Runtime,
  RuntimeEvent,
  Sandbox,
  SandboxConfig,
  StreamOptions,
} from '../runtime.ts';
import { RuntimeError } from '../runtime.ts';
import { containerRequest, networkMode, sandboxRequest } from './bodies.ts';
import type { CreateRequest, HostFacts } from './bodies.ts';
import { readCgroupStats } from './cgroup-stats.ts';
import type { Engine } from './engine.ts';
import { createEngine } from './engine.ts';
import { watchEvents } from './events.ts';
import { mountImage } from './image-mount.ts';
import { containerDiskUse } from './disk-use.ts';
import { findImage, listImages, pullImage, removeImage } from './images.ts';
import type { InspectBody } from './inspect.ts';
import { containerOf, sandboxOf } from './inspect.ts';
import type { Labels, Owner } from './labels.ts';
import { ownedBy, readLabels } from './labels.ts';
import { containerLog } from './logs.ts';
import { ensureSandboxImages } from './pause-image.ts';
import { hostPrivileges } from './privileges.ts';
import { withUser } from './process-user.ts';
import { attachContainer, execContainer } from './sessions.ts';
import { newContainer } from '../new-container.ts';
import { signalContainer } from './signals.ts';
import { type FirstProcess, firstProcess, stopContainer } from './stop.ts';

export interface DockerOptions extends Owner {
  readonly socket: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly logs?: LogLimits | undefined;
}

/** Starts of containers at a time: more make Docker slower, not faster (measured on two cores). */
const startsAtATime = 6;
const removalsAtATime = 6;

/** Resolves when the engine answers and has the sandbox images. */
export async function startDocker(options: DockerOptions): Promise<Runtime> {
  const engine = createEngine(options.socket);
  try {
    const [info] = await Promise.all([engine.json<EngineInfo>({ method: 'GET', path: '/info' }), ensureSandboxImages(engine)]);
    const host = hostPrivileges(readFileSync('/proc/self/status', 'utf8'));
    const facts: HostFacts = { owner: options, host, driver: info.CgroupDriver === 'systemd' ? 'systemd' : 'cgroupfs' };
    const appArmor = (info.SecurityOptions ?? []).some((option) => option.split(',').includes('name=apparmor'));
    return new DockerRuntime(engine, options, { facts, imageDir: info.DockerRootDir, appArmor });
  } catch (error) {
    engine.close();
    throw error;
  }
}

interface EngineInfo {
  readonly CgroupDriver: string;
  readonly DockerRootDir?: string;
  readonly SecurityOptions?: readonly string[];
  readonly Runtimes?: Readonly<Record<string, unknown>>;
}

class DockerRuntime implements Runtime {
  readonly scheme = 'docker';
  readonly real = true;
  readonly imageDir: string | undefined;
  readonly appArmor: boolean;
  readonly #engine: Engine;
  readonly #options: DockerOptions;
  readonly #facts: HostFacts;
  readonly #limit: Limiter = createLimiter(startsAtATime);
  readonly #limitRemovals: Limiter = createLimiter(removalsAtATime);
  readonly #running: Running;
  /** First processes of what runs, as last seen. */
  readonly #processes = new Map<string, FirstProcess>();
  /** Sandboxes whose process was killed. */
  readonly #killed = new Set<string>();

  constructor(
    engine: Engine,
    options: DockerOptions,
    { facts, imageDir, appArmor }: { facts: HostFacts; imageDir: string | undefined; appArmor: boolean },
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#facts = facts;
    this.imageDir = imageDir;
    this.appArmor = appArmor;
    this.#running = running(() => engine.close());
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.stop();
  }

  async version(): Promise<string> {
    return (await this.#engine.json<{ Version: string }>({ method: 'GET', path: '/version' })).Version;
  }

  async handlers(): Promise<readonly string[]> {
    return Object.keys((await this.#engine.json<EngineInfo>({ method: 'GET', path: '/info' })).Runtimes ?? {}).sort();
  }

  async list(): Promise<readonly PodState[]> {
    const filters = JSON.stringify({ label: ownedBy(this.#options) });
    const found = await this.#engine.json<{ Id: string; Labels: Labels }[]>({
      method: 'GET',
      path: '/containers/json',
      query: { all: '1', filters },
    });
    const bodies = (await Promise.all(found.map(({ Id }) => this.#inspect(Id)))).filter((body) => body !== undefined);
    const pods = Map.groupBy(bodies, (body) => readLabels(body.Config.Labels).pod.uid);
    return Promise.all([...pods.values()].map((members) => podState(members)));
  }

  watch(handler: (event: RuntimeEvent) => void): Running {
    const { clock, logger } = this.#options;
    return watchEvents({ engine: this.#engine, owner: this.#options, clock, logger }, handler);
  }

  async runSandbox(config: SandboxConfig): Promise<Sandbox> {
    return this.#limit(async () => {
      const id = await this.#createSandbox(sandboxRequest(config, this.#facts));
      try {
        await this.#engine.json({ method: 'POST', path: `/containers/${id}/start` });
        const body = await this.#inspect(id);
        if (body === undefined || !body.State.Running)
          throw new RuntimeError('failed', `sandbox did not stay up: ${body?.State.Error ?? 'it is gone'}`);
        if (networkMode(config) === 'unshare') await this.#ownNetwork(body.State.Pid);
        return sandboxOf(body);
      } catch (error) {
        await this.removeSandbox(id);
        throw error;
      }
    });
  }

  /** The image may have been pruned, or removed with another cluster, while this one runs. */
  async #createSandbox(request: CreateRequest): Promise<string> {
    try {
      return await this.#create(request);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'notFound') throw error;
      await ensureSandboxImages(this.#engine);
      return this.#create(request);
    }
  }

  /** Waits until the pause program has left the host's network namespace: nothing may join before. */
  async #ownNetwork(pid: number): Promise<void> {
    const namespace = (process: string): string => readlinkSync(`/proc/${process}/ns/net`);
    const host = namespace('self');
    for (let tries = 0; tries < 500; tries += 1) {
      if (namespace(String(pid)) !== host) return;
      await delay(this.#options.clock, 1);
    }
    throw new RuntimeError('failed', 'the sandbox stayed in the network of the host');
  }

  async inspectSandbox(id: string): Promise<Sandbox | undefined> {
    const body = await this.#inspect(id);
    return body === undefined ? undefined : sandboxOf(body);
  }

  async createContainer(sandbox: Sandbox, config: ContainerConfig): Promise<Container> {
    const request = containerRequest(config, sandbox, { ...this.#facts, logs: this.#options.logs });
    // Finishing pods goes before beginning new ones.
    const id = await this.#limit(() => this.#create(request), true);
    return newContainer(id, { sandboxId: sandbox.id, createdAt: this.#options.clock.now() }, config);
  }

  async startContainer(id: string): Promise<Container> {
    return this.#limit(async () => {
      await this.#engine.json({ method: 'POST', path: `/containers/${id}/start` });
      const container = await this.inspectContainer(id);
      if (container === undefined) throw new RuntimeError('notFound', `container ${id} is gone`);
      return withUser(container);
    }, true);
  }

  stopContainer(id: string, graceMs: number): Promise<void> {
    const parts = { engine: this.#engine, clock: this.#options.clock, look: (one: string) => this.#inspect(one) };
    return stopContainer(parts, id, { graceMs, known: this.#processes.get(id) });
  }

  async stopSandbox(id: string): Promise<void> {
    const known = this.#processes.get(id);
    if (known !== undefined && (await signalContainer(known.id, known.pid, 9))) this.#killed.add(id);
    else await this.stopContainer(id, 0);
  }

  async removeSandbox(id: string): Promise<void> {
    if (!this.#killed.delete(id)) await this.stopContainer(id, 0);
    await this.removeContainer(id);
  }

  async removeContainer(id: string): Promise<void> {
    this.#processes.delete(id);
    try {
      await this.#limitRemovals(() => this.#engine.find({ method: 'DELETE', path: `/containers/${id}`, query: { force: '1', v: '1' } }));
    } catch (error) {
      // 409: somebody else is removing it just now.
      if (!(error instanceof RuntimeError) || error.code !== 'conflict') throw error;
    }
  }

  async inspectContainer(id: string): Promise<Container | undefined> {
    const body = await this.#inspect(id);
    return body === undefined ? undefined : containerOf(body);
  }

  async updateResources(id: string, resources: ResourceLimits): Promise<void> {
    const { cpuShares, cpuQuota, cpuPeriod, memoryBytes } = resources;
    const body = {
      ...(cpuShares === undefined ? {} : { CpuShares: cpuShares }),
      ...(cpuQuota === undefined ? {} : { CpuQuota: cpuQuota, CpuPeriod: cpuPeriod ?? 100_000 }),
      ...(memoryBytes === undefined ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
    };
    await this.#engine.json({ method: 'POST', path: `/containers/${id}/update`, body });
  }

  exec(id: string, command: readonly string[], options: StreamOptions): Promise<ProcessSession> {
    return execContainer(this.#engine, { id, command, options });
  }

  async attach(id: string, options: StreamOptions): Promise<ProcessSession> {
    const tty = (await this.#inspect(id))?.Config.Tty ?? false;
    return attachContainer(this.#engine, id, { ...options, tty });
  }

  logs(id: string, options: LogOptions): Promise<Readable> {
    return containerLog({ engine: this.#engine, clock: this.#options.clock }, id, options);
  }

  logFile(id: string): string | undefined {
    return this.imageDir === undefined ? undefined : join(this.imageDir, 'containers', id, `${id}-json.log`);
  }

  async stats(container: Container): Promise<ContainerStats | undefined> {
    if (container.pid === 0) return undefined;
    const stats = await readCgroupStats(container.pid);
    return stats === undefined ? undefined : { time: this.#options.clock.now(), ...stats };
  }

  imageStatus(reference: string): Promise<Image | undefined> {
    return findImage(this.#engine, reference);
  }

  pullImage(reference: string, auth: RegistryAuth | undefined): Promise<void> {
    return pullImage(this.#engine, reference, auth);
  }

  listImages(): Promise<readonly Image[]> {
    return listImages(this.#engine);
  }

  diskUse(id: string): Promise<number | undefined> {
    return containerDiskUse(this.#engine, id);
  }

  removeImage(id: string): Promise<boolean> {
    return removeImage(this.#engine, id);
  }

  mountImage(image: Image, path: string): Promise<void> {
    return mountImage(this.#engine, image.id, path);
  }

  async #inspect(id: string): Promise<InspectBody | undefined> {
    const body = await this.#engine.find<InspectBody>({ method: 'GET', path: `/containers/${id}/json` });
    if (body?.State.Running === true) this.#processes.set(id, firstProcess(body));
    else this.#processes.delete(id);
    return body;
  }

  /** A container of the same name can only be what is left of an attempt that was broken off. */
  async #create(request: CreateRequest): Promise<string> {
    const call = { method: 'POST', path: '/containers/create', query: { name: request.name }, body: request.body } as const;
    try {
      return (await this.#engine.json<{ Id: string }>(call)).Id;
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'conflict') throw error;
      await this.removeContainer(request.name);
      return (await this.#engine.json<{ Id: string }>(call)).Id;
    }
  }
}

async function podState(members: readonly InspectBody[]): Promise<PodState> {
  const isSandbox = (body: InspectBody): boolean => readLabels(body.Config.Labels).kind === 'sandbox';
  const sandboxes = members.filter(isSandbox).map(sandboxOf);
  const containers = await Promise.all(members.filter((body) => !isSandbox(body)).map((body) => withUser(containerOf(body))));
  const newestFirst = (a: { createdAt: number }, b: { createdAt: number }): number => b.createdAt - a.createdAt;
  const pod = readLabels(members[0]?.Config.Labels ?? {}).pod;
  return { pod, sandboxes: sandboxes.sort(newestFirst), containers: containers.sort(newestFirst) };
}
