/** Ends a container by signals to its first process: its stop signal, and after the grace period a kill. */
import type { Clock } from '../../../base/clock.ts';
import { delay } from '../../../base/clock.ts';
import type { Engine } from './engine.ts';
import type { InspectBody } from './inspect.ts';
import { signalContainer, signalNumber } from './signals.ts';

const kill = 9;

/** After a kill the engine is asked itself when the container has not ended in so many ms. */
const patienceMs = 5000;

/** The first process of a running container. */
export interface FirstProcess {
  /** Of the container. */
  readonly id: string;
  readonly pid: number;
  /** As the container names it; '' for the usual one. */
  readonly stopSignal: string;
}

export function firstProcess(body: InspectBody): FirstProcess {
  return { id: body.Id, pid: body.State.Pid, stopSignal: body.Config.StopSignal ?? '' };
}

export interface StopParts {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Looks at the container anew. */
  readonly look: (id: string) => Promise<InspectBody | undefined>;
}

/**
 * Resolves when the container has ended; fine for an unknown id. `known` is what was seen of it before, which saves a look. The
 * engine does it itself where the agent cannot send the signals.
 */
export async function stopContainer(
  parts: StopParts,
  id: string,
  { graceMs, known }: { graceMs: number; known?: FirstProcess | undefined },
): Promise<void> {
  let outcome = known === undefined ? 'unsent' : await endBySignals(parts, known, graceMs);
  if (outcome === 'unsent') {
    const body = await parts.look(id);
    if (body?.State.Running !== true) return;
    // A frozen process gets no signal.
    if (body.State.Paused !== true) outcome = await endBySignals(parts, firstProcess(body), graceMs);
  }
  if (outcome === 'ended') return;
  // Docker counts whole seconds; 0 kills at once.
  const seconds = outcome === 'unnoticed' ? 0 : Math.ceil(graceMs / 1000);
  await parts.engine.find({ method: 'POST', path: `/containers/${id}/stop`, query: { t: String(seconds) } });
}

/** `unnoticed`: whatever was sent, the engine says that it runs. */
async function endBySignals(
  { engine, clock }: StopParts,
  process: FirstProcess,
  graceMs: number,
): Promise<'ended' | 'unsent' | 'unnoticed'> {
  const { id, pid, stopSignal } = process;
  const signal = graceMs <= 0 ? kill : signalNumber(stopSignal);
  if (signal === undefined) return 'unsent';
  const abort = new AbortController();
  // Waited for before the signal is sent: an end is never missed.
  const ended = engine
    .find({ method: 'POST', path: `/containers/${id}/wait`, query: { condition: 'not-running' }, signal: abort.signal })
    .then(() => true);
  ended.catch(() => undefined);
  const endedWithin = (ms: number): Promise<boolean> => Promise.race([ended, delay(clock, ms, abort.signal).then(() => false)]);
  try {
    if (!(await signalContainer(id, pid, signal))) return 'unsent';
    if (signal !== kill && (await endedWithin(graceMs))) return 'ended';
    if (signal !== kill) await signalContainer(id, pid, kill);
    return (await endedWithin(patienceMs)) ? 'ended' : 'unnoticed';
  } finally {
    abort.abort();
  }
}
