/**
 * A runtime without containers: it plays what a kubelet would see, so that simulated nodes run anywhere and by the thousand.
 * Annotations of the pod tell what happens: `sim.coracle.io/start-ms` (how long a container takes to start, default 0),
 * `sim.coracle.io/exit-ms` (it ends so long after its start), `sim.coracle.io/exit-code`, `sim.coracle.io/start-error`,
 * `sim.coracle.io/stop-ms` (how long it takes to end when it is asked to). Init containers end by themselves at once.
 */
import { PassThrough, Readable } from 'node:stream';
import type { Clock } from '../../../base/clock.ts';
import { delay } from '../../../base/clock.ts';
import type { Running } from '../../../base/lifecycle.ts';
import { running } from '../../../base/lifecycle.ts';
import type {
  Container,
  ContainerConfig,
  Image,
  PodState,
  ProcessSession,
  Runtime,
  RuntimeEvent,
  Sandbox,
  SandboxConfig,
} from '../runtime.ts';
import { newContainer } from '../new-container.ts';
import { RuntimeError } from '../runtime.ts';

interface SimSandbox {
  sandbox: Sandbox;
  readonly annotations: Readonly<Record<string, string>>;
}

interface SimContainer {
  container: Container;
  /** Cancels the programmed end. */
  cancel: () => void;
}

const prefix = 'sim.coracle.io/';
/** Nobody knows what is in the images; their user is not root, so that pods that insist on that run. */
const imageUser = '65532';

export interface SimOptions {
  readonly clock: Clock;
}

export interface Sim extends Runtime {
  /** Ends a running container by itself. */
  exit(id: string, code: number): void;
}

export function startSim(options: SimOptions): Sim {
  return new SimRuntime(options.clock);
}

class SimRuntime implements Sim {
  readonly scheme = 'sim';
  readonly real = false;
  readonly imageDir = undefined;
  readonly appArmor = false;
  readonly #clock: Clock;
  readonly #sandboxes = new Map<string, SimSandbox>();
  readonly #containers = new Map<string, SimContainer>();
  readonly #handlers = new Set<(event: RuntimeEvent) => void>();
  #ids = 0;
  readonly #running = running(() => {
    for (const { cancel } of this.#containers.values()) cancel();
  });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running.stop();
  }

  async version(): Promise<string> {
    return '1.0.0';
  }

  async handlers(): Promise<readonly string[]> {
    return ['sim'];
  }

  async list(): Promise<readonly PodState[]> {
    const containers = [...this.#containers.values()].map(({ container }) => container).reverse();
    return [...this.#sandboxes.values()].map(({ sandbox }) => ({
      pod: sandbox.pod,
      sandboxes: [sandbox],
      containers: containers.filter((container) => container.pod.uid === sandbox.pod.uid),
    }));
  }

  watch(handler: (event: RuntimeEvent) => void): Running {
    this.#handlers.add(handler);
    return running(() => void this.#handlers.delete(handler));
  }

  async runSandbox(config: SandboxConfig): Promise<Sandbox> {
    const sandbox: Sandbox = {
      id: this.#id(),
      pod: config.pod,
      attempt: config.attempt,
      running: true,
      pid: 1,
      createdAt: this.#clock.now(),
    };
    this.#sandboxes.set(sandbox.id, { sandbox, annotations: config.annotations });
    return sandbox;
  }

  async inspectSandbox(id: string): Promise<Sandbox | undefined> {
    return this.#sandboxes.get(id)?.sandbox;
  }

  async stopSandbox(id: string): Promise<void> {
    for (const { container } of [...this.#containers.values()]) {
      if (container.sandboxId === id) this.#end(container.id, 137);
    }
    const found = this.#sandboxes.get(id);
    if (found?.sandbox.running !== true) return;
    found.sandbox = { ...found.sandbox, running: false, pid: 0 };
    this.#emit({ type: 'died', podUid: found.sandbox.pod.uid, id, sandbox: true });
  }

  async removeSandbox(id: string): Promise<void> {
    await this.stopSandbox(id);
    const found = this.#sandboxes.get(id);
    this.#sandboxes.delete(id);
    if (found !== undefined) this.#emit({ type: 'removed', podUid: found.sandbox.pod.uid, id, sandbox: true });
  }

  async createContainer(sandbox: Sandbox, config: ContainerConfig): Promise<Container> {
    if (!this.#sandboxes.has(sandbox.id)) throw new RuntimeError('notFound', `sandbox ${sandbox.id} is gone`);
    await this.#removeAttempt(config);
    const container = newContainer(this.#id(), { sandboxId: sandbox.id, createdAt: this.#clock.now() }, config);
    this.#containers.set(container.id, { container, cancel: () => undefined });
    return container;
  }

  /** The same start of the same container can only be what is left of an attempt that was broken off. */
  async #removeAttempt({ pod, name, restartCount }: ContainerConfig): Promise<void> {
    for (const { container } of [...this.#containers.values()])
      if (container.pod.uid === pod.uid && container.name === name && container.restartCount === restartCount)
        await this.removeContainer(container.id);
  }

  async startContainer(id: string): Promise<Container> {
    const annotations = this.#sandboxes.get(this.#get(id).container.sandboxId)?.annotations ?? {};
    const wait = Number(annotations[`${prefix}start-ms`] ?? 0);
    if (wait > 0) await delay(this.#clock, wait);
    const entry = this.#get(id);
    const now = this.#clock.now();
    const startError = annotations[`${prefix}start-error`];
    if (startError !== undefined) {
      entry.container = { ...entry.container, state: 'exited', exitCode: 128, startError, finishedAt: now };
      throw new RuntimeError('failed', startError);
    }
    entry.container = { ...entry.container, state: 'running', startedAt: now, pid: 1 };
    this.#emit({ type: 'started', podUid: entry.container.pod.uid, id, sandbox: false });
    const exitAfter = entry.container.kind === 'init' ? '0' : annotations[`${prefix}exit-ms`];
    const exitCode = entry.container.kind === 'init' ? 0 : Number(annotations[`${prefix}exit-code`] ?? 0);
    if (exitAfter !== undefined) entry.cancel = this.#clock.after(Number(exitAfter), () => this.#end(id, exitCode));
    return entry.container;
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    const sandbox = this.#containers.get(id)?.container.sandboxId ?? '';
    const wanted = Number(this.#sandboxes.get(sandbox)?.annotations[`${prefix}stop-ms`] ?? 0);
    if (wanted > 0) await delay(this.#clock, Math.min(wanted, graceMs));
    this.#end(id, wanted > graceMs ? 137 : 0);
  }

  exit(id: string, code: number): void {
    this.#end(id, code);
  }

  async removeContainer(id: string): Promise<void> {
    this.#end(id, 137);
    const found = this.#containers.get(id);
    this.#containers.delete(id);
    if (found !== undefined) this.#emit({ type: 'removed', podUid: found.container.pod.uid, id, sandbox: false });
  }

  async inspectContainer(id: string): Promise<Container | undefined> {
    return this.#containers.get(id)?.container;
  }

  async updateResources(): Promise<void> {
    // Nothing has limits here.
  }

  /** Every command succeeds and says nothing. */
  async exec(): Promise<ProcessSession> {
    return silentSession();
  }

  async attach(): Promise<ProcessSession> {
    return silentSession();
  }

  logFile(): undefined {
    return undefined;
  }

  async logs(): Promise<Readable> {
    return Readable.from([]);
  }

  async stats(): Promise<undefined> {
    return undefined;
  }

  async imageStatus(reference: string): Promise<Image | undefined> {
    if (isMissing(reference) || isEndless(reference)) return undefined;
    return { id: `sim://${reference}`, tags: [reference], digests: [], bytes: 0, user: imageUser };
  }

  async pullImage(reference: string): Promise<void> {
    if (isEndless(reference)) await new Promise(() => undefined);
    if (isMissing(reference)) throw new RuntimeError('notFound', `manifest for ${reference} not found: manifest unknown`);
  }

  async listImages(): Promise<readonly Image[]> {
    return [];
  }

  async diskUse(): Promise<undefined> {
    return undefined;
  }

  async removeImage(): Promise<boolean> {
    return false;
  }

  async mountImage(): Promise<void> {
    // Nothing reads it.
  }

  #id(): string {
    this.#ids += 1;
    return this.#ids.toString(16).padStart(64, '0');
  }

  #get(id: string): SimContainer {
    const found = this.#containers.get(id);
    if (found === undefined) throw new RuntimeError('notFound', `container ${id} is gone`);
    return found;
  }

  #end(id: string, exitCode: number): void {
    const entry = this.#containers.get(id);
    if (entry?.container.state !== 'running') return;
    entry.cancel();
    entry.container = { ...entry.container, state: 'exited', exitCode, finishedAt: this.#clock.now(), pid: 0 };
    this.#emit({ type: 'died', podUid: entry.container.pod.uid, id, sandbox: false });
  }

  #emit(event: RuntimeEvent): void {
    for (const handler of this.#handlers) handler(event);
  }
}

function silentSession(): ProcessSession {
  const empty = (): Readable => Readable.from([]);
  const stdin = new PassThrough();
  stdin.resume();
  return {
    stdin,
    stdout: empty(),
    stderr: empty(),
    resize: async () => undefined,
    exited: Promise.resolve(0),
    close: async () => undefined,
  };
}

/** Every image is there, but for those whose tag says that they are not: so roll-outs can break on simulated nodes, too. */
function isMissing(reference: string): boolean {
  return /:(404|non-existent)$/.test(reference);
}

/** Whoever pulls it waits for ever. */
function isEndless(reference: string): boolean {
  return reference.endsWith(':endless');
}
