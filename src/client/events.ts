/**
 * Event recorders. `createRecorder` writes events as client-go's tools/record does (count, first and last timestamp);
 * `createSeriesRecorder` as tools/events does for the scheduler (eventTime, action, series). Both write core/v1 Events.
 */
import { randomInt } from 'node:crypto';
import type { CoreV1Event, ObjectReference } from '../api/generated/types.ts';
import { isReason } from '../api/errors.ts';
import type { New } from '../api/object.ts';
import { apiVersionOf } from '../api/object.ts';
import type { Clock } from '../base/clock.ts';
import { rfc3339Micro } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { RecentMap } from '../base/recent-map.ts';
import type { Client, ResourceRef } from './client.ts';
import type { EventWrite } from './event-correlator.ts';
import { EventCorrelator } from './event-correlator.ts';
import type { Cached } from './informer-store.ts';
import { createPace, type PaceOptions } from './pace.ts';
import { refs } from './refs.ts';

/** Says what happened to an object, or to a part of it when `about` has a fieldPath. Never throws and never waits; `stop` resolves when what was said is written. */
export interface EventRecorder extends Running {
  event(about: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void;
}

/** As tools/events: `action` says what was being done. */
export interface SeriesRecorder extends Running {
  event(
    about: ObjectReference,
    type: 'Normal' | 'Warning',
    reason: string,
    what: { readonly action: string; readonly message: string; readonly related?: ObjectReference },
  ): void;
}

export interface RecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `deployment-controller`, `kubelet`, ... */
  readonly component: string;
  /** The node's name, for parts that run on one. */
  readonly host?: string;
}

export interface SeriesRecorderOptions extends RecorderOptions {
  /** How fast events are written while others have to write too. */
  readonly pace: Omit<PaceOptions, 'clock'>;
}

/** What events and owners point at. */
export function referenceTo<T extends Cached>(ref: ResourceRef<T>, object: T, fieldPath?: string): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind: ref.kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    uid,
    apiVersion: apiVersionOf(ref),
    ...(resourceVersion === '' ? {} : { resourceVersion }),
    ...(fieldPath === undefined ? {} : { fieldPath }),
  };
}

/** More than this waiting, and events are dropped. */
const maxQueued = 10_000;
/** Events written at a time. */
const writers = 8;

/** Runs writes a few at a time, in order of arrival. */
class Outbox {
  readonly #logger: Logger;
  readonly #queue: (() => Promise<void>)[] = [];
  readonly #busy = new Set<Promise<void>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  push(write: () => Promise<void>): void {
    if (this.#queue.length >= maxQueued) return this.#logger.warn({}, 'too many events are waiting; dropped one');
    this.#queue.push(write);
    if (this.#busy.size >= writers) return;
    const worker = this.#drain().finally(() => this.#busy.delete(worker));
    this.#busy.add(worker);
  }

  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy);
  }

  async #drain(): Promise<void> {
    for (let write = this.#queue.shift(); write !== undefined; write = this.#queue.shift()) {
      try {
        await write();
      } catch (error) {
        this.#logger.debug({ err: error }, 'event was not written');
      }
    }
  }
}

/** Event names: the object's and the time in hexadecimal nanoseconds, never the same twice. The clock knows milliseconds only. */
function eventNames(clock: Clock): (object: string) => string {
  let last = 0n;
  // Recorders of other components speak of objects of the same name, in the same millisecond too.
  const own = BigInt(randomInt(1_000_000));
  return (object) => {
    const now = BigInt(Math.trunc(clock.now())) * 1_000_000n + own;
    last = now > last ? now : last + 1n;
    const name = `${object}.${last.toString(16)}`;
    return name.length <= 253 ? name : `${object.slice(0, 253 - (name.length - object.length))}.${last.toString(16)}`;
  };
}

export function createRecorder(options: RecorderOptions): EventRecorder {
  const { clock, component, host = '' } = options;
  const events = options.client.resource(refs.events);
  const correlator = new EventCorrelator();
  const outbox = new Outbox(options.logger);
  const nameFor = eventNames(clock);
  const pending = new Map<string, Promise<void>>();
  const write = async ({ event, patch }: EventWrite): Promise<void> => {
    const namespace = event.metadata.namespace ?? 'default';
    if (patch !== undefined) {
      try {
        await events.patch(namespace, event.metadata.name ?? '', { type: 'application/strategic-merge-patch+json', body: patch });
        return;
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
    }
    await events.create(namespace, event);
  };
  /** Writes of one Event keep their order: a count may not overtake its creation. */
  const inOrder = async (write: EventWrite, run: (write: EventWrite) => Promise<void>): Promise<void> => {
    const name = write.event.metadata.name ?? '';
    const before = pending.get(name);
    const mine = (async () => {
      if (before !== undefined) await before.catch(() => undefined);
      await run(write);
    })();
    pending.set(name, mine);
    try {
      await mine;
    } finally {
      if (pending.get(name) === mine) pending.delete(name);
    }
  };
  return {
    event(regarding, type, reason, message) {
      const facts = { regarding, type, reason, message, component, host };
      const result = correlator.correlate(facts, nameFor(regarding.name ?? ''), clock.now());
      if (result !== undefined) outbox.push(() => inOrder(result, write));
    },
    ...running(() => outbox.idle()),
  };
}

/** A series of equal events is over after this long without another, in ms (tools/events finishTime). */
const seriesEndMs = 6 * 60_000;
const maxSeries = 4096;

interface Series {
  readonly name: string;
  count: number;
  last: number;
}

export function createSeriesRecorder(options: SeriesRecorderOptions): SeriesRecorder {
  const { clock, component, host = '', logger } = options;
  const events = options.client.resource(refs.events);
  const outbox = new Outbox(logger);
  const pace = createPace({ clock, ...options.pace });
  const push = (write: () => Promise<void>): void => {
    if (pace.waiting >= maxQueued) return logger.warn({}, 'too many events are waiting; dropped one');
    pace.run(() => outbox.push(write));
  };
  const nameFor = eventNames(clock);
  const seen = new RecentMap<string, Series>(maxSeries);
  return {
    event(about, type, reason, { action, message, related }) {
      const key = JSON.stringify([type, action, reason, about]);
      const now = clock.now();
      const earlier = seen.get(key);
      const namespace = about.namespace ?? 'default';
      if (earlier !== undefined && now - earlier.last <= seriesEndMs) {
        earlier.count += 1;
        earlier.last = now;
        if (earlier.count > 2) return;
        const series = { count: earlier.count, lastObservedTime: rfc3339Micro(now) };
        push(
          async () =>
            void (await events.patch(namespace, earlier.name, { type: 'application/strategic-merge-patch+json', body: { series } })),
        );
        return;
      }
      const name = nameFor(about.name ?? '');
      seen.set(key, { name, count: 1, last: now });
      const event: New<CoreV1Event> = {
        metadata: { name, namespace },
        involvedObject: about,
        reason,
        message,
        source: {},
        type,
        eventTime: rfc3339Micro(now),
        action,
        ...(related === undefined ? {} : { related }),
        reportingComponent: component,
        reportingInstance: host === '' ? component : `${component}-${host}`,
      };
      push(async () => void (await events.create(namespace, event)));
    },
    ...running(async () => {
      await pace.stop();
      await outbox.idle();
    }),
  };
}
