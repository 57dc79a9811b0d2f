/** Ends a container: its stop signal, and after the grace period a kill. */
import type { Clock } from '../../../base/clock.ts';
import { delay } from '../../../base/clock.ts';
import type { Engine } from './engine.ts';
import type { InspectBody } from './inspect.ts';
import { signalContainer, signalNumber } from './signals.ts';

const kill = 9;

/** After a kill the engine is asked itself when the container has not ended in so many ms. */
const patienceMs = 5000;

export interface StopParts {
  readonly engine: Engine;
  readonly clock: Clock;
}

/** Resolves when the container has ended; fine for an unknown id. The engine does it itself where the agent cannot send the signals. */
export async function stopContainer({ engine, clock }: StopParts, id: string, graceMs: number): Promise<void> {
  const body = await engine.find<InspectBody>({ method: 'GET', path: `/containers/${id}/json` });
  if (body?.State.Running !== true) return;
  const abort = new AbortController();
  // Waited for before the signal is sent: an end is never missed.
  const ended = engine
    .find({ method: 'POST', path: `/containers/${id}/wait`, query: { condition: 'not-running' }, signal: abort.signal })
    .then(() => true);
  ended.catch(() => undefined);
  const endedWithin = (ms: number): Promise<boolean> => Promise.race([ended, delay(clock, ms, abort.signal).then(() => false)]);
  const send = (signal: number): Promise<boolean> => signalContainer(body.Id, body.State.Pid, signal);
  try {
    const signal = graceMs <= 0 ? kill : signalNumber(body.Config.StopSignal ?? '');
    // A frozen process gets no signal.
    if (signal !== undefined && body.State.Paused !== true && (await send(signal))) {
      if (signal !== kill && (await endedWithin(graceMs))) return;
      if (signal !== kill) await send(kill);
      if (await endedWithin(patienceMs)) return;
      graceMs = 0;
    }
    // Docker counts whole seconds; 0 kills at once.
    await engine.find({ method: 'POST', path: `/containers/${id}/stop`, query: { t: String(Math.ceil(graceMs / 1000)) } });
  } finally {
    abort.abort();
  }
}
