/**
 * How long a request may take (apiserver pkg/endpoints/filters/request_deadline.go, pkg/server/filters/timeout.go): sixty seconds,
 * or less if the client says so. Afterwards the client is told, or cut off when it is being answered already.
 */
import { badRequest } from '../../api/errors.ts';
import { parseGoDuration } from '../../api/go-duration.ts';
import type { Clock } from '../../base/clock.ts';
import type { Exchange } from '../exchange.ts';
import type { RequestInfo } from '../request-info.ts';

/** Upstream's --request-timeout. */
const longestMs = 60_000;

const longRunningSubresources: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** Watches and streams, which last. */
export function isLongRunning(info: RequestInfo): boolean {
  return info.verb === 'watch' || info.verb === 'proxy' || (info.resourceRequest && longRunningSubresources.has(info.subresource));
}

/** What the client gives the request, at most {@link longestMs}. Throws 400. */
export function timeoutOf(exchange: Exchange): number {
  if (!exchange.rawQuery.includes('timeout=')) return longestMs;
  const asked = exchange.query.get('timeout');
  if (asked === null || asked === '') return longestMs;
  try {
    const ms = parseGoDuration(asked);
    return ms > 0 && ms < longestMs ? ms : longestMs;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw badRequest(`invalid timeout specified in the request URL - ${why}`, { cause: error });
  }
}

/** The requests under way. Most have the same time, so that one timer, for the oldest, is enough for those. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #expired: (exchange: Exchange) => void;
  readonly #usual = new Map<Exchange, number>();
  readonly #shorter = new Map<Exchange, () => void>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, expired: (exchange: Exchange) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  add(exchange: Exchange, ms: number): void {
    if (ms < longestMs) {
      const expire = (): void => {
        this.#shorter.delete(exchange);
        this.#expired(exchange);
      };
      this.#shorter.set(exchange, this.#clock.after(ms, expire));
      return;
    }
    this.#usual.set(exchange, this.#clock.monotonic() + ms);
    this.#cancel ??= this.#clock.after(ms, this.#sweep);
  }

  remove(exchange: Exchange): void {
    if (this.#usual.delete(exchange)) return;
    this.#shorter.get(exchange)?.();
    this.#shorter.delete(exchange);
  }

  stop(): void {
    this.#cancel?.();
    for (const cancel of this.#shorter.values()) cancel();
  }

  readonly #sweep = (): void => {
    this.#cancel = undefined;
    const now = this.#clock.monotonic();
    for (const [exchange, at] of this.#usual) {
      if (at > now) {
        this.#cancel = this.#clock.after(at - now, this.#sweep);
        return;
      }
      this.#usual.delete(exchange);
      this.#expired(exchange);
    }
  };
}
