/** Works on a pod's ground, one at a time: making it, bringing volumes up to date, taking it away. */
import { Backoff } from '../../base/backoff.ts';
import { MountFailure } from '../volumes/pod-volumes.ts';
import type { TaskHost } from './container-tasks.ts';
import { podText } from './model.ts';
import { podEvent } from './pod-events.ts';

export class GroundWork {
  readonly #host: TaskHost;
  readonly #retry: Backoff;
  /** After other steps that failed. */
  readonly #again: Backoff;
  #busy = false;
  #refreshDue = false;
  /** Nothing is prepared before this. */
  #notBefore = 0;

  constructor(host: TaskHost) {
    this.#host = host;
    // As upstream waits between tries to mount.
    this.#retry = new Backoff({ initialMs: 500, maxMs: 122_000, factor: 2, clock: host.deps.clock });
    this.#again = new Backoff({ initialMs: 1000, maxMs: 30_000, factor: 2, clock: host.deps.clock });
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Runs `work` unless another one runs; the pod is woken at its end, or a while later if it failed. Tells whether it was begun. */
  run(work: () => Promise<void>): boolean {
    if (this.#busy) return false;
    this.#busy = true;
    work().then(
      () => {
        this.#again.reset();
        this.#busy = false;
        this.#host.wake();
      },
      (error: unknown) => {
        this.#host.deps.logger.warn({ err: error, pod: podText(this.#host.pod) }, 'a step for a pod failed');
        this.#busy = false;
        this.#host.wakeAfter(this.#again.next());
      },
    );
    return true;
  }

  /** What volumes are made of has changed. */
  refreshSoon(): void {
    this.#refreshDue = true;
    this.#notBefore = 0;
  }

  /** Volumes first, then the sandbox: a pod that waits for a volume holds no address. `limit` runs as soon as there is a sandbox. */
  prepare(limit: () => Promise<void>): void {
    const { clock } = this.#host.deps;
    const wait = this.#notBefore - clock.now();
    if (wait > 0) return this.#host.wakeAfter(wait);
    this.run(async () => {
      try {
        await this.#make(limit);
        this.#retry.reset();
        this.#renewTokens();
      } catch (error) {
        this.#tell(error);
        this.#notBefore = clock.now() + this.#retry.next();
      }
    });
  }

  async #make(limit: () => Promise<void>): Promise<void> {
    const { ground, pod, deps } = this.#host;
    await ground.makeVolumes(pod);
    if (this.#host.stopping) return;
    try {
      await ground.makeSandbox(pod, limit);
    } catch (error) {
      const message = `Failed to create pod sandbox: ${error instanceof Error ? error.message : String(error)}`;
      podEvent(deps.recorder, pod, ['Warning', 'FailedCreatePodSandBox', message]);
      throw error;
    }
  }

  #tell(error: unknown): void {
    const { deps, pod } = this.#host;
    if (error instanceof MountFailure) podEvent(deps.recorder, pod, ['Warning', 'FailedMount', error.message]);
    deps.logger.debug({ err: error, pod: podText(pod) }, 'the pod could not be prepared');
  }

  #renewTokens(): void {
    const { deps, pod } = this.#host;
    const at = deps.tokens.renewAt(pod.metadata.uid);
    if (at === undefined) return;
    const left = at - deps.clock.now();
    if (left <= 0) this.#refreshDue = true;
    this.#host.wakeAfter(Math.max(left, 1000));
  }

  /** Brings volumes up to date when that is due: an object has changed, a token grows old. */
  refresh(): void {
    this.#renewTokens();
    if (!this.#refreshDue || this.#busy) return;
    this.#refreshDue = false;
    const { ground, pod, deps } = this.#host;
    this.run(async () => {
      try {
        await ground.refreshVolumes(pod);
        this.#retry.reset();
      } catch (error) {
        this.#tell(error);
        deps.clock.after(this.#retry.next(), () => {
          this.#refreshDue = true;
          this.#host.wake();
        });
      }
    });
  }
}
