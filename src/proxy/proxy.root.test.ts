/** Needs root, `ip`, `nft` and `conntrack`: works in network namespaces of its own; every test fails without them. */
import { spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../base/clock.ts';
import type { Commands } from '../base/command.ts';
import { systemCommands } from '../base/command.ts';
import { silentLogger } from '../base/logger.ts';
import type { ResourceRef } from '../client/client.ts';
import { refs } from '../client/refs.ts';
import type { FakeClient } from '../client/testing/fake-client.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import { endpointSlice, service } from './testing/objects.ts';
import type { Proxy } from './proxy.ts';
import { startProxy } from './proxy.ts';
import { resetProxy } from './reset.ts';

const instance = 'aaaa02';
const hostNs = 'coracle-test-proxy';
const servers: ChildProcessWithoutNullStreams[] = [];

function sh(script: string): void {
  const { status, stderr } = spawnSync('sh', ['-ec', script]);
  expect([status, stderr.toString()]).toEqual([0, '']);
}

function inside(name: string): Commands {
  return systemCommands(['nsenter', `--net=/run/netns/${name}`]);
}

const host = inside(hostNs);
const pod = (n: number): Commands => inside(`${hostNs}-p${n}`);
const names = [hostNs, `${hostNs}-p2`, `${hostNs}-p3`, `${hostNs}-out`];

/** A node with pods 2 and 3 on routed veths, and a client outside (172.30.0.9) behind eth0 (172.30.0.1). */
function build(): void {
  remove();
  sh(names.map((name) => `ip netns add ${name}; ip -n ${name} link set lo up`).join('\n'));
  for (const n of [2, 3]) {
    sh(`
      ip -n ${hostNs} link add v${n} address ee:ee:ee:ee:ee:ee type veth peer name eth0 netns ${hostNs}-p${n}
      ip -n ${hostNs} addr add fe80::1/64 dev v${n} nodad; ip -n ${hostNs} link set v${n} up
      ip -n ${hostNs}-p${n} addr add 10.42.0.${n}/32 dev eth0; ip -n ${hostNs}-p${n} addr add fd42::${n}/128 dev eth0 nodad; ip -n ${hostNs}-p${n} link set eth0 up
      ip -n ${hostNs} route add 10.42.0.${n}/32 dev v${n}; ip -n ${hostNs} route add fd42::${n}/128 dev v${n}
      ip -n ${hostNs}-p${n} route add 10.42.0.1/32 dev eth0; ip -n ${hostNs}-p${n} route add default via 10.42.0.1; ip -n ${hostNs}-p${n} route add default via fe80::1 dev eth0`);
  }
  sh(`
    ip -n ${hostNs} addr add 10.42.0.1/32 dev lo; ip -n ${hostNs} addr add fd42::1/128 dev lo nodad
    ip -n ${hostNs} route add 10.43.0.0/16 dev lo src 10.42.0.1; ip -n ${hostNs} route add fd43::/112 dev v2 src fd42::1
    ip -n ${hostNs} link add eth0 type veth peer name eth0 netns ${hostNs}-out
    ip -n ${hostNs} addr add 172.30.0.1/24 dev eth0; ip -n ${hostNs} link set eth0 up
    ip -n ${hostNs}-out addr add 172.30.0.9/24 dev eth0; ip -n ${hostNs}-out link set eth0 up
    ip -n ${hostNs}-out route add 10.43.0.0/16 via 172.30.0.1; ip -n ${hostNs}-out route add 10.99.0.0/16 via 172.30.0.1
    nsenter --net=/run/netns/${hostNs} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'`);
}

function remove(): void {
  for (const name of names) spawnSync('ip', ['netns', 'del', name]);
}

/** Answers `NAME CLIENT-ADDRESS` over TCP and UDP. */
async function serve(at: Commands, name: string, port: number): Promise<void> {
  const code = `const n=${JSON.stringify(name)};const u=require('dgram').createSocket('udp6');u.on('message',(m,r)=>u.send(n+' '+r.address,r.port,r.address));
    u.bind(${port},'::',()=>require('net').createServer((c)=>{c.on('error',()=>0);c.end(n+' '+c.remoteAddress)}).listen(${port},'::',()=>console.log('up')))`;
  const child = at.spawn(process.execPath, ['-e', code]);
  servers.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

/** What each of `count` connections got. */
async function ask(from: Commands, ip: string, port: number, count = 1): Promise<string[]> {
  const code = `(async()=>{for(let i=0;i<${count};i++)await new Promise((r)=>{const s=require('net').connect({host:'${ip}',port:${port},timeout:700});let o='';
    s.on('data',(d)=>o+=d).on('end',()=>{console.log(o.replace('::ffff:',''));r()}).on('error',(e)=>{console.log(e.code);r()}).on('timeout',()=>{console.log('timeout');s.destroy();r()})})})()`;
  return (await from.run(process.execPath, ['-e', code])).trim().split('\n');
}

/** One UDP question from a fixed source port. */
async function askUdp(from: Commands, ip: string, port: number): Promise<string> {
  const code = `const u=require('dgram').createSocket('udp4');const t=setTimeout(()=>{console.log('timeout');u.close()},500);u.on('error',(e)=>{console.log(e.code);clearTimeout(t);u.close()});
    u.on('message',(m)=>{console.log(String(m).replace('::ffff:',''));clearTimeout(t);u.close()});u.bind(5555,()=>u.send('x',${port},'${ip}'))`;
  return (await from.run(process.execPath, ['-e', code])).trim();
}

let client: FakeClient;
let proxy: Proxy;
let clock: FakeClock;

/** Lets the repair's short waits pass. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 30 && !(await isSo()); tries++) await clock.advance(100);
}

beforeAll(async () => {
  build();
  await Promise.all([serve(pod(2), 'two', 80), serve(pod(3), 'three', 80), serve(pod(2), 'two-dns', 53), serve(pod(3), 'three-dns', 53)]);
});

afterAll(() => {
  for (const child of servers) child.kill('SIGKILL');
  remove();
});

beforeEach(async () => {
  clock = new FakeClock();
  client = createFakeClient({ clock });
  proxy = await startProxy({
    client,
    clock,
    logger: {
      ...silentLogger,
      error: (fields, message) => process.stderr.write(`${message} ${String((fields as { err?: unknown }).err)}\n`),
    },
    instance,
    nodeName: 'node-1',
    clusterCIDRs: ['10.42.0.0/16', 'fd42::/56'],
    serviceCIDRs: ['10.43.0.0/16', 'fd43::/112'],
    commands: host,
  });
  await proxy.synced;
});

afterEach(async () => {
  await proxy.stop();
  await resetProxy({ instance, commands: host });
});

async function apply(...objects: unknown[]): Promise<void> {
  for (const object of objects)
    client.seed(
      ((object as { addressType?: string }).addressType === undefined ? refs.services : refs.endpointSlices) as ResourceRef<unknown>,
      object,
    );
  await new Promise((resolve) => setImmediate(resolve));
  await proxy.settled();
}

const both = [{ ip: '10.42.0.2' }, { ip: '10.42.0.3' }];

describe('cluster addresses', () => {
  test('both families, from a pod (its address kept), from the host, from the pod itself', async () => {
    await apply(
      service('web', { clusterIPs: ['10.43.0.5', 'fd43::5'], ports: [{ name: 'http', port: 8080 }] }),
      endpointSlice('web', { endpoints: both, ports: [{ name: 'http', port: 80 }] }),
      endpointSlice('web', { addressType: 'IPv6', endpoints: [{ ip: 'fd42::3' }], ports: [{ name: 'http', port: 80 }] }),
    );
    const seen = new Set(await ask(pod(2), '10.43.0.5', 8080, 40));
    expect([...seen].sort()).toEqual(['three 10.42.0.2', 'two 10.42.0.1']);
    expect(await ask(pod(2), 'fd43::5', 8080)).toEqual(['three fd42::2']);
    expect((await ask(host, '10.43.0.5', 8080))[0]).toMatch(/10\.42\.0\.1$/);
    expect(await ask(host, 'fd43::5', 8080)).toEqual(['three fd42::1']);
    // From outside the cluster the answer has to come back through the node.
    for (const line of await ask(inside(`${hostNs}-out`), '10.43.0.5', 8080, 4)) expect(line).toMatch(/^(two|three) 10\.42\.0\.1$/);
  });

  test('endpoints come and go; without any, and on ports that are none, a connection is refused at once', async () => {
    await apply(service('web', { clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] }));
    expect(await ask(pod(2), '10.43.0.5', 80)).toEqual(['ECONNREFUSED']);
    expect(await ask(host, '10.43.0.5', 80)).toEqual(['ECONNREFUSED']);
    await apply(endpointSlice('web', { endpoints: [{ ip: '10.42.0.3' }], ports: [{ port: 80 }] }));
    expect(await ask(pod(2), '10.43.0.5', 80)).toEqual(['three 10.42.0.2']);
    expect(await ask(pod(2), '10.43.0.5', 81)).toEqual(['ECONNREFUSED']);
    await apply(endpointSlice('web', { endpoints: both, ports: [{ port: 80 }] }));
    expect(new Set(await ask(pod(2), '10.43.0.5', 80, 40)).size).toBe(2);
    await apply(endpointSlice('web', { endpoints: [{ ip: '10.42.0.2' }], ports: [{ port: 80 }] }));
    expect(new Set(await ask(pod(3), '10.43.0.5', 80, 20))).toEqual(new Set(['two 10.42.0.3']));
    client.remove(refs.services as unknown as ResourceRef<never>, 'default/web');
    await apply();
    expect(await ask(pod(2), '10.43.0.5', 80)).toEqual(['timeout']);
  });

  test('session affinity keeps a client with one backend and survives a change of the others', async () => {
    await apply(
      service('web', {
        clusterIPs: ['10.43.0.5'],
        ports: [{ port: 80, nodePort: 30080 }],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 100 } },
      }),
      endpointSlice('web', { endpoints: both, ports: [{ port: 80 }] }),
    );
    const first = new Set(await ask(pod(2), '10.43.0.5', 80, 20));
    expect(first.size).toBe(1);
    const name = [...first][0]?.startsWith('two') === true ? 'two' : 'three';
    expect(new Set((await ask(inside(`${hostNs}-out`), '172.30.0.1', 30080, 10)).map((line) => line.split(' ')[0])).size).toBe(1);
    await apply(endpointSlice('web', { endpoints: [...both, { ip: '10.42.0.77' }], ports: [{ port: 80 }] }));
    expect(new Set((await ask(pod(2), '10.43.0.5', 80, 10)).map((line) => line.split(' ')[0]))).toEqual(new Set([name]));
    await apply(endpointSlice('web', { endpoints: [name === 'two' ? { ip: '10.42.0.3' } : { ip: '10.42.0.2' }], ports: [{ port: 80 }] }));
    expect(new Set((await ask(pod(2), '10.43.0.5', 80, 10)).map((line) => line.split(' ')[0]))).toEqual(
      new Set([name === 'two' ? 'three' : 'two']),
    );
  });

  test('a UDP client is moved off an endpoint that is gone', async () => {
    await apply(
      service('dns', { clusterIPs: ['10.43.0.10'], ports: [{ port: 53, protocol: 'UDP' }] }),
      endpointSlice('dns', { endpoints: [{ ip: '10.42.0.2' }], ports: [{ port: 53, protocol: 'UDP' }] }),
    );
    expect(await askUdp(pod(3), '10.43.0.10', 53)).toBe('two-dns 10.42.0.3');
    await apply(endpointSlice('dns', { endpoints: [{ ip: '10.42.0.3' }], ports: [{ port: 53, protocol: 'UDP' }] }));
    expect(await askUdp(pod(2), '10.43.0.10', 53)).toBe('three-dns 10.42.0.2');
    expect(await askUdp(pod(3), '10.43.0.10', 53)).toMatch(/^three-dns/);
  });
});

describe('from outside', () => {
  const out = inside(`${hostNs}-out`);

  test('NodePort: from outside through the node address, on 127.0.0.1, from pods, both families', async () => {
    await apply(
      service('web', { type: 'NodePort', clusterIPs: ['10.43.0.5', 'fd43::5'], ports: [{ port: 80, nodePort: 30080 }] }),
      endpointSlice('web', { endpoints: [{ ip: '10.42.0.2' }], ports: [{ port: 80 }] }),
      endpointSlice('web', { addressType: 'IPv6', endpoints: [{ ip: 'fd42::2' }], ports: [{ port: 80 }] }),
    );
    expect((await ask(out, '172.30.0.1', 30080))[0]).toMatch(/^two (172\.30\.0\.1|10\.42\.0\.1)$/);
    for (const ip of ['127.0.0.1', '172.30.0.1', '10.42.0.1', 'fd42::1'])
      expect([ip, (await ask(host, ip, 30080))[0]]).toEqual([ip, expect.stringMatching(/^two /)]);
    for (const ip of ['172.30.0.1', '10.42.0.1', 'fd42::1'])
      expect([ip, (await ask(pod(2), ip, 30080))[0]]).toEqual([ip, expect.stringMatching(/^two /)]);
  });

  test('policy Local keeps the client address, drops without a local endpoint, and still serves the cluster itself', async () => {
    const local = service('web', {
      type: 'NodePort',
      clusterIPs: ['10.43.0.5'],
      externalTrafficPolicy: 'Local',
      ports: [{ port: 80, nodePort: 30080 }],
    });
    await apply(
      local,
      endpointSlice('web', {
        endpoints: [
          { ip: '10.42.0.2', nodeName: 'node-1' },
          { ip: '10.42.0.3', nodeName: 'node-2' },
        ],
        ports: [{ port: 80 }],
      }),
    );
    expect(new Set(await ask(out, '172.30.0.1', 30080, 20))).toEqual(new Set(['two 172.30.0.9']));
    expect(new Set(await ask(pod(2), '172.30.0.1', 30080, 40)).size).toBe(2);
    await apply(endpointSlice('web', { endpoints: [{ ip: '10.42.0.3', nodeName: 'node-2' }], ports: [{ port: 80 }] }));
    expect(await ask(out, '172.30.0.1', 30080)).toEqual(['timeout']);
    // Not known to be a pod of this node: it gets the answer through the node. Then it is.
    expect((await ask(pod(2), '172.30.0.1', 30080))[0]).toMatch(/^three (172\.30\.0\.1|10\.42\.0\.1)$/);
    client.seed(refs.nodes, { metadata: { name: 'node-1' }, spec: { podCIDRs: ['10.42.0.0/24'] }, status: {} });
    await apply();
    expect(await ask(pod(2), '172.30.0.1', 30080)).toEqual(['three 10.42.0.2']);
    await apply(endpointSlice('web', { endpoints: [], ports: [{ port: 80 }] }));
    expect(await ask(out, '172.30.0.1', 30080)).toEqual(['ECONNREFUSED']);
  });

  test('external and load balancer addresses; source ranges keep others out', async () => {
    const balanced = (ranges: string[]): unknown =>
      service('web', {
        type: 'LoadBalancer',
        clusterIPs: ['10.43.0.5'],
        externalIPs: ['10.99.0.1'],
        loadBalancerSourceRanges: ranges,
        ports: [{ port: 80 }],
        ingress: [{ ip: '10.99.0.2' }],
      });
    await apply(balanced(['172.30.0.0/24']), endpointSlice('web', { endpoints: [{ ip: '10.42.0.2' }], ports: [{ port: 80 }] }));
    for (const ip of ['10.99.0.1', '10.99.0.2']) expect([ip, (await ask(out, ip, 80))[0]]).toEqual([ip, expect.stringMatching(/^two /)]);
    await apply(balanced(['192.168.0.0/16']));
    expect(await ask(out, '10.99.0.2', 80)).toEqual(['timeout']);
    expect((await ask(out, '10.99.0.1', 80))[0]).toMatch(/^two /);
  });

  test('what listens on 127.0.0.1 of the host stays out of reach from outside', async () => {
    await serve(host, 'private', 9999);
    sh(
      `ip -n ${hostNs}-out route add 127.0.0.9/32 via 172.30.0.1 table main; ip -n ${hostNs}-out rule add pref 0 to 127.0.0.9 lookup main; nsenter --net=/run/netns/${hostNs}-out sh -c 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet'`,
    );
    sh(`ip -n ${hostNs}-out rule add pref 1 lookup local; ip -n ${hostNs}-out rule del pref 0 lookup local`);
    expect(await ask(out, '127.0.0.9', 9999)).toEqual(['timeout']);
  });
});

test('connections are remembered as long as kube-proxy has it', async () => {
  const files = ['established', 'close_wait'].map((state) => `/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_${state}`);
  expect(await host.run('cat', files)).toBe('86400\n3600\n');
});

test('a stopped proxy leaves its rules; a new one takes over without a gap', async () => {
  await apply(
    service('web', { clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] }),
    endpointSlice('web', { endpoints: [{ ip: '10.42.0.3' }], ports: [{ port: 80 }] }),
  );
  await proxy.stop();
  expect(await ask(pod(2), '10.43.0.5', 80)).toEqual(['three 10.42.0.2']);
});

describe('rules that somebody else changes are put right again', () => {
  const table = `coracle_${instance}`;
  const at = ['ip', table];
  test.each([
    ['everything flushed', ['flush', 'ruleset']],
    ['the table deleted', ['delete', 'table', ...at]],
    ['an element deleted', ['delete', 'element', ...at, 'services', '{ 10.43.0.5 . tcp . 80 }']],
    ['a rule flushed', ['flush', 'chain', ...at, 'nat_prerouting']],
    ['a map flushed', ['flush', 'map', ...at, 'endpoints']],
  ])('%s', async (_, change) => {
    await apply(
      service('web', { clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] }),
      endpointSlice('web', { endpoints: [{ ip: '10.42.0.3' }], ports: [{ port: 80 }] }),
    );
    await host.run('nft', change);
    let seen: string[] = [];
    await until(async () => {
      seen = await ask(pod(2), '10.43.0.5', 80);
      return seen[0] === 'three 10.42.0.2';
    });
    expect(seen).toEqual(['three 10.42.0.2']);
  });

  test('its own changes and those of other tables are no reason to', async () => {
    const before = await host.run('nft', ['-a', 'list', 'table', ...at]);
    await apply(service('web', { clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] }));
    await host.run('nft', ['add', 'table', 'ip', 'other']);
    await host.run('nft', ['delete', 'table', 'ip', 'other']);
    await clock.advance(1000);
    await proxy.settled();
    const handle = (listing: string): string | undefined => /^table .*handle (\d+)/m.exec(listing)?.[1];
    expect(handle(before)).toBeDefined();
    expect(handle(await host.run('nft', ['-a', 'list', 'table', ...at]))).toBe(handle(before));
  });
});

describe('hints and health', () => {
  test('a node follows the hints of its own zone, and of another when its own changes', async () => {
    const node = (zone: string): void =>
      void client.seed(refs.nodes, { metadata: { name: 'node-1', labels: { 'topology.kubernetes.io/zone': zone } }, spec: {}, status: {} });
    node('a');
    const hinted = endpointSlice('web', { endpoints: both, ports: [{ port: 80 }] }) as { endpoints: { hints?: object }[] };
    hinted.endpoints.forEach((endpoint, i) => (endpoint.hints = { forZones: [{ name: i === 0 ? 'a' : 'b' }] }));
    await apply(service('web', { clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] }), hinted);
    expect(new Set((await ask(pod(3), '10.43.0.5', 80, 12)).map((line) => line.split(' ')[0]))).toEqual(new Set(['two']));
    node('b');
    await apply();
    expect(new Set((await ask(pod(2), '10.43.0.5', 80, 12)).map((line) => line.split(' ')[0]))).toEqual(new Set(['three']));
  });
});

test('a service with more endpoints than the table can choose among gets a larger table', async () => {
  const many = Array.from({ length: 40 }, (_, i) => ({ ip: `10.42.9.${i}` }));
  await apply(
    service('big', { clusterIPs: ['10.43.0.6'], ports: [{ port: 80 }] }),
    endpointSlice('big', { endpoints: many, ports: [{ port: 80 }] }),
  );
  await apply(
    service('web', { clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] }),
    endpointSlice('web', { endpoints: [{ ip: '10.42.0.3' }], ports: [{ port: 80 }] }),
  );
  expect(await host.run('nft', ['get', 'element', 'ip', `coracle_${instance}`, 'services', '{ 10.43.0.6 . tcp . 80 }'])).toContain(
    'goto any_40',
  );
  expect(await ask(pod(2), '10.43.0.5', 80)).toEqual(['three 10.42.0.2']);
});
