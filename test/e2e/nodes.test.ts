/**
 * What crosses nodes: three of them on this machine, each with its own network and dockerd (test/nodes). First on one segment,
 * where routes lead from node to node, then each behind a router, where a VXLAN does. Needs root and Docker.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import type { Node, Pod, Service } from '../../src/api/generated/types.ts';
import type { BedOptions, NodeBed } from '../nodes/bed.ts';
import { bedWithWeb, call, podByNode, podIPs, url, webDaemonSet } from '../nodes/web.ts';
import { eventually } from '../support/eventually.ts';
import type { Kubectl } from '../support/kubectl.ts';

let bed: NodeBed;
let kubectl: Kubectl;

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
};

async function bringUp(options: BedOptions): Promise<void> {
  bed = await bedWithWeb(options, [webDaemonSet(), service]);
  kubectl = bed.kubectl;
}

/** Every pod calls every other one by both addresses. */
async function everyPair(): Promise<void> {
  const pods = [...(await podByNode(kubectl)).values()];
  for (const from of pods) {
    const urls = pods.flatMap((to) => podIPs(to).map((ip) => url(ip, 8080)));
    expect(await call(kubectl, from, urls.length, ...urls)).toMatchObject({ calls: urls.length, failed: 0 });
  }
}

const routesOf = (node: string): string => bed.run(node, 'sh', '-c', 'ip route; ip -6 route');

describe('three nodes on one segment', () => {
  beforeAll(() => bringUp({ count: 3, name: 'e2e' }), 120_000);
  afterAll(async () => expect(await bed.down()).toEqual([]), 60_000);

  test('pod to pod, both families, with the pods’ own addresses', async () => {
    await everyPair();
    const pods = await podByNode(kubectl);
    const [a, b] = [pods.get('n1'), pods.get('n3')];
    for (const [family, ip] of podIPs(b).entries()) {
      const { from } = JSON.parse(bed.run('n2', 'curl', '-sg', url(ip, 8080))) as { from: string };
      expect(from.replace('::ffff:', '')).toBe(bed.node('n2').ips[family]);
      const script = `fetch('${url(ip, 8080)}').then((r)=>r.json()).then((x)=>console.log(x.from))`;
      const seen = await kubectl.run('exec', a?.metadata.name ?? '', '--', '/bin/node', '-e', script);
      expect(seen.trim().replace('::ffff:', '')).toBe(podIPs(a)[family]);
    }
  }, 60_000);

  test('a Service from every node, by name and by both addresses; its NodePort at every node, from the machine', async () => {
    const { spec } = await kubectl.json<Service>('get', 'service', 'web');
    const urls = ['http://web/', ...(spec.clusterIPs ?? []).map((ip) => url(ip, 80))];
    for (const pod of (await podByNode(kubectl)).values()) {
      const report = await call(kubectl, pod, 30, ...urls);
      expect([report.failed, Object.keys(report.pods).length]).toEqual([0, 3]);
    }
    const port = spec.ports?.[0]?.nodePort ?? 0;
    for (const ip of bed.nodes.flatMap((node) => node.ips)) {
      expect(execFileSync('curl', ['-sg', '-m', '5', url(ip, port)], { encoding: 'utf8' })).toContain('"version":"v1"');
    }
  }, 60_000);

  test('logs and exec reach every node', async () => {
    for (const [node, pod] of await podByNode(kubectl)) {
      expect(await kubectl.run('logs', pod.metadata.name)).toContain('serving');
      expect([node, (await kubectl.run('exec', pod.metadata.name, '--', 'hostname')).trim()]).toEqual([node, pod.metadata.name]);
    }
  }, 60_000);

  test('an agent that is stopped leaves its pods reachable, and finds them again', async () => {
    const before = await podByNode(kubectl);
    await bed.stop('n2');
    await everyPairFrom('n1');
    await bed.start('n2');
    await everyPair();
    const after = await podByNode(kubectl);
    expect(after.get('n2')?.metadata.uid).toBe(before.get('n2')?.metadata.uid);
    expect(after.get('n2')?.status.containerStatuses?.[0]?.restartCount).toBe(0);
  }, 60_000);

  test('a route that somebody takes away is back within seconds', async () => {
    const before = routesOf('n1');
    bed.run('n1', 'ip', 'route', 'del', '10.42.1.0/24');
    expect(routesOf('n1')).not.toBe(before);
    await eventually(() => expect(routesOf('n1')).toBe(before), 5000);
    await everyPairFrom('n1');
  }, 60_000);

  test('a drained node loses its pods, a deleted one its routes, one that joins anew has both', async () => {
    await kubectl.run('create', 'deployment', 'spread', '--image=coracle.test/web:v1', '--replicas=6');
    await kubectl.run('rollout', 'status', 'deployment/spread', '--timeout=60s');
    await kubectl.run('drain', 'n3', '--ignore-daemonsets', '--timeout=60s');
    await kubectl.run('rollout', 'status', 'deployment/spread', '--timeout=60s');
    const { items } = await kubectl.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=spread');
    expect(new Set(items.filter((pod) => pod.metadata.deletionTimestamp === undefined).map((pod) => pod.spec.nodeName))).toEqual(
      new Set(['n1', 'n2']),
    );
    const [cidr = ''] = (await kubectl.json<Node>('get', 'node', 'n3')).spec.podCIDRs ?? [];
    expect(routesOf('n1')).toContain(cidr);
    await bed.stop('n3');
    await kubectl.run('delete', 'node', 'n3');
    await eventually(() => expect(routesOf('n1')).not.toContain(cidr), 10_000);
    await bed.start('n3');
    await kubectl.run('wait', 'node', 'n3', '--for=condition=Ready', '--timeout=60s');
    await kubectl.run('rollout', 'status', 'daemonset/web', '--timeout=60s');
    const [anew = ''] = (await kubectl.json<Node>('get', 'node', 'n3')).spec.podCIDRs ?? [];
    await eventually(() => expect(routesOf('n1')).toContain(anew), 10_000);
    await everyPair();
  }, 120_000);
});

/** The pods of one node call all others by both addresses (its own agent may be away). */
async function everyPairFrom(node: string): Promise<void> {
  const pods = await podByNode(kubectl);
  const urls = [...pods.values()].flatMap((to) => podIPs(to).map((ip) => url(ip, 8080)));
  expect(await call(kubectl, pods.get(node), urls.length, ...urls)).toMatchObject({ calls: urls.length, failed: 0 });
}

describe('nodes behind routers', () => {
  beforeAll(() => bringUp({ count: 2, name: 'e2e', routed: true }), 120_000);
  afterAll(async () => expect(await bed.down()).toEqual([]), 60_000);

  test('a VXLAN leads from node to node, for pods and for the nodes themselves', async () => {
    expect(routesOf('n1')).toMatch(/10\.42\.1\.0\/24 via 10\.42\.1\.0 dev co[0-9a-f]{6}vx .*onlink/);
    await everyPair();
    const { spec } = await kubectl.json<Service>('get', 'service', 'web');
    for (const node of bed.nodes) {
      for (const pod of (await podByNode(kubectl)).values()) {
        for (const ip of podIPs(pod)) expect(bed.run(node.name, 'curl', '-sg', '-m', '5', url(ip, 8080))).toContain('"version":"v1"');
      }
      for (const ip of node.ips) {
        const port = spec.ports?.[0]?.nodePort ?? 0;
        const pods = new Set<string>();
        for (let i = 0; i < 8; i++) {
          pods.add((JSON.parse(execFileSync('curl', ['-sg', '-m', '5', url(ip, port)], { encoding: 'utf8' })) as { pod: string }).pod);
        }
        expect([node.name, ip, pods.size]).toEqual([node.name, ip, 2]);
      }
    }
  }, 60_000);

  test('nothing is too large for it: 2 MB each way, in both families', async () => {
    const pods = await podByNode(kubectl);
    const server =
      "require('http').createServer((q,s)=>{let n=0;q.on('data',(d)=>n+=d.length).on('end',()=>s.end(n+' '+'x'.repeat(2e6)))}).listen(9000,'::',()=>console.log('up'))";
    const child = kubectl.start('exec', pods.get('n2')?.metadata.name ?? '', '--', '/bin/node', '-e', server);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    for (const ip of podIPs(pods.get('n2'))) {
      const client = `fetch('${url(ip, 9000)}',{method:'POST',body:'y'.repeat(2e6)}).then((r)=>r.text()).then((t)=>console.log(t.slice(0,7),t.length))`;
      expect((await kubectl.run('exec', pods.get('n1')?.metadata.name ?? '', '--', '/bin/node', '-e', client)).trim()).toBe(
        '2000000 2000008',
      );
    }
    child.kill();
  }, 60_000);

  test('what leaves the cluster bears the node’s address', async () => {
    const [fabricIP = ''] = bed.runInFabric('ip', '-4', '-o', 'addr', 'show', 'port0').match(/172\.30\.[\d.]+/) ?? [];
    const script =
      "const s=require('net').createServer((c)=>{console.log(c.remoteAddress);c.end();s.close()}).listen(9001,'::',()=>console.log('up'))";
    const listener = bed.startInFabric(process.execPath, '-e', script);
    const lines: string[] = [];
    listener.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(text.trim()));
    await eventually(() => expect(lines).toEqual(['up']));
    const pods = await podByNode(kubectl);
    const client = `require('net').connect(9001,'${fabricIP}').on('close',()=>console.log('done')).resume()`;
    await kubectl.run('exec', pods.get('n2')?.metadata.name ?? '', '--', '/bin/node', '-e', client);
    await eventually(() => expect(lines.at(-1)?.replace('::ffff:', '')).toBe(bed.node('n2').ips[0]));
  }, 60_000);
});
