/**
 * Services and network policies across three nodes of this machine (test/nodes): which node answers where, what the client's address
 * becomes, who is let in, and what a node's loss changes. Needs root and Docker.
 */
import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EndpointSlice, Node, Pod, Service } from '../../src/api/generated/types.ts';
import type { NodeBed } from '../nodes/bed.ts';
import { ask, bedWithWeb, call, podByNode, podIPs, url, webDaemonSet, webTemplate } from '../nodes/web.ts';
import { eventually } from '../support/eventually.ts';
import type { Kubectl } from '../support/kubectl.ts';

let bed: NodeBed;
let kubectl: Kubectl;

const web = { app: 'web' };
const one = { app: 'one' };
const externalIP = '198.51.100.7';

function service(name: string, selector: object, { port, ...spec }: Record<string, unknown> & { readonly port: number }): object {
  const ports = [{ port, targetPort: 8080 }];
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ipFamilyPolicy: 'RequireDualStack', selector, ports, ...spec } };
}

/** A single pod that stays on a node. */
function single(labels: { readonly app: string }, nodeName: string): object {
  const template = webTemplate(labels, { pod: { nodeSelector: { 'kubernetes.io/hostname': nodeName } } });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: labels.app },
    spec: { selector: { matchLabels: labels }, template },
  };
}

const guarded = { app: 'guarded' };
/** Into `guarded` comes `friend` alone; out of `shut` nothing goes but to `one`. */
const policies = [
  {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'guarded' } },
    spec: { podSelector: { matchLabels: guarded }, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }] }] },
  },
  {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'shut' } },
    spec: {
      podSelector: { matchLabels: { app: 'shut' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: one } }], ports: [{ port: 8080 }] }],
    },
  },
];

const items = [
  webDaemonSet({ ports: [{ containerPort: 8080, hostPort: 8090 }] }),
  ...[single(one, 'n2'), single(guarded, 'n2'), single({ app: 'friend' }, 'n1'), single({ app: 'shut' }, 'n1')],
  service('one', one, { port: 80 }),
  service('one-here', one, { port: 80, internalTrafficPolicy: 'Local' }),
  service('one-node', one, { port: 80, type: 'NodePort', externalTrafficPolicy: 'Local' }),
  service('one-balanced', one, { port: 8081, type: 'LoadBalancer', externalTrafficPolicy: 'Local' }),
  service('balanced', web, { port: 8082, type: 'LoadBalancer' }),
  service('sticky', web, { port: 80, type: 'NodePort', sessionAffinity: 'ClientIP' }),
  service('external', web, { port: 8083, externalIPs: [externalIP] }),
  service('headless', web, { port: 8080, clusterIP: 'None' }),
  service('guarded', guarded, { port: 80 }),
  ...policies,
];

const serviceOf = (name: string): Promise<Service> => kubectl.json<Service>('get', 'service', name);
const addressesOf = ({ status }: Service): string[] => (status.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? '');
const clusterURLs = ({ spec }: Service): string[] => (spec.clusterIPs ?? []).map((ip) => url(ip, spec.ports?.[0]?.port ?? 0));

async function podOf(app: string): Promise<Pod | undefined> {
  return (await kubectl.json<{ items: Pod[] }>('get', 'pods', '-l', `app=${app}`)).items[0];
}

/** The machine's own address on the segment, by family: 0 for IPv4. */
function machineIP(family: number): string {
  const own = (networkInterfaces()['cobed-svc'] ?? []).filter(({ address }) => !address.startsWith('fe80:'));
  return own.find((address) => address.family === (family === 0 ? 'IPv4' : 'IPv6'))?.address ?? '';
}

beforeAll(async () => {
  bed = await bedWithWeb({ count: 3, name: 'svc' }, items);
  kubectl = bed.kubectl;
  await kubectl.run('wait', 'deployment', '--all', '--for=condition=Available', '--timeout=60s');
}, 120_000);
afterAll(async () => expect(await bed.down()).toEqual([]), 60_000);

describe('where a Service answers', () => {
  test('policy Local: the node of the pod alone, which sees the client’s own address; for pods also their own node', async () => {
    const { spec } = await serviceOf('one-node');
    const port = spec.ports?.[0]?.nodePort ?? 0;
    for (const family of [0, 1]) {
      const seen = bed.nodes.map(({ ips }) => ask(url(ips[family] ?? '', port), 1)?.from.replace('::ffff:', ''));
      expect(seen).toEqual([undefined, machineIP(family), undefined]);
    }
    // To a third node a pod's call comes from the node it runs on, which is outside there.
    const inside = ['n1', 'n2'].flatMap((name) => bed.node(name).ips.map((ip) => url(ip, port)));
    expect(await call(kubectl, await podOf('friend'), inside.length, ...inside)).toMatchObject({ calls: 4, failed: 0 });
    const third = url(bed.node('n3').ips[0], port);
    expect((await call(kubectl, await podOf('friend'), 1, third)).errors).toEqual({ timeout: 1 });
  }, 60_000);

  test('internal policy Local: from the pod’s node alone, and there at once', async () => {
    const urls = clusterURLs(await serviceOf('one-here'));
    const pods = await podByNode(kubectl);
    expect(await call(kubectl, pods.get('n2'), 4, ...urls)).toMatchObject({ calls: 4, failed: 0 });
    expect((await call(kubectl, pods.get('n1'), 1, ...urls)).errors).toEqual({ timeout: 1 });
  }, 60_000);

  test('a load balancer answers on every node’s addresses, under policy Local on that of the pod; its health check says which', async () => {
    const all = addressesOf(
      await eventually(async () => {
        const found = await serviceOf('balanced');
        expect(addressesOf(found)).toHaveLength(6);
        return found;
      }),
    );
    expect(all.sort()).toEqual(bed.nodes.flatMap(({ ips }) => ips).sort());
    for (const ip of all) expect([ip, ask(url(ip, 8082))?.version]).toEqual([ip, 'v1']);

    const local = await serviceOf('one-balanced');
    expect(addressesOf(local).sort()).toEqual([...bed.node('n2').ips].sort());
    for (const [family, ip] of bed.node('n2').ips.entries())
      expect(ask(url(ip, 8081))?.from.replace('::ffff:', '')).toBe(machineIP(family));
    const health = bed.nodes.map(({ ips }) => {
      const address = url(ips[0], local.spec.healthCheckNodePort ?? 0);
      return spawnSync('curl', ['-s', '-m', '5', '-o', '/dev/null', '-w', '%{http_code}', address], { encoding: 'utf8' }).stdout;
    });
    expect(health).toEqual(['503', '200', '503']);
  }, 60_000);

  test('source ranges let this machine in, or keep it out, on every node', async () => {
    const limit = (ranges: string[]): Promise<string> =>
      kubectl.run('patch', 'service', 'balanced', '--type=merge', '-p', JSON.stringify({ spec: { loadBalancerSourceRanges: ranges } }));
    const answering = (): number => bed.nodes.filter(({ ips }) => ask(url(ips[0], 8082), 1) !== undefined).length;
    await limit(['192.0.2.0/24']);
    await eventually(() => expect(answering()).toBe(0));
    await limit([`${machineIP(0)}/32`, '192.0.2.0/24']);
    await eventually(() => expect(answering()).toBe(3));
  }, 60_000);

  test('session affinity: one pod for a client whichever connection, by each node; external addresses and host ports', async () => {
    const sticky = await serviceOf('sticky');
    for (const { ips } of bed.nodes) {
      const pods = Array.from({ length: 6 }, () => ask(url(ips[0], sticky.spec.ports?.[0]?.nodePort ?? 0))?.pod);
      expect([new Set(pods).size, pods.includes(undefined)]).toEqual([1, false]);
    }
    const pods = await podByNode(kubectl);
    for (const pod of pods.values())
      for (const address of clusterURLs(sticky)) {
        const report = await call(kubectl, pod, 10, address);
        expect([report.failed, Object.keys(report.pods).length]).toEqual([0, 1]);
      }
    const report = await call(kubectl, pods.get('n3'), 20, url(externalIP, 8083));
    expect([report.failed, Object.keys(report.pods).length]).toEqual([0, 3]);
    for (const { name, ips } of bed.nodes) for (const ip of ips) expect(ask(url(ip, 8090))?.pod).toBe(pods.get(name)?.metadata.name);
  }, 60_000);

  test('a pod reaches itself through its Service, in both families', async () => {
    const report = await call(kubectl, await podOf('one'), 4, ...clusterURLs(await serviceOf('one')));
    expect([report.failed, Object.keys(report.pods)]).toEqual([0, [(await podOf('one'))?.metadata.name]]);
  }, 60_000);

  test('a headless name is the addresses of all nodes’ pods, for libc’s own resolver too', async () => {
    const pods = await podByNode(kubectl);
    const all = [...pods.values()].flatMap(podIPs).sort();
    for (const pod of pods.values()) {
      const output = await kubectl.run('exec', pod.metadata.name, '--', 'getent', 'ahosts', 'headless');
      expect([...new Set(output.split('\n').flatMap((line) => line.split(' ')[0] ?? []))].filter((ip) => ip !== '').sort()).toEqual(all);
    }
  }, 60_000);
});

describe('a node is lost', () => {
  beforeAll(() => bed.stop('n3', 'SIGKILL'));

  test('meanwhile policies hold between nodes, in both families and directions', async () => {
    const target = [...clusterURLs(await serviceOf('guarded')), ...podIPs(await podOf('guarded')).map((ip) => url(ip, 8080))];
    expect(await call(kubectl, await podOf('friend'), target.length, ...target)).toMatchObject({ calls: 4, failed: 0 });
    const stranger = (await podByNode(kubectl)).get('n1');
    const refused = target.map((address) => call(kubectl, stranger, 1, address));
    expect((await Promise.all(refused)).map(({ errors }) => errors)).toEqual(target.map(() => ({ timeout: 1 })));

    const open = podIPs(await podOf('one')).map((ip) => url(ip, 8080));
    expect(await call(kubectl, await podOf('shut'), 2, ...open)).toMatchObject({ calls: 2, failed: 0 });
    const shut = await podOf('shut');
    const closed = podIPs((await podByNode(kubectl)).get('n2')).map((ip) => call(kubectl, shut, 1, url(ip, 8080)));
    expect((await Promise.all(closed)).map(({ errors }) => errors)).toEqual([{ timeout: 1 }, { timeout: 1 }]);
  }, 60_000);

  test('it is not ready after its grace: no balancer names it, no Service leads there; back again it takes part', async () => {
    const ready = async (): Promise<string | undefined> =>
      (await kubectl.json<Node>('get', 'node', 'n3')).status.conditions?.find(({ type }) => type === 'Ready')?.status;
    const servingNodes = async (): Promise<string[]> => {
      const { items: slices } = await kubectl.json<{ items: EndpointSlice[] }>(
        'get',
        'endpointslices',
        '-l',
        'kubernetes.io/service-name=balanced',
      );
      const serving = slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready === true);
      return [...new Set(serving.map(({ nodeName = '' }) => nodeName))].sort();
    };
    await eventually(async () => expect(await ready()).toBe('Unknown'), 60_000);
    await eventually(async () =>
      expect([await servingNodes(), addressesOf(await serviceOf('balanced')).length]).toEqual([['n1', 'n2'], 4]),
    );
    const seen = Array.from({ length: 12 }, () => ask(url(bed.node('n1').ips[0], 8082))?.pod);
    expect([seen.includes(undefined), seen.includes((await podByNode(kubectl)).get('n3')?.metadata.name)]).toEqual([false, false]);
    await bed.start('n3');
    await eventually(async () =>
      expect([await ready(), await servingNodes(), addressesOf(await serviceOf('balanced')).length]).toEqual([
        'True',
        ['n1', 'n2', 'n3'],
        6,
      ]),
    );
  }, 120_000);
});
