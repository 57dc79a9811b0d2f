import { ApiError } from '../api/errors.ts';
import { Backoff } from '../base/backoff.ts';
import { type Clock, delay } from '../base/clock.ts';

const networkCodes: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN'],
]);

/** Whether the server is away or not ready, in contrast to one that refuses. */
export function isAway(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 503 || error.code === 429;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return (typeof code === 'string' && networkCodes.has(code)) || (cause instanceof Error && isAway(cause));
}

export interface Patience {
  readonly clock: Clock;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Called at the first failure only. */
  readonly tell: (error: Error) => void;
}

/** Does the work until the server is there for it; undefined when `signal` came first. Rejects with every other failure. */
export async function untilReached<T>(work: () => Promise<T>, { clock, signal, tell }: Patience): Promise<T | undefined> {
  const backoff = new Backoff({ initialMs: 500, maxMs: 10_000, factor: 1.5, jitter: 0.2, clock });
  // Nothing else may keep the process alive meanwhile.
  const alive = setInterval(() => undefined, 2 ** 31 - 1);
  try {
    for (let told = false; !signal.aborted; told = true) {
      try {
        return await work();
      } catch (error) {
        if (!isAway(error)) throw error;
        if (!told) tell(error as Error);
      }
      await delay(clock, backoff.next(), signal);
    }
    return undefined;
  } finally {
    clearInterval(alive);
  }
}
