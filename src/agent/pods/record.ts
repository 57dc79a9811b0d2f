import type { ResourceRequirements } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { ContainerProbes } from '../probes/container-probes.ts';
import type { Container } from '../runtimes/runtime.ts';
import { CrashBackoff } from './crash-backoff.ts';
import type { Grace } from './grace.ts';
import type { ContainerSpec, ContainerView, Waiting } from './model.ts';

/** What a pod worker keeps about one container. */
export class ContainerRecord implements ContainerView {
  spec: ContainerSpec;
  current: Container | undefined;
  previous: Container | undefined;
  waiting: Waiting | undefined;
  busy = false;
  started = false;
  ready = false;
  failedProbe: 'liveness' | 'startup' | undefined;
  readonly backoff: CrashBackoff;
  probes: ContainerProbes | undefined;
  /** No start before this, ms since the epoch. */
  retryAt = 0;
  /** Restarts that the runtime does not remember. */
  earlierRestarts = 0;
  actuated: ResourceRequirements | undefined;
  restartDue = false;
  /** Its time while it is being ended. */
  grace: Grace | undefined;
  /** Breaks off what a start waits for. */
  starting: AbortController | undefined;

  constructor(spec: ContainerSpec, clock: Clock) {
    this.spec = spec;
    this.backoff = new CrashBackoff(clock);
  }

  get name(): string {
    return this.spec.container.name;
  }

  /** The number of the next start. */
  get nextAttempt(): number {
    if (this.current === undefined) return this.earlierRestarts;
    return this.current.state === 'created' ? this.current.restartCount : this.current.restartCount + 1;
  }

  get restartCount(): number {
    return this.current?.restartCount ?? this.earlierRestarts;
  }

  /** The newest container is the past: the next one starts afresh. `end` tells how it went when the runtime cannot. */
  forgetCurrent(end?: Container['end']): void {
    this.stopProbes();
    this.waiting = undefined;
    this.failedProbe = undefined;
    [this.started, this.ready, this.restartDue] = [false, false, false];
    this.actuated = undefined;
    this.retryAt = 0;
    if (this.current === undefined) return;
    this.earlierRestarts = this.nextAttempt;
    this.previous = end === undefined ? this.current : { ...this.current, state: 'exited', exitCode: 137, finishedAt: 0, end };
    this.current = undefined;
  }

  stopProbes(): void {
    void this.probes?.stop();
    this.probes = undefined;
  }
}
