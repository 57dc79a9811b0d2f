/** Docker's hijacked connections as a {@link ProcessSession}. */
import { PassThrough, Writable } from 'node:stream';
import type { Duplex, Readable } from 'node:stream';
import type { StreamOptions } from '../runtime.ts';

/**
 * Splits Docker's framed output (8 bytes: stream, 3 unused, length) between two sinks. A sink that is full pauses the source.
 */
export function demultiplex(source: Readable, head: Buffer, sinks: { stdout: Writable | undefined; stderr: Writable | undefined }): void {
  let rest: Buffer = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= 8) {
      const length = rest.readUInt32BE(at + 4);
      if (rest.length - at - 8 < length) break;
      const sink = rest[at] === 2 ? sinks.stderr : sinks.stdout;
      if (sink !== undefined && !sink.write(rest.subarray(at + 8, at + 8 + length))) {
        source.pause();
        sink.once('drain', () => source.resume());
      }
      at += 8 + length;
    }
    rest = rest.subarray(at);
  };
  const finish = (): void => {
    sinks.stdout?.end();
    sinks.stderr?.end();
  };
  if (head.length > 0) take(head);
  source.on('data', take);
  source.on('end', finish);
  source.on('close', finish);
  source.on('error', finish);
}

export interface Connection {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  /** All output has arrived. */
  readonly ended: Promise<void>;
  destroy(): void;
}

export function connectStreams(hijacked: { readonly socket: Duplex; readonly head: Buffer }, options: StreamOptions): Connection {
  const { socket, head } = hijacked;
  const stdout = options.stdout ? new PassThrough() : undefined;
  const stderr = options.stderr && !options.tty ? new PassThrough() : undefined;
  const ended = new Promise<void>((resolve) => {
    socket.on('end', resolve);
    socket.on('close', resolve);
  });
  if (options.tty) {
    if (head.length > 0) stdout?.write(head);
    socket.on('error', () => stdout?.end());
    if (stdout === undefined) socket.resume();
    else socket.pipe(stdout);
  } else demultiplex(socket, head, { stdout, stderr });
  const stdin = options.stdin
    ? new Writable({
        write: (chunk: Buffer, _encoding, done) => void (socket.writable ? socket.write(chunk, () => done()) : done()),
        final: (done) => (socket.end(), done()),
      })
    : undefined;
  return { stdin, stdout, stderr, ended, destroy: () => void socket.destroy() };
}
