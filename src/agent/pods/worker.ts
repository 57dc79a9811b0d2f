/**
 * One worker a pod: a state machine over what the API wants and what the runtime has. `sync` looks at both, starts what is
 * missing as tasks of their own and publishes the status; whatever happens (a change of the pod, an event of the runtime, the
 * end of a task, a timer) only wakes it.
 *
 *   running -> stopping (deleted, deadline) -> gone (nothing is left here)
 *   running -> finished (all containers ended for good; sandbox and network are given back) -> stopping -> gone
 */
import { isReason } from '../../api/errors.ts';
import type { Pod, PodStatus } from '../../api/generated/types.ts';
import { Backoff } from '../../base/backoff.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { PodReferences } from '../references.ts';
import type { PodState, RuntimeEvent } from '../runtimes/runtime.ts';
import { MountFailure } from '../volumes/pod-volumes.ts';
import { ContainerTasks } from './container-tasks.ts';
import type { TaskHost } from './container-tasks.ts';
import { decide } from './decide.ts';
import type { PodDeps } from './deps.ts';
import { PodGround } from './ground.ts';
import { graceMs } from './kill-container.ts';
import { podText } from './model.ts';
import { podEvent } from './pod-events.ts';
import type { ContainerRecord } from './record.ts';
import { type End, podStatus } from './status.ts';
import type { Rejection } from './admission.ts';
import { mergeStatus, terminalPhases } from './status-writer.ts';

type State = 'running' | 'finished' | 'stopping' | 'gone';

export class PodWorker implements TaskHost {
  readonly deps: PodDeps;
  readonly ground: PodGround;
  readonly references: PodReferences;
  readonly #tasks: ContainerTasks;
  readonly #retry: Backoff;
  readonly #onGone: () => void;
  #pod: Pod;
  #state: State = 'running';
  /** The API does not have the pod any more. */
  #absent = false;
  #ended: End | undefined;
  #hurried = false;
  /** Sandbox and volumes are being made, renewed or taken away. */
  #groundBusy = false;
  #refreshDue = false;
  #sandboxLost = false;
  #written: PodStatus | undefined;
  #syncQueued = false;
  #halted = false;
  /** Nothing happens before the node has taken the pod. */
  #admitted = false;
  #rejected = false;
  #timer: { at: number; cancel: () => void } | undefined;

  constructor(deps: PodDeps, pod: Pod, onGone: () => void) {
    this.deps = deps;
    this.#pod = pod;
    this.#onGone = onGone;
    const { uid, namespace = '' } = pod.metadata;
    this.references = deps.references.forPod(namespace, () => this.#referencesChanged());
    this.ground = new PodGround(deps, uid, this.references);
    this.#retry = new Backoff({ initialMs: 500, maxMs: 122_000, factor: 2, clock: deps.clock });
    this.#tasks = new ContainerTasks(this);
    this.#tasks.specify(pod);
  }

  get pod(): Pod {
    return this.#pod;
  }

  get stopping(): boolean {
    return this.#state !== 'running';
  }

  /** What the containers are, for the kubelet API. */
  get records(): readonly ContainerRecord[] {
    return this.#tasks.records;
  }

  /** Whether it takes room on the node; a pod that the API calls over, or has forgotten, does not, whatever is still to be cleared away. */
  get active(): boolean {
    const over = this.#absent || terminalPhases.has(this.#pod.status.phase) || this.#state === 'finished' || this.#state === 'gone';
    return this.#admitted && !this.#rejected && !over;
  }

  /** The node takes the pod: work begins. */
  admit(): void {
    this.#admitted = true;
    this.wake();
  }

  /** The node does not take the pod, which has failed with that. */
  reject({ reason, message }: Rejection): void {
    this.#rejected = true;
    this.#state = 'finished';
    podEvent(this.deps.recorder, this.#pod, ['Warning', reason, message]);
    const { qosClass, startTime = rfc3339(this.deps.clock.now()) } = this.#pod.status;
    const status = {
      phase: 'Failed',
      reason,
      message: `Pod was rejected: ${message}`,
      startTime,
      ...(qosClass === undefined ? {} : { qosClass }),
    };
    this.#run(this.deps.statuses.write(this.#pod, status));
    this.admit();
  }

  /** The node wants to be rid of the pod: it has one second left. `disrupted`: it did nothing wrong itself. */
  evict(message: string, disrupted: boolean): void {
    if (this.stopping) return;
    podEvent(this.deps.recorder, this.#pod, ['Warning', 'Evicted', message]);
    this.#ended = { reason: 'Evicted', message, disrupted };
    this.#hurried = true;
    this.#state = 'stopping';
    this.wake();
  }

  /** Takes over what an earlier agent left of the pod; call it before anything else. */
  async adopt(state: PodState): Promise<void> {
    await this.ground.adopt(state.sandboxes);
    await this.#tasks.adopt(state);
  }

  /** The API has a newer pod. */
  update(pod: Pod): void {
    const labels = this.#pod.metadata.labels !== pod.metadata.labels || this.#pod.metadata.annotations !== pod.metadata.annotations;
    this.#pod = pod;
    this.#refreshDue ||=
      labels && (pod.spec.volumes ?? []).some((volume) => volume.downwardAPI !== undefined || volume.projected !== undefined);
    this.#tasks.specify(pod);
    this.wake();
  }

  /** The API has no such pod any more: everything of it ends and goes. */
  gone(): void {
    this.#absent = true;
    this.wake();
  }

  onRuntimeEvent(event: Exclude<RuntimeEvent, { type: 'resync' }>): void {
    if (!event.sandbox) {
      if (event.type !== 'started') this.#run(this.#tasks.refresh(event.id));
      return;
    }
    if (event.type !== 'started' && this.ground.sandbox?.id === event.id) this.#loseSandbox();
  }

  #loseSandbox(): void {
    this.ground.disconnect();
    this.#sandboxLost = true;
    this.wake();
  }

  /** Compares with the runtime, in case an event was missed. */
  async resync(): Promise<void> {
    const { sandbox } = this.ground;
    if (sandbox !== undefined && (await this.deps.runtime.inspectSandbox(sandbox.id))?.running !== true) this.#loseSandbox();
    await this.#tasks.refreshAll();
    this.wake();
  }

  wake(): void {
    if (!this.#admitted || this.#syncQueued || this.#halted || this.#state === 'gone') return;
    this.#syncQueued = true;
    queueMicrotask(() => {
      this.#syncQueued = false;
      if (!this.#halted && this.#state !== 'gone') this.#sync();
    });
  }

  wakeAfter(ms: number): void {
    const at = this.deps.clock.monotonic() + ms;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const cancel = this.deps.clock.after(ms, () => {
      this.#timer = undefined;
      this.wake();
    });
    this.#timer = { at, cancel };
  }

  /** The agent stops; the containers go on. */
  async halt(): Promise<void> {
    this.#halted = true;
    this.#timer?.cancel();
    this.#tasks.stopProbes();
    await this.references.stop();
  }

  #run(task: Promise<unknown>): void {
    task.catch((error: unknown) => {
      this.deps.logger.warn({ err: error, pod: podText(this.#pod) }, 'a step for a pod failed');
      this.wakeAfter(1000);
    });
  }

  #referencesChanged(): void {
    this.#refreshDue = true;
    this.#tasks.retryConfigErrors();
    this.wake();
  }

  #sync(): void {
    if (this.#absent || this.#pod.metadata.deletionTimestamp !== undefined) this.#state = 'stopping';
    if (this.#state === 'running') this.#checkDeadline();
    if (this.#state === 'running') this.#syncRunning();
    else if (this.#state === 'stopping') this.#syncStopping();
    if (!this.#absent) void this.#publish();
  }

  #checkDeadline(): void {
    const { activeDeadlineSeconds } = this.#pod.spec;
    const started = this.#pod.status.startTime;
    if (activeDeadlineSeconds === undefined || started === undefined) return;
    const left = Date.parse(started) + activeDeadlineSeconds * 1000 - this.deps.clock.now();
    if (left > 0) return this.wakeAfter(left);
    const message = 'Pod was active on the node longer than the specified deadline';
    if (this.#ended === undefined) podEvent(this.deps.recorder, this.#pod, ['Normal', 'DeadlineExceeded', message]);
    this.#ended = { reason: 'DeadlineExceeded', message };
    this.#state = 'stopping';
  }

  #syncRunning(): void {
    const { records } = this.#tasks;
    const over = terminalPhases.has(this.#pod.status.phase);
    const decision = decide(this.#pod, records);
    for (const kill of decision.kill) this.#kill(kill);
    if (decision.finished || over) {
      const running = records.some((record) => record.busy || record.current?.state === 'running');
      if (over && running) this.#state = 'stopping';
      if (!running) this.#finish();
      return;
    }
    if (this.#sandboxLost) return this.#replaceSandbox();
    if (!this.ground.ready) return this.#prepare();
    this.#tasks.resumeProbes();
    for (const spec of decision.start) {
      const record = records.find((candidate) => candidate.spec === spec);
      if (record !== undefined) this.#tasks.start(record);
    }
    this.#tasks.applyResources();
    this.#refreshVolumes();
  }

  #kill(kill: Parameters<ContainerTasks['kill']>[1]): void {
    const record = this.#tasks.records.find((candidate) => candidate.spec === kill.spec);
    if (record !== undefined) this.#tasks.kill(record, kill, graceMs(this.#pod, kill.spec, kill.reason));
  }

  /** Volumes first, then the sandbox: a pod that waits for a volume holds no address. */
  #prepare(): void {
    if (this.#groundBusy) return;
    this.#groundBusy = true;
    const pod = this.#pod;
    const work = async (): Promise<void> => {
      await this.ground.makeVolumes(pod);
      if (this.stopping) return;
      try {
        await this.ground.makeSandbox(pod);
      } catch (error) {
        podEvent(this.deps.recorder, pod, [
          'Warning',
          'FailedCreatePodSandBox',
          `Failed to create pod sandbox: ${error instanceof Error ? error.message : String(error)}`,
        ]);
        throw error;
      }
    };
    void work().then(
      () => {
        this.#retry.reset();
        this.#renewTokens();
        this.#groundDone();
      },
      (error: unknown) => {
        if (error instanceof MountFailure) podEvent(this.deps.recorder, pod, ['Warning', 'FailedMount', error.message]);
        this.deps.logger.debug({ err: error, pod: podText(pod) }, 'the pod could not be prepared');
        this.#groundBusy = false;
        this.deps.clock.after(this.#retry.next(), () => this.wake());
      },
    );
  }

  #groundDone(): void {
    this.#groundBusy = false;
    this.wake();
  }

  #renewTokens(): void {
    const at = this.deps.tokens.renewAt(this.#pod.metadata.uid);
    if (at === undefined) return;
    const left = at - this.deps.clock.now();
    if (left <= 0) this.#refreshDue = true;
    this.wakeAfter(Math.max(left, 1000));
  }

  #refreshVolumes(): void {
    this.#renewTokens();
    if (!this.#refreshDue || this.#groundBusy) return;
    this.#refreshDue = false;
    this.#groundBusy = true;
    const { recorder } = this.deps;
    void this.ground.refreshVolumes(this.#pod).then(
      () => this.#groundDone(),
      (error: unknown) => {
        if (error instanceof MountFailure) podEvent(recorder, this.#pod, ['Warning', 'FailedMount', error.message]);
        this.#groundDone();
      },
    );
  }

  /** Containers of a dead sandbox end with it; the next step makes a new one. */
  #replaceSandbox(): void {
    if (this.#groundBusy) return;
    this.#groundBusy = true;
    this.#sandboxLost = false;
    podEvent(this.deps.recorder, this.#pod, ['Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.']);
    const work = async (): Promise<void> => {
      const { runtime } = this.deps;
      const running = this.#tasks.records.flatMap(({ current }) => (current?.state === 'running' ? [current.id] : []));
      await Promise.all(running.map((id) => runtime.stopContainer(id, 2000)));
      await this.#tasks.refreshAll();
      await this.ground.lose();
    };
    this.#run(work().finally(() => this.#groundDone()));
  }

  /** All containers have ended for good: what is kept is their logs and the volumes. */
  #finish(): void {
    this.#state = 'finished';
    this.#run(this.ground.release());
  }

  #syncStopping(): void {
    const { records } = this.#tasks;
    const alive = records.filter((record) => record.current?.state === 'running');
    const busy = records.some((record) => record.busy);
    const first = alive.filter((record) => record.spec.role !== 'sidecar');
    // Sidecars end last, in the reverse order of their start.
    const next = first.length > 0 ? first : alive.slice(-1);
    for (const record of next) {
      if (record.busy || record.current === undefined) continue;
      const { spec, current } = record;
      this.#tasks.kill(
        record,
        { spec, container: current, message: '', reason: 'finished' },
        this.#absent || this.#hurried ? 1000 : graceMs(this.#pod, spec, 'finished'),
      );
    }
    if (alive.length > 0 || busy || this.#groundBusy) return;
    if (!this.#absent && this.#pod.metadata.deletionTimestamp === undefined) return this.#finish();
    this.#groundBusy = true;
    this.#run(this.#leave());
  }

  /** The last steps of a deleted pod: its final status, then everything on the machine, then the object. */
  async #leave(): Promise<void> {
    try {
      const written = this.#absent ? undefined : this.#publish();
      await Promise.all([this.#tasks.removeAll(), this.ground.remove(this.#pod)]);
      await written;
      if (!this.#absent) await this.#deleteObject();
      this.deps.tokens.forget(this.#pod.metadata.uid);
      this.deps.images.forget(this.#pod.metadata.uid);
      this.#state = 'gone';
      await this.halt();
      this.#onGone();
    } finally {
      this.#groundBusy = false;
    }
  }

  async #deleteObject(): Promise<void> {
    const { namespace = '', name, uid } = this.#pod.metadata;
    try {
      await this.deps.client.resource(refs.pods).delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  #publish(): Promise<void> {
    if (this.#rejected) return Promise.resolve();
    const { records } = this.#tasks;
    const pod = this.#written === undefined ? this.#pod : { ...this.#pod, status: mergeStatus(this.#pod.status, this.#written) };
    const quiet = !records.some((record) => record.busy || record.current?.state === 'running');
    const status = podStatus({
      pod,
      views: records,
      podIPs: this.ground.podIPs,
      hostIPs: this.deps.hostIPs,
      sandboxReady: this.ground.ready,
      scheme: this.deps.runtime.scheme,
      now: this.deps.clock.now(),
      ended: this.#ended,
      terminal: this.stopping && quiet,
      message: (container) => this.#tasks.message(container),
    });
    this.#written = status;
    return this.deps.statuses.write(this.#pod, status);
  }
}
