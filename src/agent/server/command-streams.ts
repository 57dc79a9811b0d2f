/** What a client of exec and attach sees of a process, whatever protocol it speaks. */
import type { Readable, Writable } from 'node:stream';

export interface TerminalSize {
  readonly Width: number;
  readonly Height: number;
}

/** The status at the end (apimachinery remotecommand): success, an exit code, or why nothing was run. */
export interface CommandStatus {
  readonly metadata: object;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes: readonly { readonly reason: string; readonly message: string }[] };
  readonly code?: number;
}

export interface CommandStreams {
  /** Ends when the client has no more input. */
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  onResize(handler: (size: TerminalSize) => void): void;
  /** The client went away. */
  readonly gone: Promise<void>;
  /** Tells how it ended and closes. */
  finish(status: CommandStatus): Promise<void>;
}

export interface CommandOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export function exitStatus(code: number): CommandStatus {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

export function failureStatus(error: unknown): CommandStatus {
  const message = `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`;
  return { metadata: {}, status: 'Failure', message, reason: 'InternalError', details: { causes: [{ reason: '', message }] }, code: 500 };
}
