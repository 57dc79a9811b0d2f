/** Several servers on one etcd: any of them answers, one leads, another takes over. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startEtcd, type EtcdCluster } from '../../src/storage/etcd/testing/etcd-process.ts';
import { withEtcd } from '../../src/storage/etcd/testing/with-etcd.ts';
import type { Json } from '../compare/case.ts';
import { Target } from '../compare/target.ts';
import { CoracleProcess, freePort } from '../support/coracle.ts';

const id = (text: string): string => text;
const secret = 'a-secret-of-both-servers';
const networks = ['--cluster-cidr', '10.187.0.0/16,fd42:87::/56', '--service-cidr', '10.188.0.0/16,fd43:87::/112'];

interface Server {
  readonly process: CoracleProcess;
  target(): Target;
}

/** A way to etcd that can be cut: what is on it is held up, and nobody is told. */
class Way implements Disposable {
  readonly endpoint: string;
  readonly #server: NetServer;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(listening: NetServer, port: number) {
    this.#server = listening;
    this.endpoint = `http://127.0.0.1:${String(port)}`;
  }

  static async to(endpoint: string): Promise<Way> {
    const port = await freePort();
    const { hostname, port: target } = new URL(endpoint);
    const way: Way = new Way(
      createServer((socket) => way.#lead(socket, connect(Number(target), hostname))),
      port,
    );
    await new Promise<void>((resolve) => way.#server.listen(port, '127.0.0.1', resolve));
    return way;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#isCut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #lead(...ends: [Socket, Socket]): void {
    for (const [at, socket] of ends.entries()) {
      const other = ends[1 - at];
      this.#sockets.add(socket);
      socket.on('data', (data) => other?.write(data));
      if (this.#isCut) socket.pause();
      socket.on('error', () => undefined);
      socket.on('close', () => (this.#sockets.delete(socket), other?.destroy()));
    }
  }
}

async function server(endpoint: string, name: string): Promise<Server> {
  const port = await freePort();
  const flags = [
    ...['--datastore-endpoint', endpoint, '--token', secret, '--node-name', name],
    ...['--https-listen-port', String(port), '--kubelet-port', '0', '--runtime', 'sim', '--no-setup', ...networks],
  ];
  const process = new CoracleProcess(flags, mkdtempSync(join(tmpdir(), 'coracle-servers-')));
  await process.start();
  return { process, target: () => new Target(join(process.dataDir, 'kubeconfig')) };
}

async function until<T>(call: () => Promise<T | undefined>, ms: number): Promise<{ value: T; after: number }> {
  const began = performance.now();
  for (;;) {
    const value = await call();
    const after = performance.now() - began;
    if (value !== undefined) return { value, after };
    if (after > ms) throw new Error(`not within ${String(ms)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function read(target: Target, path: string): Promise<Json> {
  return JSON.parse((await target.send({ method: 'GET', path }, id)).text) as Json;
}

const deployment = (name: string, replicas: number): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

const leasePath = (name: string): string => `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${name}`;

async function leaseOf(target: Target, name: string): Promise<{ holder: string; transitions: number }> {
  const { spec = {} } = (await read(target, leasePath(name))) as { spec?: { holderIdentity?: string; leaseTransitions?: number } };
  return { holder: spec.holderIdentity ?? '', transitions: spec.leaseTransitions ?? 0 };
}

type Pod = { readonly spec: { readonly nodeName?: string }; readonly status: { readonly phase: string } };

const runs = ({ status }: Pod): boolean => status.phase === 'Running';
/** A node that is gone is found out about later. */
const isPlaced = ({ spec }: Pod): boolean => spec.nodeName !== undefined;

/** Resolves when the Deployment has its pods, all of them as far as `is` says. */
async function podsOf(target: Target, name: string, replicas: number, is: (pod: Pod) => boolean): Promise<void> {
  await until(async () => {
    const { items = [] } = (await read(target, `/api/v1/namespaces/default/pods?labelSelector=app%3D${name}`)) as {
      items?: Pod[];
    };
    return items.length === replicas && items.every(is) ? true : undefined;
  }, 30_000);
}

withEtcd.describe('two servers on one etcd', () => {
  let etcd: EtcdCluster;
  let way: Way;
  let one: Server;
  let two: Server;

  beforeAll(async () => {
    etcd = await startEtcd({ arguments: ['--unsafe-no-fsync'] });
    const endpoint = etcd.endpoints.join();
    way = await Way.to(endpoint);
    one = await server(way.endpoint, 'one');
    two = await server(endpoint, 'two');
  }, 120_000);
  afterAll(async () => {
    for (const { process } of [one, two]) {
      await process.stop('SIGKILL');
      await rm(process.dataDir, { recursive: true, force: true });
    }
    way[Symbol.dispose]();
    await etcd.stop();
  }, 60_000);

  const post = async (target: Target, path: string, body: object): Promise<number> =>
    (await target.send({ method: 'POST', path, body }, id)).code;

  test('what is written at one is read at the other at once', async () => {
    const [first, second] = [one.target(), two.target()];
    for (let n = 0; n < 20; n++) {
      const [at, other] = n % 2 === 0 ? [first, second] : [second, first];
      const name = `shared-${String(n)}`;
      expect(await post(at, '/api/v1/namespaces', { metadata: { name } })).toBe(201);
      expect((await read(other, `/api/v1/namespaces/${name}`))['kind']).toBe('Namespace');
      // What admission finds in its cache is found at the other one too.
      expect(await post(other, `/api/v1/namespaces/${name}/configmaps`, { metadata: { name: 'a' } })).toBe(201);
      const { code } = await at.send(
        { method: 'PUT', path: `/api/v1/namespaces/${name}/configmaps/a`, body: { metadata: { name: 'a' }, data: { n: '1' } } },
        id,
      );
      expect(code).toBe(200);
    }
  }, 60_000);

  test('a wrong token, and none, are refused', async () => {
    const flags = [
      '--datastore-endpoint',
      etcd.endpoints.join(),
      '--https-listen-port',
      String(await freePort()),
      '--runtime',
      'sim',
      '--no-setup',
    ];
    const stranger = new CoracleProcess([...flags, '--token', 'another']);
    await expect(stranger.start()).rejects.toThrow('the datastore holds the cluster of another token');
    await expect(new CoracleProcess(flags).start()).rejects.toThrow('give its token');
  }, 60_000);

  test('both nodes are there, and the work goes to either', async () => {
    expect(await post(two.target(), '/apis/apps/v1/namespaces/default/deployments', deployment('both', 6))).toBe(201);
    await podsOf(one.target(), 'both', 6, runs);
    const { items } = (await read(one.target(), '/api/v1/nodes')) as unknown as { items: { metadata: { name: string } }[] };
    expect(items.map(({ metadata }) => metadata.name).toSorted()).toEqual(['one', 'two']);
  }, 60_000);

  test('another takes over within 5 s after kill -9, and works', async () => {
    const target = two.target();
    const before = await leaseOf(target, 'kube-controller-manager');
    await one.process.stop('SIGKILL');
    const took = await Promise.all(
      ['kube-controller-manager', 'kube-scheduler'].map((name) =>
        until(async () => ((await leaseOf(target, name)).transitions > before.transitions ? true : undefined), 20_000),
      ),
    );
    for (const { after } of took) expect(after).toBeLessThan(5500);
    expect(await post(target, '/apis/apps/v1/namespaces/default/deployments', deployment('after', 3))).toBe(201);
    await podsOf(target, 'after', 3, isPlaced);
  }, 90_000);

  test('a leader that is frozen for 30 s does nothing when it wakes up', async () => {
    await one.process.start();
    const target = one.target();
    const { holder } = await leaseOf(target, 'kube-controller-manager');
    process.kill(two.process.pid, 'SIGSTOP');
    const began = performance.now();
    const { after } = await until(async () => {
      const lease = await leaseOf(target, 'kube-controller-manager');
      return lease.holder !== holder && lease.holder !== '' ? true : undefined;
    }, 20_000);
    expect(after).toBeLessThan(5500);
    expect(await post(target, '/apis/apps/v1/namespaces/default/deployments', deployment('frozen', 4))).toBe(201);
    const taken = await leaseOf(target, 'kube-controller-manager');
    await new Promise((resolve) => setTimeout(resolve, 30_000 - (performance.now() - began)));
    process.kill(two.process.pid, 'SIGCONT');
    const other = two.target();
    // It is up to date again as soon as it answers.
    await podsOf(other, 'frozen', 4, runs);
    expect(await leaseOf(other, 'kube-controller-manager')).toEqual(taken);
    expect(two.process.output).not.toContain('"level":50');
  }, 120_000);

  test('a leader that is only cut off writes nothing more, before another begins and when the way is open again', async () => {
    const target = two.target();
    const before = await leaseOf(target, 'kube-controller-manager');
    way.cut();
    const { after } = await until(async () => {
      const lease = await leaseOf(target, 'kube-controller-manager');
      return lease.holder !== before.holder && lease.holder !== '' ? true : undefined;
    }, 20_000);
    expect(after).toBeLessThan(5500);
    expect(await post(target, '/apis/apps/v1/namespaces/default/deployments', deployment('cut', 3))).toBe(201);
    await podsOf(target, 'cut', 3, isPlaced);
    const taken = await leaseOf(target, 'kube-controller-manager');
    way.mend();
    // It follows again, and leaves what the other one made as it is.
    await podsOf(one.target(), 'cut', 3, isPlaced);
    await until(async () => (one.process.output.includes('leadership was lost') ? true : undefined), 30_000);
    expect(await leaseOf(target, 'kube-controller-manager')).toEqual(taken);
    const { items } = (await read(target, '/apis/apps/v1/namespaces/default/replicasets?labelSelector=app%3Dcut')) as { items?: unknown[] };
    expect(items).toHaveLength(1);
  }, 120_000);
});
