/**
 * exec and attach over a WebSocket: each message starts with the number of its channel. v5 adds messages that close a channel;
 * the base64 forms carry text, with the channel as a digit.
 */
import { PassThrough, Writable } from 'node:stream';
import { feed } from './websocket.ts';
import type { WebSocket } from 'ws';
import type { CommandOptions, CommandStatus, CommandStreams, TerminalSize } from './command-streams.ts';

export const commandProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const;

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export function webSocketStreams(websocket: WebSocket, options: CommandOptions): CommandStreams {
  const { protocol } = websocket;
  const base64 = protocol.includes('base64');
  const structured = protocol.startsWith('v4') || protocol.startsWith('v5');
  const send = (channel: number, data: Buffer): Promise<void> =>
    new Promise((resolve) => {
      if (websocket.readyState !== websocket.OPEN) return resolve();
      const message = base64 ? `${channel}${data.toString('base64')}` : Buffer.concat([Buffer.from([channel]), data]);
      websocket.send(message, () => resolve());
    });
  const output = (channel: number, wanted: boolean): Writable | undefined => {
    if (!wanted) return undefined;
    return new Writable({ write: (chunk: Buffer, _encoding, done) => void send(channel, chunk).then(() => done()) });
  };
  const stdin = options.stdin ? new PassThrough() : undefined;
  let resize: (size: TerminalSize) => void = () => undefined;
  const receive = (channel: number, data: Buffer): void => {
    if (channel === channels.stdin) feed(websocket, stdin, data);
    else if (channel === channels.resize) resize(JSON.parse(data.toString('utf8')) as TerminalSize);
    else if (channel === channels.close && data[0] === channels.stdin) stdin?.end();
  };
  websocket.on('message', (message: Buffer) => {
    if (message.length === 0) return;
    if (base64) receive((message[0] ?? 48) - 48, Buffer.from(message.toString('latin1', 1), 'base64'));
    else receive(message[0] ?? 0, message.subarray(1));
  });
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      stdin?.end();
      resolve();
    };
    websocket.on('close', end);
    websocket.on('error', end);
  });
  const stdout = output(channels.stdout, options.stdout);
  const stderr = output(channels.stderr, options.stderr && !options.tty);
  // An empty message tells the client that it is connected; with v5 kubectl knows, and would warn of a message that comes so early.
  if (!protocol.startsWith('v5'))
    void send(options.stdout ? channels.stdout : options.stderr ? channels.stderr : channels.error, Buffer.alloc(0));
  return {
    stdin,
    stdout,
    stderr,
    onResize: (handler) => (resize = handler),
    gone,
    finish: async (status: CommandStatus) => {
      const text = structured ? JSON.stringify(status) : status.status === 'Success' ? '' : (status.message ?? '');
      if (structured || text !== '') await send(channels.error, Buffer.from(text));
      websocket.close(1000);
    },
  };
}
