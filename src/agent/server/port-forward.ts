/** Connections into a pod: pairs of SPDY streams (data and error) for each, on a raw connection or in a WebSocket tunnel. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connectReason } from '../probes/tcp.ts';
import type { SpdyStream } from './spdy/connection.ts';
import { serveSpdy } from './spdy/connection.ts';

export interface ForwardTarget {
  /** For messages. */
  readonly pod: string;
  readonly podIPs: readonly string[];
  /** A process in the pod's network namespace; 0 when the pod is on the host's network. */
  readonly pid: number;
}

const timeoutMs = 10_000;

/** Resolves when the client is gone. */
export async function servePortForward(transport: Duplex, target: ForwardTarget): Promise<void> {
  const pairs = new Map<string, { data?: SpdyStream; error?: SpdyStream }>();
  const connection = serveSpdy(transport, (stream) => {
    const type = stream.headers.get('streamtype');
    const request = stream.headers.get('requestid') ?? String(type === 'data' ? stream.id - 2 : stream.id);
    const pair = pairs.get(request) ?? {};
    if (type === 'data') pair.data = stream;
    else pair.error = stream;
    pairs.set(request, pair);
    if (pair.data === undefined || pair.error === undefined) return;
    pairs.delete(request);
    void forward(target, pair.data, pair.error);
  });
  await connection.closed;
}

async function forward(target: ForwardTarget, data: SpdyStream, error: SpdyStream): Promise<void> {
  const port = Number(data.headers.get('port'));
  try {
    const inside = await connectInside(target, port);
    await Promise.all([pipeline(data, inside), pipeline(inside, data)]).catch(() => {
      inside.destroy();
      data.destroy();
    });
  } catch (cause) {
    error.write(`error forwarding port ${port} to pod ${target.pod}: ${cause instanceof Error ? cause.message : String(cause)}`);
    data.end();
  } finally {
    error.end();
  }
}

/** The pod's address first, which costs nothing; a server that listens on the pod's loopback alone is reached from inside. */
async function connectInside(target: ForwardTarget, port: number): Promise<Duplex> {
  const hosts = target.pid === 0 ? ['127.0.0.1', '::1'] : target.podIPs;
  let failure: NodeJS.ErrnoException | undefined;
  for (const host of hosts) {
    try {
      return await open(host, port);
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
  }
  if (target.pid !== 0 && failure?.code === 'ECONNREFUSED') return openByLoopback(target.pid, port);
  throw new Error(`dial tcp4 127.0.0.1:${port}: connect: ${failure === undefined ? 'the pod has no address' : connectReason(failure)}`);
}

function open(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    socket.setTimeout(timeoutMs, () => socket.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', reject);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** Joins standard input and output with a port of localhost; says `ok` or why not on the first line. */
const program = `const n=require('net'),p=+process.argv[1];const t=(h,f)=>{const s=n.connect({host:h,port:p,allowHalfOpen:true});
s.once('error',f);s.once('connect',()=>{s.off('error',f);s.on('error',()=>process.exit(1));process.stdout.write('ok\\n');process.stdin.pipe(s);s.pipe(process.stdout)})};
t('127.0.0.1',()=>t('::1',(e)=>{process.stdout.write((e.code||'error')+'\\n');process.exit(1)}))`;

function openByLoopback(pid: number, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', ['-t', String(pid), '-n', '--', process.execPath, '-e', program, String(port)], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.once('error', reject);
    child.stdin.on('error', () => undefined);
    const refused = (code: string): void =>
      reject(new Error(`dial tcp4 127.0.0.1:${port}: connect: ${connectReason(Object.assign(new Error(code), { code }))}`));
    child.once('exit', () => refused('ECONNREFUSED'));
    child.stdout.once('data', (first: Buffer) => {
      const end = first.indexOf(10);
      const word = first.toString('utf8', 0, end);
      if (word !== 'ok') return refused(word);
      if (end + 1 < first.length) child.stdout.unshift(first.subarray(end + 1));
      const both = Duplex.from({ readable: child.stdout, writable: child.stdin });
      both.on('close', () => void child.kill());
      resolve(both);
    });
  });
}
