/** exec and attach over SPDY: the client opens one stream for each of error, stdin, stdout, stderr and resize. */
import type { Duplex } from 'node:stream';
import type { CommandOptions, CommandStatus, CommandStreams, TerminalSize } from './command-streams.ts';
import type { SpdyStream } from './spdy/connection.ts';
import { serveSpdy } from './spdy/connection.ts';

/** Best first; v1 is what a client speaks that names none. */
export const spdyCommandProtocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const;

/** How long a client may take to open its streams. */
const creationMs = 30_000;

export async function spdyStreams(socket: Duplex, protocol: string, options: CommandOptions): Promise<CommandStreams> {
  const wanted = new Set(['error']);
  if (options.stdin) wanted.add('stdin');
  if (options.stdout) wanted.add('stdout');
  if (options.stderr && !options.tty) wanted.add('stderr');
  const resizable = options.tty && !['v2.channel.k8s.io', 'channel.k8s.io'].includes(protocol);
  if (resizable) wanted.add('resize');
  const streams = new Map<string, SpdyStream>();
  const complete = Promise.withResolvers<boolean>();
  const connection = serveSpdy(socket, (stream) => {
    streams.set(stream.headers.get('streamtype') ?? '', stream);
    if ([...wanted].every((name) => streams.has(name))) complete.resolve(true);
  });
  const timer = setTimeout(() => complete.resolve(false), creationMs);
  void connection.closed.then(() => complete.resolve(false));
  const ok = await complete.promise;
  clearTimeout(timer);
  if (!ok) {
    connection.close();
    throw new Error('Timed out waiting for client to create streams');
  }
  return {
    stdin: streams.get('stdin'),
    stdout: streams.get('stdout'),
    stderr: streams.get('stderr'),
    onResize: (handler) => readSizes(streams.get('resize'), handler),
    gone: connection.closed,
    finish: async (status) => {
      await writeStatus(streams.get('error'), protocol, status);
      for (const name of ['stdout', 'stderr']) await ended(streams.get(name));
      connection.close();
    },
  };
}

function ended(stream: SpdyStream | undefined): Promise<void> {
  if (stream === undefined || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => stream.end(resolve));
}

async function writeStatus(stream: SpdyStream | undefined, protocol: string, status: CommandStatus): Promise<void> {
  if (stream === undefined) return;
  const structured = protocol === 'v4.channel.k8s.io';
  const text = structured ? JSON.stringify(status) : status.status === 'Success' ? '' : (status.message ?? '');
  if (text !== '') stream.write(text);
  await ended(stream);
}

/** JSON objects one after the other, with or without space between. */
function readSizes(stream: SpdyStream | undefined, handler: (size: TerminalSize) => void): void {
  let rest = '';
  stream?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('utf8')).split('}');
    rest = parts.pop() ?? '';
    for (const part of parts) handler(JSON.parse(`${part}}`) as TerminalSize);
  });
}
