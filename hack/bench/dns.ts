/** The DNS server in a process of its own beside CoreDNS, both on the same API server: answers a second, latency, processor time an answer. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, question } from '../../src/dns/testing/message.ts';
import { types } from '../../src/dns/wire.ts';
import { freePort } from '../../test/support/coracle.ts';
import { eventually } from '../../test/support/eventually.ts';
import { cpuSeconds, residentMB } from './processes.ts';
import { percentile, row } from './statistics.ts';
import type { Target } from './target.ts';

export interface DnsFiguresOptions {
  readonly target: Target;
  readonly kubeconfig: string;
  /** How many Services there are, and are asked about in turn. */
  readonly services: number;
  readonly seconds: number;
  /** The program, where it is to be measured too. */
  readonly coredns: string | undefined;
}

const inFlight = 32;

export async function dnsFigures({ target, kubeconfig, services, seconds, coredns }: DnsFiguresOptions): Promise<void> {
  const names = Array.from({ length: services }, (_, i) => `svc-${String(i)}`);
  for (const name of names) {
    const body = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ name: 'http', port: 80 }] } };
    await target.must('POST', '/api/v1/namespaces/default/services', JSON.stringify(body));
  }
  const dir = mkdtempSync(join(tmpdir(), 'coracle-dns-'));
  try {
    const port = await freePort();
    await measure('coracle', { target, names, port, seconds }, [
      process.execPath,
      join(import.meta.dirname, 'dns-server.ts'),
      kubeconfig,
      String(port),
    ]);
    if (coredns === undefined || !existsSync(coredns))
      return row('CoreDNS', 'not measured: --peer and a program at COREDNS or below PEERS/bin');
    const peerPort = await freePort();
    // As kubeadm writes it.
    const corefile = `.:${String(peerPort)} {\n bind 127.0.0.1\n errors\n kubernetes cluster.local in-addr.arpa ip6.arpa {\n  kubeconfig ${kubeconfig}\n  pods insecure\n  fallthrough in-addr.arpa ip6.arpa\n  ttl 30\n }\n cache 30\n loadbalance\n}\n`;
    writeFileSync(join(dir, 'Corefile'), corefile);
    await measure('CoreDNS, one core', { target, names, port: peerPort, seconds }, [coredns, '-conf', join(dir, 'Corefile')], {
      GOMAXPROCS: '1',
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

interface Load {
  readonly target: Target;
  readonly names: readonly string[];
  readonly port: number;
  readonly seconds: number;
}

async function measure(
  name: string,
  load: Load,
  [program = '', ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });
  try {
    await eventually(async () => {
      const answer = await ask(load.port, question(fullName(load.names.at(-1) ?? ''), types.A));
      if (answer.readUInt16BE(6) !== 1) throw new Error(`${name} does not know the Services`);
    }, 60_000);
    await storm(load, 2);
    await report(name, server, load);
    await freshness(name, load);
  } finally {
    server.kill();
  }
}

async function report(name: string, server: ChildProcess, load: Load): Promise<void> {
  const pid = server.pid ?? 0;
  const before = cpuSeconds(pid);
  const { answers, wrong, latencies, elapsed } = await storm(load, load.seconds);
  const cpu = cpuSeconds(pid) - before;
  row(`${name}: answers a second, ${String(inFlight)} in flight`, `${(answers / elapsed).toFixed(0)} (${String(wrong)} wrong)`);
  row(`${name}: answers a second of processor time`, `${(answers / cpu).toFixed(0)} (${((cpu / answers) * 1e6).toFixed(1)} µs an answer)`);
  row(`${name}: latency p50, p99`, `${percentile(latencies, 0.5).toFixed(2)} ms, ${percentile(latencies, 0.99).toFixed(2)} ms`);
  row(`${name}: memory`, `${residentMB(pid).toFixed(0)} MB`);
}

/** From the request that changes a headless Service's endpoint until the first answer with it. */
async function freshness(name: string, { target, port }: Load): Promise<void> {
  const [services, slices] = ['/api/v1/namespaces/default/services', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'];
  const slice = (ip: string): string =>
    JSON.stringify({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'fresh', labels: { 'kubernetes.io/service-name': 'fresh' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [ip] }],
      ports: [],
    });
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'fresh' }, spec: { clusterIP: 'None' } };
  for (const path of [`${services}/fresh`, `${slices}/fresh`]) await target.call('DELETE', path);
  await target.must('POST', services, JSON.stringify(service));
  await target.must('POST', slices, slice('10.152.255.1'));
  const times: number[] = [];
  for (let at = 0; at < 100; at++) {
    const ip = Buffer.from([10, 152, 254, at]);
    const started = performance.now();
    await target.must('PUT', `${slices}/fresh`, slice(ip.join('.')));
    const isThere = async (): Promise<boolean> => (await ask(port, question(fullName('fresh'), types.A))).includes(ip);
    while (!(await isThere())) if (performance.now() - started > 60_000) throw new Error(`${name} goes on with a former endpoint`);
    times.push(performance.now() - started);
  }
  row(
    `${name}: an endpoint changed until it is answered`,
    `p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`,
  );
}

const fullName = (name: string): string => `${name}.default.svc.cluster.local`;

interface Storm {
  readonly answers: number;
  readonly wrong: number;
  readonly latencies: readonly number[];
  readonly elapsed: number;
}

/** Asks without pause, always the same number in flight; a lost question is given up when its number comes round again. */
function storm({ names, port }: Pick<Load, 'names' | 'port'>, seconds: number): Promise<Storm> {
  const questions = names.map((name) => question(fullName(name), types.A));
  const sent = new Float64Array(0x10000);
  const latencies: number[] = [];
  let asked = 0;
  let answers = 0;
  let wrong = 0;
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  const next = (): void => {
    const message = Buffer.from(questions[asked % questions.length] ?? '');
    const id = asked++ & 0xffff;
    message.writeUInt16BE(id, 0);
    sent[id] = performance.now();
    socket.send(message);
  };
  return new Promise((resolve) => {
    socket.connect(port, '127.0.0.1', () => {
      const started = performance.now();
      socket.on('message', (bytes) => {
        answers++;
        if (bytes.readUInt16BE(6) !== 1) wrong++;
        const now = performance.now();
        if (answers % 8 === 0) latencies.push(now - (sent[bytes.readUInt16BE(0)] ?? 0));
        if (now - started < seconds * 1000) return next();
        const elapsed = (now - started) / 1000;
        socket.removeAllListeners('message');
        socket.close(() => resolve({ answers, wrong, latencies, elapsed }));
      });
      for (let i = 0; i < inFlight; i++) next();
    });
  });
}
