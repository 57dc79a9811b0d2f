/**
 * The acceptance test of the whole: a server as a user starts it, real kubectl, Docker, nftables and DNS. One story in
 * order; each test builds on the ones before. Needs root and Docker (npm test installs and starts what is missing).
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Deployment, EndpointSlice, Pod, Service } from '../../../src/api/generated/types.ts';
import { Caller, type CallReport } from '../../support/caller.ts';
import { CoracleProcess, freePort } from '../../support/coracle.ts';
import { eventually } from '../../support/eventually.ts';
import { importImages } from '../../support/image.ts';

const serve = 'CMD ["/bin/node","/srv/web.mjs","serve"]';
const manifest = join(import.meta.dirname, 'guestbook.yaml');
const inNamespace = ['-n', 'guestbook'];
let coracle: CoracleProcess;

const kubectl = (...args: string[]): Promise<string> => coracle.kubectl.run(...inNamespace, ...args);

async function list<T>(...args: string[]): Promise<T[]> {
  return (await coracle.kubectl.json<{ items: T[] }>(...inNamespace, 'get', ...args)).items;
}

const isReady = (pod: Pod): boolean =>
  pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
const restarts = (pod: Pod): number => (pod.status.containerStatuses ?? []).reduce((sum, status) => sum + status.restartCount, 0);
const webPods = async (): Promise<Pod[]> =>
  (await list<Pod>('pods', '-l', 'app=web')).filter((pod) => pod.metadata.deletionTimestamp === undefined);

/** Names of the pods that the Service's slices call ready, one entry a pod. */
async function readyEndpoints(): Promise<string[]> {
  const slices = await list<EndpointSlice>('endpointslices', '-l', 'kubernetes.io/service-name=web');
  const names = slices.flatMap((slice) =>
    (slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready === true).map((endpoint) => endpoint.targetRef?.name ?? ''),
  );
  return [...new Set(names)].sort();
}

const inClient = (...args: string[]): Promise<string> => kubectl('exec', 'client', '--', ...args);
const callFromClient = async (times: number, ...urls: string[]): Promise<CallReport> =>
  JSON.parse(await inClient('/bin/node', '/srv/web.mjs', 'call', String(times), ...urls)) as CallReport;

/** Docker's id of the client's container. */
async function clientContainer(): Promise<string> {
  const pod = await coracle.kubectl.json<Pod>(...inNamespace, 'get', 'pod', 'client');
  return (pod.status.containerStatuses?.[0]?.containerID ?? '').replace('docker://', '');
}

const startCaller = async (...urls: string[]): Promise<Caller> => Caller.start(await clientContainer(), ...urls);

beforeAll(async () => {
  importImages([
    { name: 'coracle.test/web:v1', changes: ['ENV VERSION=v1', serve] },
    { name: 'coracle.test/web:v2', changes: ['ENV VERSION=v2', serve] },
  ]);
  coracle = new CoracleProcess([
    ...['--https-listen-port', String(await freePort()), '--kubelet-port', '0', '--runtime', 'docker', '--no-setup'],
    ...['--cluster-cidr', '10.142.0.0/16,fd42:1::/56', '--service-cidr', '10.143.0.0/16,fd43:1::/112'],
  ]);
  await coracle.start();
}, 120_000);

afterAll(async () => {
  await coracle.stop();
  const reset = coracle.command('reset');
  expect(reset).toMatchObject({ code: 0 });
}, 120_000);

describe('guestbook', () => {
  test('kubectl apply brings up three web pods that serve the ConfigMap and the Secret', async () => {
    await coracle.kubectl.run('apply', '-f', manifest);
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    await kubectl('wait', 'pod/client', '--for=condition=Ready', '--timeout=30s');
    await eventually(async () => expect(await readyEndpoints()).toHaveLength(3));
    const answer = JSON.parse(await inClient('/bin/node', '-e', "fetch('http://web').then((r) => r.text()).then(console.log)")) as Record<
      string,
      string
    >;
    expect(answer).toMatchObject({ version: 'v1', config: 'hello from the ConfigMap', secret: 'hello from the Secret' });
  }, 120_000);

  test('apply again changes nothing', async () => {
    const output = await coracle.kubectl.run('apply', '-f', manifest);
    expect(
      output
        .trim()
        .split('\n')
        .every((line) => line.endsWith('unchanged')),
    ).toBe(true);
  }, 30_000);

  test('the Service’s name has an A and an AAAA record', async () => {
    const service = await coracle.kubectl.json<Service>(...inNamespace, 'get', 'service', 'web');
    const lookUp =
      "const d=require('dns/promises');Promise.all([d.resolve4('web.guestbook.svc.cluster.local'),d.resolve6('web.guestbook.svc.cluster.local')]).then((a)=>console.log(JSON.stringify(a.flat())))";
    expect(JSON.parse(await inClient('/bin/node', '-e', lookUp))).toEqual(service.spec.clusterIPs);
    expect(service.spec.clusterIPs?.map((ip) => isIP(ip))).toEqual([4, 6]);
    expect(await inClient('getent', 'ahosts', 'web')).toContain(service.spec.clusterIPs?.[0]);
  }, 30_000);

  test('called 100 times by name over IPv4 and IPv6, every pod answers', async () => {
    const pods = (await webPods()).map((pod) => pod.metadata.name).sort();
    const { clusterIPs = [] } = (await coracle.kubectl.json<Service>(...inNamespace, 'get', 'service', 'web')).spec;
    for (const url of ['http://web', `http://${clusterIPs[0] ?? ''}`, `http://[${clusterIPs[1] ?? ''}]`]) {
      const report = await callFromClient(100, url);
      expect(report).toMatchObject({ calls: 100, failed: 0 });
      expect(Object.keys(report.pods).sort()).toEqual(pods);
    }
  }, 60_000);

  test('scales to five', async () => {
    await kubectl('scale', 'deployment/web', '--replicas=5');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    await eventually(async () => expect(await readyEndpoints()).toHaveLength(5));
    expect(Object.keys((await callFromClient(200, 'http://web')).pods)).toHaveLength(5);
  }, 90_000);

  test('rolls to v2 while a client calls without pause: no failed call', async () => {
    const caller = await startCaller('http://web');
    await kubectl('set', 'image', 'deployment/web', 'web=coracle.test/web:v2');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
    await eventually(async () => expect(Object.keys((await callFromClient(50, 'http://web')).versions)).toEqual(['v2']));
    const report = await caller.stop();
    expect(report.errors).toEqual({});
    expect(report.versions['v1']).toBeGreaterThan(0);
    expect(report.versions['v2']).toBeGreaterThan(0);
  }, 180_000);

  test('a broken image leaves the old pods serving; rollout undo heals it', async () => {
    const caller = await startCaller('http://web');
    await kubectl('set', 'image', 'deployment/web', 'web=coracle.test/no-such-image:v3');
    await eventually(async () => {
      const waiting = (await webPods()).flatMap((pod) => pod.status.containerStatuses ?? []).map((status) => status.state?.waiting?.reason);
      expect(waiting).toEqual(expect.arrayContaining([expect.stringMatching(/^(ErrImagePull|ImagePullBackOff)$/)]));
    });
    const deployment = await coracle.kubectl.json<Deployment>(...inNamespace, 'get', 'deployment', 'web');
    expect(deployment.status.availableReplicas).toBeGreaterThanOrEqual(4);
    await kubectl('rollout', 'undo', 'deployment/web');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    await eventually(async () => expect((await webPods()).filter(isReady)).toHaveLength(5));
    const report = await caller.stop();
    expect(report.errors).toEqual({});
    expect(Object.keys(report.versions)).toEqual(['v2']);
  }, 180_000);

  test('a killed process is restarted and counted', async () => {
    const [pod] = await webPods();
    const name = pod?.metadata.name ?? '';
    // From another pod: an exec into the container would go down with it.
    await inClient('/bin/node', '-e', `fetch('http://${pod?.status.podIP ?? ''}:8080/exit').catch(() => undefined)`);
    await eventually(async () => {
      const now = await coracle.kubectl.json<Pod>(...inNamespace, 'get', 'pod', name);
      expect(restarts(now)).toBe(1);
      expect(isReady(now)).toBe(true);
      expect(now.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(3);
    });
    expect(await kubectl('logs', name, '--previous')).toContain('serving');
  }, 60_000);

  test('an unready pod leaves the slice and gets no calls, and comes back', async () => {
    const name = (await webPods())[0]?.metadata.name ?? '';
    await kubectl('exec', name, '--', 'touch', '/tmp/unready');
    await eventually(async () => expect(await readyEndpoints()).not.toContain(name));
    // The rule follows the slice within a moment; from then on no call may reach the pod.
    await eventually(async () => expect((await callFromClient(100, 'http://web')).pods).not.toHaveProperty(name), 5000);
    expect((await callFromClient(100, 'http://web')).pods).not.toHaveProperty(name);
    await kubectl('exec', name, '--', 'rm', '/tmp/unready');
    await eventually(async () => expect(await readyEndpoints()).toContain(name));
    await eventually(async () => expect((await callFromClient(100, 'http://web')).pods).toHaveProperty(name));
  }, 90_000);

  test('stopping and starting coracle restarts no container and stops no traffic', async () => {
    const before = new Map(
      (await webPods()).map((pod) => [pod.metadata.name, [pod.status.containerStatuses?.[0]?.containerID, restarts(pod)]]),
    );
    // By address: names are served by Coracle itself, and a question asked while it is away takes the resolver five seconds.
    const { clusterIPs = [] } = (await coracle.kubectl.json<Service>(...inNamespace, 'get', 'service', 'web')).spec;
    const caller = await startCaller(`http://${clusterIPs[0] ?? ''}`, `http://[${clusterIPs[1] ?? ''}]`);
    const container = await clientContainer();
    expect(await coracle.stop('SIGINT')).toBe(0);
    const asking = new Promise((resolve) => spawn('docker', ['exec', container, 'getent', 'hosts', 'web']).on('close', resolve));
    await coracle.start();
    // A question that nobody hears is asked again by the resolver.
    expect(await asking).toBe(0);
    await eventually(async () => expect((await webPods()).filter(isReady)).toHaveLength(5));
    const after = new Map(
      (await webPods()).map((pod) => [pod.metadata.name, [pod.status.containerStatuses?.[0]?.containerID, restarts(pod)]]),
    );
    expect(after).toEqual(before);
    const report = await caller.stop();
    expect(report.errors).toEqual({});
    expect(report.calls).toBeGreaterThan(50);
  }, 120_000);

  test('kill -9 in the middle of a rollout: it finishes after the restart', async () => {
    await kubectl('set', 'image', 'deployment/web', 'web=coracle.test/web:v1');
    await eventually(async () => {
      const { status } = await coracle.kubectl.json<Deployment>(...inNamespace, 'get', 'deployment', 'web');
      expect(status.updatedReplicas).toBeGreaterThan(0);
    });
    await coracle.stop('SIGKILL');
    await coracle.start();
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
    await eventually(async () => {
      const pods = await webPods();
      expect(pods).toHaveLength(5);
      expect(pods.every((pod) => pod.spec.containers[0]?.image === 'coracle.test/web:v1' && isReady(pod))).toBe(true);
    });
    expect(await callFromClient(100, 'http://web')).toMatchObject({ failed: 0, versions: { v1: 100 } });
  }, 240_000);

  test('deleting the namespace leaves nothing in the API, Docker, nftables or DNS', async () => {
    const { clusterIPs = [] } = (await coracle.kubectl.json<Service>(...inNamespace, 'get', 'service', 'web')).spec;
    const instance = readFileSync(join(coracle.dataDir, 'instance'), 'utf8');
    await coracle.kubectl.run('delete', 'namespace', 'guestbook', '--timeout=90s');
    expect((await coracle.kubectl.result(['get', 'namespace', 'guestbook'])).stderr).toContain('namespaces "guestbook" not found');
    expect(await coracle.kubectl.run('get', 'all,configmaps,secrets,endpointslices', '-n', 'guestbook', '-o', 'name')).toBe('');
    const docker = (...args: string[]): string => spawnSync('docker', args, { encoding: 'utf8' }).stdout.trim();
    // What has ended is cleared away afterwards, one after the other.
    await eventually(() => expect(docker('ps', '-aq', '--filter', `label=io.coracle.instance=${instance}`)).toBe(''), 60_000);
    await eventually(() => {
      const rules = spawnSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }).stdout;
      expect(rules).toContain(`coracle_${instance}`);
      for (const ip of clusterIPs) expect(rules).not.toContain(`${ip} `);
    }, 5000);
    const dns = await coracle.kubectl.json<Service>('-n', 'kube-system', 'get', 'service', 'kube-dns');
    const { Resolver } = await import('node:dns/promises');
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    resolver.setServers([dns.spec.clusterIP ?? '']);
    await expect(resolver.resolve4('kubernetes.default.svc.cluster.local')).resolves.toHaveLength(1);
    await expect(resolver.resolve4('web.guestbook.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  }, 150_000);
});
