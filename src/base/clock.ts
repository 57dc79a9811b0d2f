/** Time as everything here sees it, so that tests can hold it still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start that never jump back. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function cancels. The timer does not keep the process alive. */
  after(ms: number, call: () => void): () => void;
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, Math.min(ms, 2 ** 31 - 1));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when `signal` is aborted. */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const cancel = clock.after(ms, resolve);
    signal?.addEventListener('abort', () => (cancel(), resolve()), { once: true });
  });
}

/** A clock that moves only when told to; for tests. */
export class FakeClock implements Clock {
  #now: number;
  #timers: { at: number; call: () => void }[] = [];
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }
  now(): number {
    return this.#now;
  }
  monotonic(): number {
    return this.#now;
  }
  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  /** Moves time on, calling due timers in their order; promises they settle run before this resolves. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.call();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = end;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The last second that was written: a memo, not state. Every write asks for its time several times. */
const written = { second: NaN, text: '' };

/** metav1.Time: RFC 3339 in UTC, whole seconds. */
export function rfc3339(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== written.second) {
    written.text = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    written.second = second;
  }
  return written.text;
}

/** metav1.MicroTime: RFC 3339 in UTC with six digits. */
export function rfc3339Micro(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
