import { connect } from 'node:net';
import type { ProbeResult } from './probe.ts';

export function probeTcp(host: string, port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const finish = (result: ProbeResult): void => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => finish({ ok: false, output: `dial tcp ${address}: i/o timeout` }));
    socket.once('connect', () => finish({ ok: true, output: '' }));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish({ ok: false, output: `dial tcp ${address}: connect: ${connectReason(error)}` }),
    );
  });
}

/** Go's words for why a connection failed. */
export function connectReason(error: NodeJS.ErrnoException): string {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection refused',
    EHOSTUNREACH: 'no route to host',
    ENETUNREACH: 'network is unreachable',
    ECONNRESET: 'connection reset by peer',
    ETIMEDOUT: 'connection timed out',
  };
  return words[error.code ?? ''] ?? error.message;
}
