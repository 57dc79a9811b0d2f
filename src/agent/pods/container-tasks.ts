/** The containers of one pod: starts and ends them, follows their probes, keeps what the runtime says of them. */
import type { Pod } from '../../api/generated/types.ts';
import { probeKinds, startContainerProbes } from '../probes/container-probes.ts';
import type { PodReferences } from '../references.ts';
import type { Container, PodState } from '../runtimes/runtime.ts';
import { terminationMessage } from './container-config.ts';
import type { Kill } from './decide.ts';
import type { PodDeps } from './deps.ts';
import type { PodGround } from './ground.ts';
import { Grace } from './grace.ts';
import { killContainer } from './kill-container.ts';
import { containerSpecs, podText, restarts } from './model.ts';
import { containerEvent, probeEvent } from './pod-events.ts';
import { ContainerRecord } from './record.ts';
import { containerOfStatus, reportedStatuses, unknownEnd } from './reported.ts';
import { startContainer, StartFailure } from './start-container.ts';
import { Turns } from './turns.ts';

export interface TaskHost {
  readonly deps: PodDeps;
  readonly ground: PodGround;
  readonly references: PodReferences;
  readonly pod: Pod;
  /** No container may be started any more. */
  readonly stopping: boolean;
  /** A change of resources could not be made, which will be tried again. */
  resizeFailed(message: string): void;
  wake(): void;
  /** Wakes when `ms` have passed. */
  wakeAfter(ms: number): void;
}

export class ContainerTasks {
  readonly #host: TaskHost;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #messages = new Map<string, string>();
  readonly #turns = new Turns();
  /** Containers whose end is being looked at. */
  readonly #ends = new Map<string, Promise<void>>();

  constructor(host: TaskHost) {
    this.#host = host;
  }

  /** In the order of the specification. */
  get records(): readonly ContainerRecord[] {
    return [...this.#records.values()];
  }

  message(container: Container): string {
    return this.#messages.get(container.id) ?? '';
  }

  /** Follows the specification: images may change, ephemeral containers come. */
  specify(pod: Pod): void {
    for (const spec of containerSpecs(pod)) {
      const known = this.#records.get(spec.container.name);
      if (known !== undefined) known.spec = spec;
      else this.#records.set(spec.container.name, this.#newRecord(pod, new ContainerRecord(spec, this.#host.deps.clock)));
    }
  }

  /** What the API knows of a container goes before the agent's ignorance. */
  #newRecord(pod: Pod, record: ContainerRecord): ContainerRecord {
    const reported = reportedStatuses(pod).find((candidate) => candidate.name === record.name);
    if (reported?.containerID === undefined) return record;
    record.earlierRestarts = reported.restartCount + 1;
    const known = containerOfStatus(pod, record.spec, reported);
    // What nobody saw end is started again, unless the pod is over with it.
    if (known?.end !== undefined && restarts(pod, record.spec, known.exitCode)) record.previous = known;
    else record.current = known;
    return record;
  }

  /** Takes over containers that an earlier agent left; of each the two newest are kept. */
  async adopt(state: PodState): Promise<void> {
    const { runtime } = this.#host.deps;
    for (const { name } of state.containers) {
      const record = this.#records.get(name);
      if (record !== undefined) [record.current, record.previous] = [undefined, undefined];
    }
    const seen = new Map<string, number>();
    for (const container of state.containers) {
      const record = this.#records.get(container.name);
      const place = seen.get(container.name) ?? 0;
      seen.set(container.name, place + 1);
      if (record === undefined || place > 1) await runtime.removeContainer(container.id);
      else await this.#keep(record, container, place === 0);
    }
  }

  async #keep(record: ContainerRecord, container: Container, newest: boolean): Promise<void> {
    if (container.state === 'exited') await this.#readMessage(record, container);
    if (!newest) {
      record.previous = container;
      return;
    }
    record.current = container;
    record.restartDue = false;
    if (container.state !== 'running') return;
    const reported = reportedStatuses(this.#host.pod).find((candidate) => candidate.containerID?.endsWith(container.id) === true);
    record.started = record.spec.container.startupProbe === undefined || reported?.started === true;
    record.ready = record.spec.container.readinessProbe === undefined ? record.started : reported?.ready === true;
    record.actuated = reported?.resources ?? record.spec.container.resources ?? {};
  }

  /** Probes of adopted containers; they need the pod's address. */
  resumeProbes(): void {
    for (const record of this.#records.values())
      if (record.current?.state === 'running' && record.probes === undefined) this.#startProbes(record, record.current);
  }

  has(id: string): boolean {
    return this.#find(id) !== undefined;
  }

  #find(id: string): ContainerRecord | undefined {
    return this.records.find((record) => record.current?.id === id);
  }

  /** A container has ended: looks at it once, whoever tells. */
  refreshEnded(id: string): Promise<void> {
    const looking = this.#ends.get(id) ?? this.refresh(id).finally(() => this.#ends.delete(id));
    this.#ends.set(id, looking);
    return looking;
  }

  /** Something happened to a container: looks at it again. What has ended stays as it is. */
  async refresh(id: string): Promise<void> {
    const known = this.#find(id)?.current;
    if (known === undefined || known.state === 'exited') return;
    const container = await this.#host.deps.runtime.inspectContainer(id);
    const record = this.#find(id);
    if (record !== undefined) await this.#note(record, container);
  }

  async refreshAll(): Promise<void> {
    await Promise.all(this.records.flatMap((record) => (record.current === undefined ? [] : [this.refresh(record.current.id)])));
  }

  /** Takes over the newest state; a container that has ended does not come back to life. */
  async #note(record: ContainerRecord, container: Container | undefined): Promise<void> {
    const { current } = record;
    if (current === undefined) return;
    if (container === undefined) {
      // Removed behind our back: what was known of it is all there is.
      if (current.state === 'exited') return;
      const { stopping, deps, pod } = this.#host;
      if (stopping || !restarts(pod, record.spec, 137))
        record.current = { ...current, state: 'exited', exitCode: 137, finishedAt: deps.clock.now(), end: unknownEnd('terminated') };
      else record.forgetCurrent(unknownEnd('deleted'));
    } else {
      if (current.state === 'exited' || current.state === container.state) return;
      if (container.state === 'exited') await this.#readMessage(record, container);
      record.current = current.user === undefined ? container : { ...container, user: current.user };
    }
    if (record.current?.state === 'exited') {
      record.stopProbes();
      record.ready = false;
      record.started = false;
    }
    this.#turns.check();
    this.#host.wake();
  }

  async #readMessage(record: ContainerRecord, container: Container): Promise<void> {
    const text = await terminationMessage(this.#host.deps, record.spec, container);
    if (text !== '') this.#messages.set(container.id, text);
  }

  /** Starts the container unless it has to wait; the task wakes the pod at its end. */
  start(record: ContainerRecord): void {
    if (record.busy || !this.#mayStart(record)) return;
    const { sandbox, podIPs, volumes, podDir } = this.#host.ground;
    if (sandbox === undefined) return;
    record.busy = true;
    record.starting = new AbortController();
    const { deps, references, pod } = this.#host;
    const target = record.spec.target === '' ? undefined : this.#records.get(record.spec.target)?.current?.id;
    const task = startContainer({
      deps,
      pod,
      spec: record.spec,
      attempt: record.nextAttempt,
      podDir,
      sandbox,
      podIPs,
      volumes,
      references,
      targetId: target,
      cancelled: () => this.#host.stopping,
      signal: record.starting.signal,
      created: (container) => this.#created(record, container),
      started: (container) => this.#started(record, container),
    });
    void task.then(
      () => this.#end(record),
      (error: unknown) => this.#startFailed(record, error),
    );
  }

  /** After a crash a container waits, longer each time. */
  #mayStart(record: ContainerRecord): boolean {
    const { clock, recorder } = this.#host.deps;
    const { current, backoff } = record;
    const wait = record.retryAt - clock.now();
    if (wait > 0) {
      this.#host.wakeAfter(wait);
      return false;
    }
    if (current?.state !== 'exited' || record.restartDue) return true;
    const left = backoff.remaining(current.finishedAt);
    if (left === 0) {
      backoff.next(current.finishedAt);
      return true;
    }
    const name = podText(this.#host.pod);
    if (record.waiting?.reason !== 'CrashLoopBackOff') {
      containerEvent(recorder, { pod: this.#host.pod, spec: record.spec }, [
        'Warning',
        'BackOff',
        `Back-off restarting failed container ${record.name} in pod ${name}`,
      ]);
    }
    record.waiting = {
      reason: 'CrashLoopBackOff',
      message: `back-off ${goDuration(backoff.wait)} restarting failed container=${record.name} pod=${name}`,
    };
    this.#host.wakeAfter(left);
    return false;
  }

  #created(record: ContainerRecord, container: Container): void {
    if (record.current !== undefined && record.current.id !== container.id && record.current.state === 'exited') {
      if (record.previous !== undefined) void this.#host.deps.runtime.removeContainer(record.previous.id).catch(() => undefined);
      this.#messages.delete(record.previous?.id ?? '');
      record.previous = record.current;
    }
    record.current = container;
    record.failedProbe = undefined;
    record.started = false;
    record.ready = false;
    record.restartDue = false;
    record.actuated = record.spec.container.resources ?? {};
  }

  async #started(record: ContainerRecord, container: Container): Promise<void> {
    if (record.current?.id !== container.id || record.current.state === 'exited') return;
    if (container.state !== 'running') return this.#note(record, container);
    record.current = container;
    record.waiting = undefined;
    record.retryAt = 0;
    const { startupProbe, readinessProbe } = record.spec.container;
    record.started = startupProbe === undefined;
    record.ready = startupProbe === undefined && readinessProbe === undefined;
    this.#startProbes(record, container);
  }

  #startProbes(record: ContainerRecord, container: Container): void {
    const { deps, ground, pod } = this.#host;
    record.stopProbes();
    record.probes = startContainerProbes({
      target: { runtime: deps.runtime, containerId: container.id, container: record.spec.container, podIP: ground.podIPs[0] ?? '' },
      startedAt: container.startedAt,
      clock: deps.clock,
      alreadyStarted: record.started,
      tried: (kind, result, seconds) => {
        deps.probeMetrics.note({ pod, container: record.name, kind }, result, seconds);
        const event = probeEvent(kind, result);
        if (event !== undefined) containerEvent(deps.recorder, { pod, spec: record.spec }, event);
      },
      result: (kind, ok) => {
        if (kind === 'readiness') record.ready = ok;
        else if (!ok) record.failedProbe = kind;
        else if (kind === 'startup') {
          record.started = true;
          record.ready = record.spec.container.readinessProbe === undefined;
        }
        this.#host.wake();
      },
    });
  }

  /** No start waits any longer for an image or a hook. */
  breakOffStarts(): void {
    for (const { starting } of this.#records.values()) starting?.abort();
  }

  #end(record: ContainerRecord): void {
    record.busy = false;
    record.starting = undefined;
    record.grace = undefined;
    this.#turns.check();
    this.#host.wake();
  }

  #startFailed(record: ContainerRecord, error: unknown): void {
    const { clock, logger } = this.#host.deps;
    const failure = error instanceof StartFailure ? error : undefined;
    if (failure === undefined) logger.error({ err: error, container: record.name }, 'a container could not be started');
    record.waiting = failure?.waiting ?? { reason: 'CreateContainerError', message: String(error) };
    const wait = failure?.retryMs ?? 10_000;
    record.retryAt = clock.now() + wait;
    // A container that will not be tried again has ended, it does not wait.
    if (record.current?.state === 'exited' && !restarts(this.#host.pod, record.spec, record.current.exitCode)) record.waiting = undefined;
    this.#end(record);
  }

  /** What waits for a ConfigMap or Secret need not wait longer. */
  retryConfigErrors(): void {
    for (const record of this.#records.values()) if (record.waiting?.reason === 'CreateContainerConfigError') record.retryAt = 0;
  }

  /** Ends a container; the task wakes the pod when it has ended. A sidecar waits for those that end before it. */
  kill(record: ContainerRecord, kill: Kill, graceMs: number): void {
    record.busy = true;
    if (kill.reason !== 'finished') record.failedProbe = undefined;
    if (kill.reason === 'changed') record.backoff.reset();
    record.restartDue = kill.reason === 'changed' || kill.reason === 'resize';
    record.probes?.endLiveness();
    const { deps, pod, ground } = this.#host;
    record.grace = new Grace(deps.clock, graceMs);
    const turn = kill.reason === 'finished' && record.spec.role === 'sidecar' ? this.#turnOf(record) : undefined;
    const task = killContainer({ deps, pod, kill, grace: record.grace, turn, podIP: ground.podIPs[0] ?? '' });
    const { id } = kill.container;
    void task
      .then(
        () => this.refreshEnded(id),
        (error: unknown) => {
          // An agent that stops lets go of Docker in the middle of things; the next one goes on.
          if (!this.#host.stopping) deps.logger.warn({ err: error, container: record.name }, 'a container could not be stopped');
          return this.refresh(id);
        },
      )
      .catch(() => undefined)
      .then(() => this.#end(record));
  }

  /** Sidecars end last, in the reverse order of their start (kuberuntime_termination_order.go). */
  #turnOf(record: ContainerRecord): Promise<void> {
    const { records } = this;
    const at = records.indexOf(record);
    const before = records.filter(({ spec }, place) => spec.role === 'main' || (spec.role === 'sidecar' && place > at));
    return this.#turns.until(() => before.every(({ current }) => current?.state !== 'running'));
  }

  async removeAll(records: readonly ContainerRecord[]): Promise<void> {
    const { runtime } = this.#host.deps;
    await Promise.all(idsOf(records).map((id) => runtime.removeContainer(id)));
  }

  /** Nobody will ask for the dead containers any more. */
  removeLater(): void {
    const { runtime, leftovers } = this.#host.deps;
    for (const id of idsOf(this.records)) leftovers.add(() => runtime.removeContainer(id));
  }

  /** All containers belong to the past: the pod begins anew. */
  forgetAll(end?: Container['end']): void {
    for (const record of this.#records.values()) if (record.spec.role !== 'ephemeral') record.forgetCurrent(end);
  }

  stopProbes(): void {
    const { deps, pod } = this.#host;
    for (const record of this.#records.values()) {
      record.stopProbes();
      for (const kind of probeKinds) deps.probeMetrics.forget({ pod, container: record.name, kind });
    }
  }
}

function idsOf(records: readonly ContainerRecord[]): string[] {
  return records.flatMap((record) => [record.current?.id, record.previous?.id]).filter((id) => id !== undefined);
}

/** As Go prints a duration of whole seconds: 10s, 1m20s, 5m0s. */
export function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
