/** Container logs as the kubelet serves them. */
import type { ServerResponse } from 'node:http';
import type { ContainerRecord } from '../pods/record.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { HttpError } from './http-error.ts';

export interface LogQuery {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  readonly since: number | undefined;
  readonly limitBytes: number | undefined;
  readonly streams: 'all' | 'stdout' | 'stderr';
}

export function logQuery(query: URLSearchParams, now: number): LogQuery {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0) throw new HttpError(400, `{"message": "Invalid request."}`);
    return value;
  };
  const flag = (name: string): boolean => query.get(name) === 'true' || query.get(name) === '1';
  const seconds = number('sinceSeconds');
  const time = query.get('sinceTime');
  const stream = (query.get('stream') ?? 'All').toLowerCase();
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    tailLines: number('tailLines') ?? (query.get('tail') === 'all' ? undefined : number('tail')),
    since: seconds !== undefined ? now - seconds * 1000 : time === null || time === '' ? undefined : Date.parse(time),
    limitBytes: number('limitBytes'),
    streams: stream === 'stdout' ? 'stdout' : stream === 'stderr' ? 'stderr' : 'all',
  };
}

/** The container whose log is meant; throws when there is none (validateContainerLogStatus). */
export function logContainer(record: ContainerRecord, podName: string, previous: boolean): string {
  const { current, previous: before, name } = record;
  if (previous) {
    const ended = current?.state === 'exited' && record.waiting !== undefined ? current : before;
    const last = ended ?? (current?.state === 'exited' ? undefined : before);
    if (last === undefined) throw new HttpError(400, `previous terminated container "${name}" in pod "${podName}" not found`);
    return last.id;
  }
  if (current === undefined || current.state === 'created') {
    if (before !== undefined) return before.id;
    const reason = record.waiting?.reason ?? 'ContainerCreating';
    if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff') {
      throw new HttpError(
        400,
        `container "${name}" in pod "${podName}" is waiting to start: ${reason === 'ErrImagePull' ? "image can't be pulled" : 'trying and failing to pull image'}`,
      );
    }
    throw new HttpError(400, `container "${name}" in pod "${podName}" is waiting to start: ${reason}`);
  }
  return current.id;
}

/** Streams the log into the answer. */
export async function serveLogs(
  runtime: Runtime,
  response: ServerResponse,
  { id, query }: { readonly id: string; readonly query: LogQuery },
): Promise<void> {
  const { follow, timestamps, tailLines, since, streams, limitBytes } = query;
  const lines = await runtime.logs(id, {
    follow,
    timestamps,
    streams,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(since === undefined ? {} : { since }),
  });
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.flushHeaders();
  response.on('close', () => lines.destroy());
  let left = limitBytes ?? Infinity;
  try {
    for await (const chunk of lines) {
      const bytes = (chunk as Buffer).subarray(0, left);
      left -= bytes.length;
      if (!response.write(bytes)) await new Promise<void>((resolve) => void response.once('drain', resolve).once('close', resolve));
      if (left <= 0 || response.destroyed) break;
    }
  } catch (error) {
    // The client went away, which ends the log too.
    if (!response.destroyed) throw error;
  } finally {
    lines.destroy();
    response.end();
  }
}
