/** exec and attach over hijacked connections. */
import { RuntimeError } from '../runtime.ts';
import type { ProcessSession, StreamOptions } from '../runtime.ts';
import type { Engine } from './engine.ts';
import { connectStreams } from './streams.ts';

export interface ExecCall {
  readonly id: string;
  readonly command: readonly string[];
  readonly options: StreamOptions;
}

interface ExecBody {
  readonly ExitCode: number | null;
  readonly Running: boolean;
  readonly Pid: number;
}

export async function execContainer(engine: Engine, { id, command, options }: ExecCall): Promise<ProcessSession> {
  const { Id: execId } = await engine.json<{ Id: string }>({
    method: 'POST',
    path: `/containers/${id}/exec`,
    body: { AttachStdin: options.stdin, AttachStdout: options.stdout, AttachStderr: options.stderr, Tty: options.tty, Cmd: command },
  });
  const hijacked = await engine.hijack({ method: 'POST', path: `/exec/${execId}/start`, body: { Detach: false, Tty: options.tty } });
  const connection = connectStreams(hijacked, options);
  const inspect = (): Promise<ExecBody> => engine.json<ExecBody>({ method: 'GET', path: `/exec/${execId}/json` });
  const exited = connection.ended.then(async () => (await inspect()).ExitCode ?? 137);
  exited.catch(() => undefined);
  return {
    ...connection,
    exited,
    resize: (width, height) =>
      engine.json({ method: 'POST', path: `/exec/${execId}/resize`, query: { w: String(width), h: String(height) } }),
    close: async () => {
      connection.destroy();
      // Docker leaves the process alive when its client goes.
      const state = await engine.find<ExecBody>({ method: 'GET', path: `/exec/${execId}/json` });
      if (state?.Running === true && state.Pid > 0) killQuietly(state.Pid);
    },
  };
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}

export async function attachContainer(engine: Engine, id: string, options: StreamOptions): Promise<ProcessSession> {
  const flag = (on: boolean): string => (on ? '1' : '0');
  const query = { stream: '1', stdin: flag(options.stdin), stdout: flag(options.stdout), stderr: flag(options.stderr && !options.tty) };
  const hijacked = await engine.hijack({ method: 'POST', path: `/containers/${id}/attach`, query });
  const connection = connectStreams(hijacked, options);
  const exited = connection.ended.then(async () => {
    const body = await engine.find<{ State: { Running: boolean; ExitCode: number } }>({ method: 'GET', path: `/containers/${id}/json` });
    if (body === undefined) throw new RuntimeError('notFound', `container ${id} is gone`);
    return body.State.Running ? 0 : body.State.ExitCode;
  });
  exited.catch(() => undefined);
  return {
    ...connection,
    exited,
    resize: (width, height) =>
      engine.json({ method: 'POST', path: `/containers/${id}/resize`, query: { w: String(width), h: String(height) } }),
    close: async () => connection.destroy(),
  };
}
