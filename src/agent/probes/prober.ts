/** Keeps trying one probe of one running container and counts results (pkg/kubelet/prober/worker.go). */
import type { Probe } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { ProbeResult } from './probe.ts';

export interface ProberOptions {
  readonly probe: Probe;
  readonly clock: Clock;
  /** When the container was started, ms since the epoch. */
  readonly startedAt: number;
  attempt(): Promise<ProbeResult>;
  /** Every try, for events and metrics; it took `seconds`. */
  tried(result: ProbeResult, seconds: number): void;
  /** The threshold of successes or failures was reached; only changes are told, and each reached failure of a liveness probe. */
  decided(ok: boolean): void;
}

/** Tries at once when the initial delay is over, then every period. */
export function startProber(options: ProberOptions): Running {
  const { probe, clock } = options;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  let stopped = false;
  let cancel: () => void = () => undefined;
  let last: boolean | undefined;
  let count = 0;
  let told: boolean | undefined;

  const note = (result: ProbeResult): void => {
    if (result.errored === true) return;
    count = result.ok === last ? count + 1 : 1;
    last = result.ok;
    const threshold = result.ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (count < threshold || told === result.ok) return;
    told = result.ok;
    options.decided(result.ok);
  };

  const round = async (): Promise<void> => {
    const began = clock.monotonic();
    const result = await options.attempt();
    if (stopped) return;
    options.tried(result, (clock.monotonic() - began) / 1000);
    note(result);
    if (!stopped) schedule();
  };
  /** By the beginning of the last period, so that late timers do not add up; one that was missed is left out, as a ticker does. */
  const schedule = (): void => {
    const now = clock.monotonic();
    due += periodMs * Math.max(1, Math.floor((now - due) / periodMs));
    cancel = clock.after(Math.max(0, due - now), () => void round());
  };

  const delayMs = Math.max(0, options.startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now());
  let due = clock.monotonic() + delayMs;
  cancel = clock.after(delayMs, () => void round());
  return running(() => {
    stopped = true;
    cancel();
  });
}
