/** Docker's event stream, kept open: after a break it comes back with a `resync`. */
import type { Clock } from '../../../base/clock.ts';
import { delay } from '../../../base/clock.ts';
import type { Running } from '../../../base/lifecycle.ts';
import { running } from '../../../base/lifecycle.ts';
import type { Logger } from '../../../base/logger.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { Engine } from './engine.ts';
import type { Labels, Owner } from './labels.ts';
import { ownedBy, readLabels } from './labels.ts';

interface EventBody {
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Labels };
}

const types: Readonly<Record<string, 'started' | 'died' | 'removed'>> = { start: 'started', die: 'died', destroy: 'removed' };

/** One line of the stream; undefined for what the agent does not care about. */
export function readEvent(line: string): RuntimeEvent | undefined {
  const body = JSON.parse(line) as EventBody;
  const type = types[body.Action];
  if (type === undefined) return undefined;
  const facts = readLabels(body.Actor.Attributes);
  return { type, podUid: facts.pod.uid, id: body.Actor.ID, sandbox: facts.kind === 'sandbox' };
}

export interface EventSource {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function watchEvents(source: EventSource, handler: (event: RuntimeEvent) => void): Running {
  const abort = new AbortController();
  const loop = follow(source, handler, abort.signal);
  return running(() => {
    abort.abort();
    return loop;
  });
}

async function follow(source: EventSource, handler: (event: RuntimeEvent) => void, signal: AbortSignal): Promise<void> {
  const filters = JSON.stringify({ type: ['container'], event: ['start', 'die', 'destroy'], label: ownedBy(source.owner) });
  for (let first = true; !signal.aborted; first = false) {
    try {
      const stream = await source.engine.stream({ method: 'GET', path: '/events', query: { filters }, signal });
      if (!first) handler({ type: 'resync' });
      let rest = '';
      stream.setEncoding('utf8');
      for await (const chunk of stream) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = line === '' ? undefined : readEvent(line);
          if (event !== undefined) handler(event);
        }
      }
    } catch (error) {
      if (!signal.aborted) source.logger.warn({ err: error }, 'the Docker Engine broke off its events');
    }
    if (!signal.aborted) await delay(source.clock, 1000, signal);
  }
}
