/** How fast writes may go that nobody waits for, so that those of clients go first. */
import type { Clock } from '../base/clock.ts';
import { running, type Running } from '../base/lifecycle.ts';

/** Works wait their turn here, in order of arrival; what they do is theirs, and they must not throw. `stop` lets all that wait go at once. */
export interface Pace extends Running {
  /** Calls `work` now or, when too many have come lately, later. */
  run(work: () => void): void;
  /** Works that wait. */
  readonly waiting: number;
}

export interface PaceOptions {
  readonly clock: Clock;
  /** Works a second in the long run. */
  readonly perSecond: number;
  /** Works that may go at once after a quiet time. */
  readonly burst: number;
}

/** What upstream's scheduler allows its clients (cmd/kube-scheduler: ClientConnection, QPS 50, Burst 100). */
export const schedulerPace = { perSecond: 50, burst: 100 };

/** A token bucket (client-go util/flowcontrol). Its timer runs only while something waits. */
export function createPace({ clock, perSecond, burst }: PaceOptions): Pace {
  let tokens = burst;
  let filled = clock.monotonic();
  let cancel: (() => void) | undefined;
  let stopped = false;
  let waiting: (() => void)[] = [];
  const take = (): boolean => {
    const now = clock.monotonic();
    tokens = Math.min(burst, tokens + ((now - filled) * perSecond) / 1000);
    filled = now;
    // Sums of fractions may stay a little below the whole they stand for.
    if (tokens < 1 - 1e-6) return false;
    tokens -= 1;
    return true;
  };
  const wait = (): void => {
    if (cancel !== undefined || waiting.length === 0) return;
    cancel = clock.after(Math.max(1, Math.ceil(((1 - tokens) * 1000) / perSecond)), () => {
      cancel = undefined;
      let due = 0;
      while (due < waiting.length && take()) due += 1;
      for (const work of waiting.splice(0, due)) work();
      wait();
    });
  };
  return {
    get waiting() {
      return waiting.length;
    },
    run(work) {
      if (stopped || (waiting.length === 0 && take())) return work();
      waiting.push(work);
      wait();
    },
    ...running(() => {
      stopped = true;
      cancel?.();
      const all = waiting;
      waiting = [];
      for (const work of all) work();
    }),
  };
}
