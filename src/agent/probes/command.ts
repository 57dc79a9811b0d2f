/** Runs a command in a container to its end. */
import type { Runtime } from '../runtimes/runtime.ts';
import type { ProbeResult } from './probe.ts';

/** Of the output so many bytes are kept (pkg/probe/exec). */
const maxOutput = 10 * 1024;

export interface CommandCall {
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

export async function runCommand(runtime: Runtime, containerId: string, { command, timeoutMs }: CommandCall): Promise<ProbeResult> {
  let output = '';
  try {
    const session = await runtime.exec(containerId, command, { stdin: false, stdout: true, stderr: true, tty: false });
    for (const stream of [session.stdout, session.stderr]) {
      stream?.on(
        'data',
        (chunk: Buffer) => (output = output.length < maxOutput ? (output + chunk.toString('utf8')).slice(0, maxOutput) : output),
      );
    }
    const code = await within(session.exited, timeoutMs);
    if (code === undefined) {
      await session.close();
      return { ok: false, output: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s` };
    }
    return { ok: code === 0, output };
  } catch (error) {
    return { ok: false, errored: true, output: error instanceof Error ? error.message : String(error) };
  }
}

/** Undefined when it takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
