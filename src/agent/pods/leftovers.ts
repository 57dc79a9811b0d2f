/**
 * What is left of pods that have ended (dead containers, sandboxes, control groups) is removed when there is nothing more urgent to
 * do, one thing after the other: it costs as much as ending them, and nobody waits for it. Upstream it is up to a collector that
 * comes by every minute.
 */
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';

export interface Leftovers extends Running {
  /** Does the work some time; again when it fails. What is not done when the agent stops is for the next one. */
  add(work: () => Promise<void>): void;
}

export interface LeftoversOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long nothing may have been added before work begins. */
  readonly quietMs: number;
}

/** Work does not wait longer than this for a quiet moment. */
const longestMs = 10_000;
const retryMs = 10_000;

export function createLeftovers({ clock, logger, quietMs }: LeftoversOptions): Leftovers {
  const abort = new AbortController();
  const works: (() => Promise<void>)[] = [];
  let lastAdded = 0;
  let busy: Promise<void> | undefined;

  const quiet = async (): Promise<void> => {
    const latest = clock.monotonic() + longestMs;
    for (;;) {
      const now = clock.monotonic();
      const wait = Math.min(lastAdded + quietMs, latest) - now;
      if (wait <= 0 || abort.signal.aborted) return;
      await delay(clock, wait, abort.signal);
    }
  };
  const clear = async (): Promise<void> => {
    await quiet();
    while (!abort.signal.aborted) {
      const work = works.shift();
      if (work === undefined) return;
      try {
        await work();
      } catch (error) {
        if (abort.signal.aborted) return;
        logger.debug({ err: error }, 'what is left of a pod could not be removed');
        works.push(work);
        await delay(clock, retryMs, abort.signal);
      }
    }
  };
  const begin = (): void => {
    busy ??= clear().finally(() => {
      busy = undefined;
      if (works.length > 0 && !abort.signal.aborted) begin();
    });
  };
  const stop = running(async () => {
    abort.abort();
    await busy;
  });
  return {
    add(work) {
      if (abort.signal.aborted) return;
      works.push(work);
      lastAdded = clock.monotonic();
      begin();
    },
    ...stop,
  };
}
