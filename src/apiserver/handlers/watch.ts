import { ApiError, isReason, toApiError } from '../../api/errors.ts';
import type { Running } from '../../base/lifecycle.ts';
import type { EventSink, ResourceEvent, WatchRequest } from '../../registry/store.ts';
import { streamFormat } from '../media-type.ts';
import { listParameters, type ListParameters } from '../options.ts';
import { selectionOf } from '../../registry/selection.ts';
import { includeObjectOf } from '../table.ts';
import { createEventEncoder, type EventEncoder } from '../watch-encoding.ts';
import { scopeOf, type WatchMetrics } from '../metrics.ts';
import type { WatchOutlet } from '../watch-outlet.ts';
import { namedByPath } from './list.ts';
import type { Scope } from './scope.ts';

/** Upstream's --min-request-timeout: watches without a timeout of their own last between once and twice this long. */
const minTimeoutSeconds = 1800;

/** What may wait in a socket behind the initial events before its watcher is too slow and is cut off. */
const maxPendingBytes = 16 * 1024 * 1024;

/** Serves a watch until the client goes, the time is up or the watch ends by itself. */
export async function watch(scope: Scope, outlet: WatchOutlet, metrics: WatchMetrics): Promise<void> {
  const { exchange, store, clock, messages } = scope;
  const parameters = listParameters(exchange.query);
  const format = streamFormat(exchange.format);
  const encoder = createEventEncoder({
    definition: store.definition,
    format,
    messages,
    includeObject: format.transform === 'Table' ? includeObjectOf(exchange.query) : 'None',
    now: () => clock.now(),
  });
  const seconds = parameters.timeoutSeconds || minTimeoutSeconds * (1 + Math.random());
  const request = { ...watchRequest(scope, parameters), endsInSeconds: seconds };
  const scopeName = scopeOf(exchange);
  const caughtUp = (): void => metrics.caughtUp(scopeName, (performance.now() - exchange.started) / 1000);
  const stream = new Stream(outlet, encoder, { sent: (...counts) => metrics.sent(...counts), caughtUp });
  if ((parameters.timeoutSeconds ?? 0) < 0) return stream.end(new ApiError('InternalError', 'context deadline exceeded'));
  // An event is no list: upstream fails to make one of it and hangs up.
  if (format.transform === 'PartialObjectMetadataList') return stream.finish();
  try {
    stream.started(await store.watch(request, stream));
  } catch (error) {
    if (!isReason(error, 'Expired') && !isReason(error, 'Gone') && !isReason(error, 'Timeout')) throw error;
    // Upstream's cache answers a version it has forgotten, or does not have yet, inside the stream.
    stream.end(toApiError(error));
    return;
  }
  stream.onEnd(clock.after(seconds * 1000, () => stream.finish()));
}

function watchRequest({ exchange, store }: Scope, parameters: ListParameters): WatchRequest {
  const selector = { ...parameters, namespace: exchange.info.namespace, ...namedByPath(exchange, parameters) };
  return {
    ...selectionOf(store.definition, selector),
    resourceVersion: parameters.resourceVersion,
    allowBookmarks: parameters.allowWatchBookmarks,
    ...(parameters.sendInitialEvents === undefined ? {} : { sendInitialEvents: parameters.sendInitialEvents }),
    ...(parameters.resourceVersionMatch === '' ? {} : { resourceVersionMatch: parameters.resourceVersionMatch }),
  };
}

interface StreamMetrics {
  sent(events: number, bytes: number): void;
  caughtUp(): void;
}

/** open: events flow; over: nothing is written any more. */
class Stream implements EventSink {
  readonly #outlet: WatchOutlet;
  readonly #encoder: EventEncoder;
  readonly #metrics: StreamMetrics;
  #watch: Running | undefined;
  #cancel: (() => void) | undefined;
  #over = false;
  /** What the initial events left in the socket: allowed on top. */
  #allowed = Number.MAX_SAFE_INTEGER;

  constructor(outlet: WatchOutlet, encoder: EventEncoder, metrics: StreamMetrics) {
    this.#outlet = outlet;
    this.#encoder = encoder;
    this.#metrics = metrics;
    outlet.onClose(() => this.#close());
  }

  started(watch: Running): void {
    this.#watch = watch;
    if (this.#over) return this.#close();
    this.#outlet.open();
    this.#allowed = this.#outlet.pending + maxPendingBytes;
  }

  onEnd(cancel: () => void): void {
    this.#cancel = cancel;
    if (this.#over) cancel();
  }

  events(events: readonly ResourceEvent[]): void {
    if (this.#over) return;
    this.#metrics.sent(events.length, this.#outlet.send(events, this.#encoder));
    const last = events.at(-1);
    if (last?.type === 'BOOKMARK' && last.initialEventsEnd) this.#metrics.caughtUp();
    if (this.#outlet.pending > this.#allowed) {
      this.#outlet.destroy();
      this.#close();
    }
  }

  /** The watch ended by itself: the client is told why. */
  end(error: Error): void {
    if (this.#over) return;
    this.#outlet.sendLine(this.#encoder.error(toApiError(error).toStatus()));
    this.finish();
  }

  finish(): void {
    if (this.#over) return;
    this.#outlet.end();
    this.#close();
  }

  #close(): void {
    this.#over = true;
    this.#cancel?.();
    // Stopping twice is harmless, and stop has nothing to report.
    void this.#watch?.stop();
  }
}
