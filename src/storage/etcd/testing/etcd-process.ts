/** Real etcd members for tests: on loopback, in a folder of their own. Found in $ETCD, the usual places or /usr/bin (Debian's etcd-server). */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { running, type Running } from '../../../base/lifecycle.ts';

/** The binary, or undefined where there is none. */
export function etcdBinary(): string | undefined {
  const places = [process.env['ETCD'] ?? '', join(homedir(), '.cache/peers/bin/etcd'), '/usr/bin/etcd', '/usr/local/bin/etcd'];
  return places.find((place) => place !== '' && existsSync(place) && spawnSync(place, ['--version']).status === 0);
}

export interface EtcdMember {
  readonly endpoint: string;
  /** Restarts it on its data when it has been stopped. */
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface EtcdCluster extends Running {
  readonly members: readonly EtcdMember[];
  readonly endpoints: readonly string[];
  readonly folder: string;
}

export interface ClusterOptions {
  readonly size?: number;
  /** More arguments for each member. */
  readonly arguments?: readonly string[];
  readonly scheme?: 'http' | 'https';
}

/** Resolves when every member serves. */
export async function startEtcd({ size = 1, arguments: more = [], scheme = 'http' }: ClusterOptions = {}): Promise<EtcdCluster> {
  const binary = etcdBinary();
  if (binary === undefined) throw new Error('there is no etcd on this machine: apt-get install etcd-server, or set ETCD');
  const folder = await mkdtemp(join(tmpdir(), 'coracle-etcd-'));
  const ports = await freePorts(size * 2);
  const peer = (at: number): string => `http://127.0.0.1:${String(ports[at * 2])}`;
  const client = (at: number): string => `${scheme}://127.0.0.1:${String(ports[at * 2 + 1])}`;
  const initial = Array.from({ length: size }, (_, at) => `m${String(at)}=${peer(at)}`).join(',');
  const members = Array.from({ length: size }, (_, at) => {
    const flags = [
      ...['--name', `m${String(at)}`, '--data-dir', join(folder, `m${String(at)}`), '--log-level', 'error'],
      ...['--listen-client-urls', client(at), '--advertise-client-urls', client(at)],
      ...['--listen-peer-urls', peer(at), '--initial-advertise-peer-urls', peer(at), '--initial-cluster', initial],
      ...more,
    ];
    return new Member(binary, flags, client(at));
  });
  const stop = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.kill()));
    await rm(folder, { recursive: true, force: true });
  };
  await Promise.all(members.map((member) => member.start()));
  return { members, endpoints: members.map(({ endpoint }) => endpoint), folder, ...running(stop) };
}

class Member implements EtcdMember {
  readonly endpoint: string;
  readonly #binary: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;

  constructor(binary: string, flags: readonly string[], endpoint: string) {
    this.#binary = binary;
    this.#flags = flags;
    this.endpoint = endpoint;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const child = spawn(this.#binary, this.#flags, {
      stdio: ['ignore', 'ignore', process.env['ETCD_LOG'] === undefined ? 'ignore' : 'inherit'],
    });
    this.#child = child;
    const { port, hostname } = new URL(this.endpoint);
    await listens(Number(port), hostname, () => child.exitCode !== null);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await exited;
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }
}

/** etcd listens for clients once it is part of a cluster with a leader. */
async function listens(port: number, host: string, hasEnded: () => boolean): Promise<void> {
  const { connect } = await import('node:net');
  for (;;) {
    if (hasEnded()) throw new Error('etcd has ended; set ETCD_LOG to see why');
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host);
      socket.on('connect', () => (socket.destroy(), resolve(true)));
      socket.on('error', () => resolve(false));
    });
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}
