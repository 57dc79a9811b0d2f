/** The Ingress controller beside http-proxy with nothing around it: one after the other in turns, the same backend and the same load. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { median, row } from './statistics.ts';

const rounds = 3;
const perRound = 2000;
const connections = 16;

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  /** Processor time so far in microseconds. */
  readonly used: () => Promise<number>;
}

async function start(...args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'ingress-process.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const number = async (): Promise<number> => {
    const { value } = await lines.next();
    return Number(value);
  };
  const port = await number();
  const used = (): Promise<number> => {
    child.kill('SIGUSR2');
    return number();
  };
  return { child, port, used };
}

function once(agent: Agent, port: number): Promise<void> {
  const headers = { host: 'h500.example', 'user-agent': 'bench', accept: '*/*', 'accept-encoding': 'gzip' };
  return new Promise((resolve, reject) => {
    get({ agent, port, host: '127.0.0.1', path: '/a/b?c=d', headers }, (answer) => {
      answer.resume().on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`status ${String(answer.statusCode)}`))));
    }).on('error', reject);
  });
}

/** Requests a second, and microseconds of the proxy's processor a request. */
async function load({ port, used }: Started, count: number): Promise<{ rate: number; cost: number }> {
  const agent = new Agent({ keepAlive: true });
  const [before, started] = [await used(), performance.now()];
  let left = count;
  const client = async (): Promise<void> => {
    while (left-- > 0) await once(agent, port);
  };
  await Promise.all(Array.from({ length: connections }, client));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  return { rate: count / seconds, cost: ((await used()) - before) / count };
}

export async function ingressFigures(): Promise<void> {
  const backend = await start('backend');
  const bare = await start('http-proxy', String(backend.port));
  const ours = await start('ingress', String(backend.port));
  try {
    for (const warm of [bare, ours]) await load(warm, perRound);
    const pairs: { bare: Awaited<ReturnType<typeof load>>; ours: Awaited<ReturnType<typeof load>> }[] = [];
    for (let round = 0; round < rounds; round++) pairs.push({ bare: await load(bare, perRound), ours: await load(ours, perRound) });
    const of = (pick: (pair: (typeof pairs)[0]) => number): number => median(pairs.map(pick));
    row(
      'http-proxy 1.18.1, bare',
      `${of((pair) => pair.bare.rate).toFixed(0)} requests/s, ${of((pair) => pair.bare.cost).toFixed(0)} us of processor each`,
    );
    row(
      'Ingress among 1,000 hosts',
      `${of((pair) => pair.ours.rate).toFixed(0)} requests/s, ${of((pair) => pair.ours.cost).toFixed(0)} us of processor each`,
    );
    row('Ingress to http-proxy: throughput', `${(100 * of((pair) => pair.ours.rate / pair.bare.rate)).toFixed(0)} %`);
    row('Ingress to http-proxy: processor time', `${(100 * of((pair) => pair.ours.cost / pair.bare.cost)).toFixed(0)} %`);
  } finally {
    for (const { child } of [backend, bare, ours]) child.kill();
  }
}
