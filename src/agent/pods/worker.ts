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
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { PodReferences } from '../references.ts';
import type { PodState, RuntimeEvent } from '../runtimes/runtime.ts';
import { type Allocation, allocationOf, reportedAllocation, resizeMessage, withAllocation } from './allocation.ts';
import { ContainerTasks } from './container-tasks.ts';
import type { TaskHost } from './container-tasks.ts';
import { decide, outlivesSandbox } from './decide.ts';
import type { PodDeps } from './deps.ts';
import { GroundWork } from './ground-work.ts';
import { PodGround } from './ground.ts';
import { graceMs } from './kill-container.ts';
import { type ContainerSpec, podText, restartingAll, wantsAllRestarted } from './model.ts';
import type { Resizing } from './pending-resizes.ts';
import { PodResizer } from './resizer.ts';
import { ResizeState } from './resize-state.ts';
import { podEvent } from './pod-events.ts';
import type { ContainerRecord } from './record.ts';
import { type End, podStatus } from './status.ts';
import type { Rejection } from './admission.ts';
import { mergeStatus, terminalPhases } from './status-writer.ts';

type State = 'running' | 'finished' | 'stopping' | 'gone';

/** What a worker tells the node. */
export interface WorkerEvents {
  /** Nothing of the pod is left here. */
  gone(): void;
  /** The pod asks for other resources, or leaves some to others. */
  resourcesChanged(): void;
}

export class PodWorker implements TaskHost, Resizing {
  readonly deps: PodDeps;
  readonly ground: PodGround;
  readonly references: PodReferences;
  readonly #tasks: ContainerTasks;
  readonly #work: GroundWork;
  readonly #events: WorkerEvents;
  readonly #resizer: PodResizer;
  readonly #resize: ResizeState;
  /** As the API wants it. */
  #wanted: Pod;
  #allocation: Allocation;
  /** With the resources that the node has given. */
  #pod: Pod;
  #state: State = 'running';
  /** The API does not have the pod any more. */
  #absent = false;
  /** It is nobody's haste that ends it. */
  #retired = false;
  #ended: End | undefined;
  #hurried = false;
  /** No container gets longer than this. */
  #graceLimitMs = Infinity;
  readonly #onEnded: (() => void)[] = [];
  #sandboxLost = false;
  /** All containers go, to begin anew. */
  #restartingAll = false;
  #written: PodStatus | undefined;
  #observedGeneration: number | undefined;
  #syncQueued = false;
  #halted = false;
  /** Nothing happens before the node has taken the pod. */
  #admitted = false;
  #rejected = false;
  #timer: { at: number; cancel: () => void } | undefined;

  constructor(deps: PodDeps, pod: Pod, events: WorkerEvents) {
    this.deps = deps;
    this.#wanted = pod;
    this.#allocation = reportedAllocation(pod);
    this.#pod = withAllocation(pod, this.#allocation);
    this.#resize = new ResizeState(pod);
    this.#events = events;
    const { uid, namespace = '' } = pod.metadata;
    this.references = deps.references.forPod(namespace, () => this.#referencesChanged());
    this.ground = new PodGround(deps, uid, this.references);
    this.#work = new GroundWork(this);
    this.#tasks = new ContainerTasks(this);
    this.#tasks.specify(this.#pod);
    this.#resizer = new PodResizer(this);
  }

  get wanted(): Pod {
    return this.#wanted;
  }

  get pod(): Pod {
    return this.#pod;
  }

  get stopping(): boolean {
    return this.#state !== 'running' || this.#restartingAll || this.#halted;
  }

  get resizeWaits(): boolean {
    return this.active && this.#state === 'running' && this.#pod !== this.#wanted;
  }

  get resizePendingSince(): string | undefined {
    return this.#resize.pendingSince;
  }

  settleResize(rejection: Rejection | undefined): void {
    const { clock, recorder } = this.deps;
    const pod = this.#wanted;
    if (rejection === undefined) {
      this.#allocate(pod);
      this.#resize.accept(pod, clock.now());
      podEvent(recorder, pod, ['Normal', 'ResizeStarted', resizeMessage('Pod resize started', pod)]);
    } else if (this.#resize.defer(pod, 'Deferred', rejection.message, clock.now())) {
      const message = resizeMessage(`Pod resize ${rejection.reason}`, pod, rejection.message);
      podEvent(recorder, pod, ['Warning', 'ResizeDeferred', message]);
    }
    this.wake();
  }

  #allocate(pod: Pod): void {
    this.#allocation = allocationOf(pod);
    this.#pod = pod;
    this.#tasks.specify(pod);
  }

  resizeFailed(message: string): void {
    const { clock, recorder } = this.deps;
    const { news } = this.#resize.fail(this.#pod, message, clock.now());
    if (news) podEvent(recorder, this.#pod, ['Warning', 'ResizeError', resizeMessage('Pod resize error', this.#pod, message)]);
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
    // Containers without what they stood on: the machine has started again, or somebody took it away.
    const begun = this.#tasks.records.some((record) => record.current !== undefined);
    if (begun && this.ground.sandbox === undefined) this.#sandboxLost = true;
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

  /** The node wants to be rid of the pod, which has one second left, or `graceMs`. `disrupted`: it did nothing wrong itself. */
  evict(message: string, disrupted: boolean, graceMs = 0): void {
    if (this.stopping) return;
    podEvent(this.deps.recorder, this.#pod, ['Warning', 'Evicted', message]);
    this.#ended = { reason: 'Evicted', message, disrupted };
    if (graceMs > 0) this.#graceLimitMs = graceMs;
    else this.#hurried = true;
    this.#state = 'stopping';
    this.wake();
  }

  /** The machine goes down: resolves when the pod's containers have ended and its status says so. */
  shutDown(message: string, graceMs: number): Promise<void> {
    if (!this.stopping) {
      this.#ended = { reason: 'Terminated', message, disrupted: true };
      this.#graceLimitMs = graceMs;
      this.#state = 'stopping';
    }
    const ended = new Promise<void>((resolve) => this.#onEnded.push(resolve));
    this.wake();
    return ended;
  }

  /** Takes over what an earlier agent left of the pod; call it before anything else. */
  async adopt(state: PodState): Promise<void> {
    await this.ground.adopt(state.sandboxes);
    await this.#tasks.adopt(state);
  }

  /** The API has a newer pod. */
  update(pod: Pod): void {
    const labels = this.#pod.metadata.labels !== pod.metadata.labels || this.#pod.metadata.annotations !== pod.metadata.annotations;
    this.#wanted = pod;
    this.#pod = withAllocation(pod, this.#allocation);
    if (labels && (pod.spec.volumes ?? []).some((volume) => volume.downwardAPI !== undefined || volume.projected !== undefined))
      this.#work.refreshSoon();
    this.#tasks.specify(this.#pod);
    if (this.#pod === pod) this.#resize.settled();
    else this.#events.resourcesChanged();
    this.wake();
  }

  /** The API has no such pod any more: everything of it ends and goes. */
  gone(): void {
    this.#absent = true;
    this.wake();
  }

  /** Nobody asks for the pod any more: it ends as a deleted one, with the time it was promised. */
  retire(): void {
    this.#retired = true;
    this.gone();
  }

  onRuntimeEvent(event: Exclude<RuntimeEvent, { type: 'resync' }>): void {
    if (!event.sandbox) {
      if (event.type === 'died') this.#run(this.#tasks.refreshEnded(event.id));
      else if (event.type === 'removed') this.#run(this.#tasks.refresh(event.id));
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
      if (!this.#halted && this.#state !== 'gone') this.#trySync();
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
    task.catch((error: unknown) => this.#stepFailed(error));
  }

  #stepFailed(error: unknown): void {
    this.deps.logger.warn({ err: error, pod: podText(this.#pod) }, 'a step for a pod failed');
    this.wakeAfter(1000);
  }

  #referencesChanged(): void {
    this.#work.refreshSoon();
    this.#tasks.retryConfigErrors();
    this.wake();
  }

  /** What goes wrong with one pod is that pod's trouble. */
  #trySync(): void {
    const began = this.deps.clock.monotonic();
    const operation = this.#written === undefined ? 'create' : 'sync';
    try {
      this.#sync();
    } catch (error) {
      this.#stepFailed(error);
    }
    this.deps.metrics.synced(operation, began);
  }

  #sync(): void {
    if (this.#absent || this.#pod.metadata.deletionTimestamp !== undefined) this.#state = 'stopping';
    if (this.#state === 'running') this.#checkDeadline();
    if (this.#state === 'running') this.#syncRunning();
    else if (this.#state === 'stopping') this.#syncStopping();
    const written = this.#absent ? Promise.resolve() : this.#publish();
    if (this.#state !== 'running' && this.#state !== 'stopping')
      void written.finally(() => this.#onEnded.splice(0).forEach((tell) => tell()));
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
    if (this.#restartingAll) return this.#restartAll();
    const decision = decide(this.#pod, records);
    for (const kill of decision.kill) this.#kill(kill);
    if (decision.finished || over) {
      const running = records.some((record) => record.busy || record.current?.state === 'running');
      if (over && running) this.#state = 'stopping';
      if (!running) this.#finish();
      return;
    }
    if (wantsAllRestarted(records)) return this.#restartAll();
    if (this.#sandboxLost) return this.#replaceSandbox();
    if (!this.ground.ready) return this.#work.prepare(() => this.#resizer.limitPod());
    this.#tasks.resumeProbes();
    for (const spec of decision.start) {
      const record = records.find((candidate) => candidate.spec === spec);
      if (record !== undefined) this.#tasks.start(record);
    }
    this.#followResize();
    this.#work.refresh();
  }

  #followResize(): void {
    const { records } = this.#tasks;
    this.#resizer.apply(records);
    if (this.#resizer.inProgress(records)) return this.#resize.begin(this.#pod, this.deps.clock.now());
    if (this.#resize.complete() === undefined) return;
    podEvent(this.deps.recorder, this.#pod, ['Normal', 'ResizeCompleted', resizeMessage('Pod resize completed', this.#pod)]);
    this.#events.resourcesChanged();
  }

  /** A rule of a container asks for it: all of them end at once and go, then the pod begins anew in its sandbox. */
  #restartAll(): void {
    this.#restartingAll = true;
    this.#tasks.breakOffStarts();
    const { records } = this.#tasks;
    const alive = records.filter((record) => record.spec.role !== 'ephemeral' && record.current?.state === 'running');
    for (const record of alive) {
      const { spec, current } = record;
      if (!record.busy && current !== undefined)
        this.#tasks.kill(record, { spec, container: current, message: 'killing', reason: 'finished' }, 0);
    }
    if (alive.length > 0 || records.some((record) => record.busy)) return;
    this.#work.run(async () => {
      await this.#tasks.removeAll(records.filter((record) => record.spec.role !== 'ephemeral'));
      this.#tasks.forgetAll({ reason: restartingAll, message: 'The container is removed because RestartAllContainers in place' });
      this.#restartingAll = false;
    });
  }

  #kill(kill: Parameters<ContainerTasks['kill']>[1]): void {
    const record = this.#tasks.records.find((candidate) => candidate.spec === kill.spec);
    if (record !== undefined) this.#tasks.kill(record, kill, graceMs(this.#pod, kill.spec, kill.reason));
  }

  /** Containers of a dead sandbox end with it; the next step makes a new one, and the pod begins anew. */
  #replaceSandbox(): void {
    if (this.#work.busy) return;
    const { records } = this.#tasks;
    if (!outlivesSandbox(this.#pod, records)) {
      this.#state = 'stopping';
      return this.wake();
    }
    this.#sandboxLost = false;
    if (this.ground.hadSandbox)
      podEvent(this.deps.recorder, this.#pod, ['Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.']);
    this.#work.run(async () => {
      const { runtime } = this.deps;
      const running = records.flatMap(({ current }) => (current?.state === 'running' ? [current.id] : []));
      await Promise.all(running.map((id) => runtime.stopContainer(id, 2000)));
      await this.#tasks.refreshAll();
      await this.ground.lose();
      this.#tasks.forgetAll();
    });
  }

  /** All containers have ended for good: what is kept is their logs and the volumes. */
  #finish(): void {
    this.#state = 'finished';
    this.#events.resourcesChanged();
    this.#run(this.ground.release());
  }

  #syncStopping(): void {
    const { records } = this.#tasks;
    const alive = records.filter((record) => record.current?.state === 'running');
    const busy = records.some((record) => record.busy);
    this.#tasks.breakOffStarts();
    for (const record of alive) {
      const { spec, current, busy } = record;
      const grace = this.#graceLeft(spec);
      if (busy) record.grace?.shorten(grace);
      else if (current !== undefined) this.#tasks.kill(record, { spec, container: current, message: '', reason: 'finished' }, grace);
    }
    if (alive.length > 0 || busy || this.#work.busy) return;
    if (!this.#absent && this.#pod.metadata.deletionTimestamp === undefined) return this.#finish();
    this.#work.run(() => this.#leave());
  }

  #graceLeft(spec: ContainerSpec): number {
    if ((this.#absent && !this.#retired) || this.#hurried) return 1000;
    return Math.min(graceMs(this.#pod, spec, 'finished'), this.#graceLimitMs);
  }

  /** The last steps of a deleted pod: its final status, then everything on the machine, then the object. */
  async #leave(): Promise<void> {
    const written = this.#absent ? undefined : this.#publish();
    this.#tasks.removeLater();
    await this.ground.remove(this.#pod);
    await written;
    if (!this.#absent) await this.#deleteObject();
    this.deps.tokens.forget(this.#pod.metadata.uid);
    this.deps.images.forget(this.#pod.metadata.uid);
    this.#state = 'gone';
    await this.halt();
    this.#events.gone();
  }

  async #deleteObject(): Promise<void> {
    const { namespace = '', name, uid } = this.#pod.metadata;
    try {
      await this.deps.client.resource(refs.pods).delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      if (!isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error;
    }
  }

  /** Nobody has looked at a specification whose resources nobody has decided about. */
  #observed(): Pod {
    const { generation } = this.#wanted.metadata;
    const undecided = this.#pod !== this.#wanted && this.#resize.pendingGeneration !== generation;
    if (!undecided || this.#observedGeneration === undefined) {
      this.#observedGeneration = generation;
      return this.#pod;
    }
    return { ...this.#pod, metadata: { ...this.#pod.metadata, generation: this.#observedGeneration } };
  }

  #publish(): Promise<void> {
    if (this.#rejected) return Promise.resolve();
    const { records } = this.#tasks;
    const seen = this.#observed();
    const pod = this.#written === undefined ? seen : { ...seen, status: mergeStatus(seen.status, this.#written) };
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
      resize: this.#resize.conditions,
      restartingAll: this.#restartingAll || wantsAllRestarted(records),
      terminal: this.#state !== 'running' && quiet,
      message: (container) => this.#tasks.message(container),
    });
    this.deps.metrics.published(pod, status, pod.status);
    this.#written = status;
    return this.deps.statuses.write(this.#pod, status);
  }
}
