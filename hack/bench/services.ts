/**
 * Service rules at scale, in a network namespace of their own: the first full sync, one changed endpoint until it is in the kernel, memory
 * and processor time. Coracle's proxy and kube-proxy run one after the other as processes of their own against the same API server.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { familyCpuSeconds, residentMB } from './processes.ts';
import { median, percentile, row } from './statistics.ts';
import type { Target } from './target.ts';

const netns = 'coracle-bench';
const hostIP = '172.31.251.1';
const services = '/api/v1/namespaces/default/services';
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

export interface ServicesOptions {
  readonly target: Target;
  /** Of the server, with an address that the namespace reaches it at: {@link benchAddress}. */
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly counts: readonly number[];
  readonly changes: number;
  /** The kube-proxy to measure beside; undefined: none. */
  readonly kubeProxy: string | undefined;
}

/** Where the namespace reaches the server: its certificate must hold it (`--tls-san`). */
export const benchAddress = hostIP;

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  /** How long to wait between changes in ms. */
  readonly pauseMs: number;
  /** Whether it stops in good order, its children with it, when its input ends. */
  readonly endsWithInput: boolean;
}

/** What is measured: the same API server for every contender, and addresses that none of them has seen. */
interface Sitting extends ServicesOptions {
  readonly freshIPs: Iterator<string>;
}

/** Needs root, ip and nft. */
export async function serviceFigures(options: ServicesOptions): Promise<void> {
  setUp();
  try {
    const inside = kubeconfigInside(options.kubeconfig);
    const sitting = { ...options, freshIPs: freshIPs() };
    let made = 0;
    for (const count of options.counts) {
      await make(options.target, made, count);
      made = count;
      for (const contender of contenders(options, inside)) await measure(contender, count, sitting);
    }
  } finally {
    spawnSync('ip', ['netns', 'del', netns]);
    spawnSync('ip', ['link', 'del', 'cobench0']);
  }
}

function contenders({ nodeName, kubeProxy }: ServicesOptions, kubeconfig: string): Contender[] {
  const own = join(import.meta.dirname, 'service-proxy.ts');
  const coracle = { name: 'coracle', command: [process.execPath, own, kubeconfig, nodeName], pauseMs: 20, endsWithInput: true };
  if (kubeProxy === undefined) return [coracle];
  const flags = ['--proxy-mode', 'nftables', '--cluster-cidr', '10.152.0.0/16', '--hostname-override', nodeName];
  const quiet = ['--conntrack-max-per-core', '0', '--conntrack-tcp-timeout-established', '0', '--conntrack-tcp-timeout-close-wait', '0'];
  // It gathers changes for a second (minSyncPeriod); waiting longer shows its best.
  const command = [kubeProxy, '--kubeconfig', kubeconfig, ...flags, ...quiet];
  return [coracle, { name: 'kube-proxy', command, pauseMs: 1100, endsWithInput: false }];
}

function setUp(): void {
  spawnSync('ip', ['netns', 'del', netns]);
  const script = `ip netns add ${netns}
    ip link add cobench0 type veth peer name eth0 netns ${netns}
    ip addr add ${hostIP}/30 dev cobench0; ip link set cobench0 up
    ip -n ${netns} addr add 172.31.251.2/30 dev eth0; ip -n ${netns} link set eth0 up; ip -n ${netns} link set lo up
    ip -n ${netns} route add default via ${hostIP}`;
  const { status, stderr } = spawnSync('sh', ['-ec', script]);
  if (status !== 0) throw new Error(`a network namespace is needed: ${stderr.toString()}`);
}

function kubeconfigInside(kubeconfig: string): string {
  const file = `${kubeconfig}.bench`;
  writeFileSync(file, readFileSync(kubeconfig, 'utf8').replace(/https:\/\/[^:/]+:/, `https://${hostIP}:`), { mode: 0o600 });
  return file;
}

function slice(at: number, ips: readonly string[]): string {
  return JSON.stringify({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `bench-${String(at)}`, labels: { 'kubernetes.io/service-name': `bench-${String(at)}` } },
    addressType: 'IPv4',
    endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  });
}

function podIP(number: number): string {
  return `10.152.${String((number >> 8) & 255)}.${String(number & 255)}`;
}

/** Addresses beyond those of {@link make}, no two alike: a slice that already has what is written is no change, and nobody syncs. */
function* freshIPs(): Generator<string> {
  for (let number = 64 << 8; number < 256 << 8; number++) yield podIP(number);
}

/** Services `from` to `to`, two endpoints each. */
async function make(target: Target, from: number, to: number): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < to; at = next++) {
      const metadata = { name: `bench-${String(at)}` };
      await target.must(
        'POST',
        services,
        JSON.stringify({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ name: 'http', port: 80 }] } }),
      );
      await target.must('POST', slices, slice(at, [podIP(2 * at), podIP(2 * at + 1)]));
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

/** When the proxy last put rules in the kernel, in ms since the epoch, as its metrics say: both have kube-proxy's. */
function lastSync(): number {
  const { stdout } = spawnSync('nsenter', [`--net=/run/netns/${netns}`, 'curl', '-s', 'http://127.0.0.1:10249/metrics']);
  const match = /^kubeproxy_sync_proxy_rules_last_timestamp_seconds\{ip_family="IPv4"\} (\S+)$/m.exec(stdout.toString());
  return Number(match?.[1] ?? NaN) * 1000;
}

async function measure(contender: Contender, count: number, { target, changes, freshIPs }: Sitting): Promise<void> {
  spawnSync('ip', ['netns', 'exec', netns, 'nft', 'flush', 'ruleset']);
  // Where the last service's address shows, its whole first sync is in: each makes it in one transaction.
  const last = JSON.parse((await target.must('GET', `${services}/bench-${String(count - 1)}`)).toString()) as {
    spec: { clusterIP: string };
  };
  const started = performance.now();
  const child = spawn('nsenter', [`--net=/run/netns/${netns}`, ...contender.command], { stdio: ['pipe', 'ignore', 'ignore'] });
  const pid = child.pid ?? 0;
  try {
    await untilInKernel(last.spec.clusterIP);
    const first = (performance.now() - started) / 1000;
    const label = `${contender.name}: ${String(count)} services`;
    row(`${label}, start to rules in the kernel`, `${first.toFixed(2)} s, ${familyCpuSeconds(pid).toFixed(2)} s of processor`);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const before = familyCpuSeconds(pid);
    const times = await change(contender.pauseMs, {
      target,
      count,
      freshIPs,
      changes: contender.pauseMs > 1000 ? Math.min(15, changes) : changes,
    });
    const cpu = ((familyCpuSeconds(pid) - before) / times.length) * 1000;
    row(`${label}, one endpoint changed`, `${spread(times.map(({ total }) => total))}, ${cpu.toFixed(1)} ms of processor each`);
    row(`${label}, of that after the server's answer`, spread(times.map(({ afterAnswer }) => afterAnswer)));
    row(`${label}, memory`, `${residentMB(pid).toFixed(0)} MB`);
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (contender.endsWithInput) child.stdin.end();
    else child.kill();
    await ended;
  }
}

function spread(times: readonly number[]): string {
  return `p50 ${median(times).toFixed(1)} ms  p99 ${percentile(times, 0.99).toFixed(1)} ms`;
}

/** From sending a change until the kernel has it, and from the answer on: until that comes the server may wait for its disk. In ms. */
interface ChangeTime {
  readonly total: number;
  readonly afterAnswer: number;
}

/** Looks for one element ten times a second, which costs next to nothing. */
async function untilInKernel(clusterIP: string): Promise<void> {
  const maps = ['coracle_beac00 services', 'kube-proxy service-ips'];
  const script = maps.map((map) => `nft get element ip ${map} '{ ${clusterIP} . tcp . 80 }'`).join(' || ');
  for (;;) {
    const { status } = spawnSync('nsenter', [`--net=/run/netns/${netns}`, 'sh', '-c', `(${script}) >/dev/null 2>&1`]);
    if (status === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function change(
  pauseMs: number,
  { target, count, changes, freshIPs }: Pick<Sitting, 'target' | 'changes' | 'freshIPs'> & { readonly count: number },
): Promise<ChangeTime[]> {
  const times: ChangeTime[] = [];
  for (let at = 0; at < changes; at++) {
    const service = (at * 37) % count;
    const fresh: unknown = freshIPs.next().value;
    if (typeof fresh !== 'string') throw new Error('no address is left that was never an endpoint');
    const started = Date.now();
    await target.must('PUT', `${slices}/bench-${String(service)}`, slice(service, [podIP(2 * service), fresh]));
    const answered = Date.now();
    // Asking costs processor time that the change itself wants; when it was made the answer tells in any case.
    await new Promise((resolve) => setTimeout(resolve, 50));
    let synced = lastSync();
    for (const end = started + 60_000; !(synced >= started) && Date.now() < end; synced = lastSync())
      await new Promise((resolve) => setTimeout(resolve, 20));
    if (!(synced >= started)) throw new Error('a changed endpoint did not reach the kernel within a minute');
    times.push({ total: synced - started, afterAnswer: synced - answered });
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return times;
}
