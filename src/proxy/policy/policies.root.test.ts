/** Needs root, `ip` and `nft`: works in network namespaces of its own; every test fails without them. */
import { spawnSync } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { realClock } from '../../base/clock.ts';
import type { Commands } from '../../base/command.ts';
import { systemCommands } from '../../base/command.ts';
import type { Logger } from '../../base/logger.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Informers } from '../../client/informer-factory.ts';
import { createInformers } from '../../client/informer-factory.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import type { NetworkPolicySpec } from '../../api/generated/types.ts';
import { namespace, networkPolicy, pod } from './testing/objects.ts';
import type { NetworkPolicies } from './policies.ts';
import { startNetworkPolicies } from './policies.ts';
import { resetNetworkPolicies } from './reset.ts';

const instance = 'aaaa04';
const hostNs = 'coracle-test-policy';
const children: ChildProcessWithoutNullStreams[] = [];
const inside = (name: string): Commands => systemCommands(['nsenter', `--net=/run/netns/${name}`]);
const host = inside(hostNs);
const at = (n: number): Commands => inside(`${hostNs}-p${n}`);
const names = [hostNs, `${hostNs}-p2`, `${hostNs}-p3`];

/** A node (10.42.0.1) that forwards between pods 2 and 3. */
function build(): void {
  remove();
  const pods = [2, 3].map(
    (n) => `
    ip netns add ${hostNs}-p${n}; ip -n ${hostNs}-p${n} link set lo up
    ip -n ${hostNs} link add v${n} address ee:ee:ee:ee:ee:ee type veth peer name eth0 netns ${hostNs}-p${n}
    ip -n ${hostNs} addr add fe80::1/64 dev v${n} nodad; ip -n ${hostNs} link set v${n} up
    ip -n ${hostNs}-p${n} addr add 10.42.0.${n}/32 dev eth0; ip -n ${hostNs}-p${n} addr add fd42::${n}/128 dev eth0 nodad; ip -n ${hostNs}-p${n} link set eth0 up
    ip -n ${hostNs} route add 10.42.0.${n}/32 dev v${n} src 10.42.0.1; ip -n ${hostNs} route add fd42::${n}/128 dev v${n} src fd42::1
    ip -n ${hostNs}-p${n} route add 10.42.0.1/32 dev eth0; ip -n ${hostNs}-p${n} route add default via 10.42.0.1; ip -n ${hostNs}-p${n} route add default via fe80::1 dev eth0`,
  );
  const script = `ip netns add ${hostNs}; ip -n ${hostNs} link set lo up
    ip -n ${hostNs} addr add 10.42.0.1/32 dev lo; ip -n ${hostNs} addr add fd42::1/128 dev lo nodad
    nsenter --net=/run/netns/${hostNs} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
    ${pods.join('')}`;
  const { status, stderr } = spawnSync('sh', ['-ec', script], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
}

function remove(): void {
  for (const name of names) spawnSync('ip', ['netns', 'del', name]);
}

/** Answers over TCP and UDP on the ports 80 and 81. */
async function serve(commands: Commands): Promise<void> {
  const code = `let n=0;for(const p of [80,81]){const u=require('dgram').createSocket('udp6');u.on('message',(m,r)=>u.send('ok',r.port,r.address));
    u.bind(p,'::',()=>require('net').createServer((c)=>{c.on('error',()=>0);c.on('data',(d)=>c.write(d));c.write('ok')}).listen(p,'::',()=>++n===2&&console.log('up')))}`;
  const child = commands.spawn(process.execPath, ['-e', code]);
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

/** For each `tcp|udp ADDRESS PORT` whether it answers; all are asked at once. */
async function reach(from: Commands, ...targets: readonly string[]): Promise<boolean[]> {
  const code = `Promise.all(${JSON.stringify(targets)}.map((t)=>new Promise((r)=>{const [kind,host,port]=t.split(' ');setTimeout(()=>r(false),600);
    if(kind==='tcp'){const s=require('net').connect({host,port});s.on('data',()=>r(true)).on('error',()=>r(false))}
    else{const u=require('dgram').createSocket(host.includes(':')?'udp6':'udp4');u.on('message',()=>r(true)).on('error',()=>r(false));u.send('x',Number(port),host)}
  }))).then((a)=>{console.log(JSON.stringify(a));process.exit()})`;
  return JSON.parse(await from.run(process.execPath, ['-e', code])) as boolean[];
}

let client: FakeClient;
let informers: Informers;
let policies: NetworkPolicies;
let warnings: string[];

beforeAll(async () => {
  build();
  await Promise.all([serve(at(2)), serve(at(3)), serve(host)]);
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  remove();
});

beforeEach(async () => {
  warnings = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (_fields, message) => void warnings.push(message),
    error: (_fields, message) => void warnings.push(message),
  };
  client = createFakeClient({ clock: realClock });
  informers = createInformers({ client, clock: realClock, logger });
  client.seed(refs.namespaces, namespace('a'));
  client.seed(refs.pods, pod('a/two', { labels: { app: 'two' }, ips: ['10.42.0.2', 'fd42::2'], ports: { http: 80 } }));
  client.seed(refs.pods, pod('a/three', { labels: { app: 'three' }, ips: ['10.42.0.3', 'fd42::3'] }));
  policies = startNetworkPolicies({ informers, clock: realClock, logger, instance, nodeName: 'n1', commands: host });
  await policies.synced;
});

afterEach(async () => {
  await policies.stop();
  await informers.stop();
  await resetNetworkPolicies({ instance, commands: host });
  expect(await host.run('nft', ['list', 'tables'])).not.toContain(instance);
});

async function apply(name: string, spec: NetworkPolicySpec): Promise<void> {
  client.seed(refs.networkPolicies, networkPolicy(`a/${name}`, spec));
  await new Promise((resolve) => setImmediate(resolve));
  await policies.settled();
}

const two = { podSelector: { matchLabels: { app: 'two' } } };
const tcp = ['tcp 10.42.0.2 80', 'tcp fd42::2 80', 'tcp 10.42.0.2 81', 'tcp fd42::2 81'];
const udp = tcp.map((target) => target.replace('tcp', 'udp'));

test('without policies there is no table; the first one closes, the node goes on reaching its pods', async () => {
  expect(await host.run('nft', ['list', 'tables'])).not.toContain(instance);
  await apply('deny', two);
  expect(await reach(at(3), ...tcp, ...udp)).toEqual(new Array(8).fill(false));
  expect(await reach(host, ...tcp, ...udp)).toEqual(new Array(8).fill(true));
  // Its own way out, itself, and the node are open.
  expect(await reach(at(2), 'tcp 10.42.0.3 80', 'udp fd42::3 80', 'tcp 10.42.0.2 80', 'tcp 10.42.0.1 80')).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(warnings).toEqual([]);
});

test('ports by number, range and name, in both families', async () => {
  await apply('http', {
    ...two,
    ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'http' }, { protocol: 'UDP', port: 81, endPort: 90 }] }],
  });
  expect(await reach(at(3), ...tcp)).toEqual([true, true, false, false]);
  expect(await reach(at(3), ...udp)).toEqual([false, false, true, true]);
  expect(warnings).toEqual([]);
});

test('egress: blocks with exceptions; what was open stays open to established connections', async () => {
  await apply('out', {
    ...two,
    policyTypes: ['Egress'],
    egress: [
      {
        to: [{ ipBlock: { cidr: '10.42.0.0/16', except: ['10.42.0.8/29'] } }, { podSelector: { matchLabels: { app: 'three' } } }],
        ports: [{ port: 80 }],
      },
    ],
  });
  expect(await reach(at(2), 'tcp 10.42.0.3 80', 'tcp fd42::3 80', 'tcp 10.42.0.3 81', 'udp 10.42.0.3 80')).toEqual([
    true,
    true,
    false,
    false,
  ]);
  const code = `const s=require('net').connect({host:'10.42.0.3',port:80});s.on('data',(d)=>console.log(String(d)));process.stdin.on('data',(d)=>s.write(d))`;
  const open = at(2).spawn(process.execPath, ['-e', code]);
  children.push(open);
  const line = (): Promise<string> => new Promise((resolve) => open.stdout.once('data', (data: Buffer) => resolve(String(data).trim())));
  expect(await line()).toBe('ok');
  await apply('out', { ...two, policyTypes: ['Egress'] });
  expect(await reach(at(2), 'tcp 10.42.0.3 80')).toEqual([false]);
  open.stdin.write('still here');
  expect(await line()).toBe('still here');
  expect(warnings).toEqual([]);
});

test('rules that somebody flushes come back', async () => {
  await apply('deny', two);
  await host.run('nft', ['flush', 'ruleset']);
  const until = Date.now() + 10_000;
  while (!(await host.run('nft', ['list', 'ruleset'])).includes('goto') && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await reach(at(3), ...tcp)).toEqual([false, false, false, false]);
  expect(warnings).toEqual(['somebody removed the rules of network policies; they are put back']);
});

test('a pod without an address in its status is protected before its containers start', async () => {
  await apply('deny', { podSelector: { matchLabels: { app: 'new' } } });
  client.seed(refs.pods, pod('a/two', { labels: { app: 'new' } }));
  await policies.protect({ namespace: 'a', name: 'two' }, ['10.42.0.2', 'fd42::2']);
  expect(await reach(at(3), ...tcp)).toEqual([false, false, false, false]);
});
