/** Requests of `coracle` commands to the server that runs on the same data folder: a socket in it, for the owner only. */
import { rmSync } from 'node:fs';
import { createServer, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { running, type Running } from '../base/lifecycle.ts';
import { UsageError } from './usage-error.ts';

const socketOf = (dataDir: string): string => join(dataDir, 'control.sock');

export type ControlCalls = Readonly<Record<string, (input: unknown) => Promise<unknown>>>;

/** Serves each call under its name. Rejects when the socket cannot be made. */
export async function startControlSocket(dataDir: string, calls: ControlCalls): Promise<Running> {
  const path = socketOf(dataDir);
  // Left over from a server that was killed.
  rmSync(path, { force: true });
  const server = createServer((incoming, response) => {
    const answer = async (): Promise<unknown> => {
      const call = calls[(incoming.url ?? '').slice(1)];
      if (call === undefined) throw new Error('this server does not know the request');
      return call(JSON.parse(await textOf(incoming)));
    };
    answer().then(
      (result) => response.end(JSON.stringify(result)),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(error instanceof Error ? error.message : String(error));
      },
    );
  });
  server.listen(path);
  await once(server, 'listening');
  return running(() => {
    server.closeAllConnections();
    server.close();
    rmSync(path, { force: true });
  });
}

/** Asks the server of the data folder. Throws {@link UsageError} with what it says when it cannot. */
export async function askServer(dataDir: string, call: string, input: unknown): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request({ socketPath: socketOf(dataDir), path: `/${call}`, method: 'POST' }, resolve);
  sent.on('error', (error: NodeJS.ErrnoException) => reject(new UsageError(`the server does not answer (${error.code ?? error.message})`)));
  sent.end(JSON.stringify(input));
  const response = await promise;
  const text = await textOf(response);
  if (response.statusCode !== 200) throw new UsageError(text);
  return JSON.parse(text) as unknown;
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
