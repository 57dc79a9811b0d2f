/** A container's log: from the engine's files where they can be read, else through its API. */
import type { Readable } from 'node:stream';
import { PassThrough } from 'node:stream';
import type { Clock } from '../../../base/clock.ts';
import type { LogOptions } from '../runtime.ts';
import { RuntimeError } from '../runtime.ts';
import type { Engine } from './engine.ts';
import type { InspectBody } from './inspect.ts';
import { readLogFiles } from './log-files.ts';
import { demultiplex } from './streams.ts';

export interface LogParts {
  readonly engine: Engine;
  readonly clock: Clock;
}

export async function containerLog({ engine, clock }: LogParts, id: string, options: LogOptions): Promise<Readable> {
  const body = await engine.find<InspectBody>({ method: 'GET', path: `/containers/${id}/json` });
  if (body === undefined) throw new RuntimeError('notFound', `container ${id} is gone`);
  const { LogPath: path = '', HostConfig } = body;
  const follow = options.follow && body.State.Running;
  if (path !== '' && HostConfig.LogConfig?.Type === 'json-file') {
    const abort = new AbortController();
    const ended = follow ? untilEnded(engine, id, abort.signal) : undefined;
    const log = await readLogFiles({ path, clock, ended }, options);
    if (log !== undefined) return log.on('close', () => abort.abort());
    abort.abort();
  }
  return throughEngine(engine, body, { ...options, follow });
}

/** Also when the engine breaks off: what it writes is read to its end, and whoever followed asks again. */
async function untilEnded(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  await engine.find({ method: 'POST', path: `/containers/${id}/wait`, query: { condition: 'not-running' }, signal }).catch(() => undefined);
}

async function throughEngine(engine: Engine, body: InspectBody, options: LogOptions): Promise<Readable> {
  const flag = (on: boolean): string => (on ? '1' : '0');
  const answer = await engine.stream({
    method: 'GET',
    path: `/containers/${body.Id}/logs`,
    query: {
      stdout: flag(options.streams !== 'stderr'),
      stderr: flag(options.streams !== 'stdout'),
      follow: flag(options.follow),
      timestamps: flag(options.timestamps),
      ...(options.tailLines === undefined ? {} : { tail: String(options.tailLines) }),
      ...(options.since === undefined ? {} : { since: (options.since / 1000).toFixed(9) }),
    },
  });
  if (body.Config.Tty) return answer;
  const lines = new PassThrough();
  demultiplex(answer, Buffer.alloc(0), { stdout: lines, stderr: lines });
  lines.on('close', () => answer.destroy());
  return lines;
}
