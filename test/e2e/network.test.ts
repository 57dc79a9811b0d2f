/** Pod network, service proxy and DNS together, in network namespaces of their own and without containers. Needs root, `ip` and `nft`. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Commands } from '../../src/base/command.ts';
import { systemCommands } from '../../src/base/command.ts';
import { Resolvers } from './resolvers.ts';

const ns = 'coracle-test-network';
const children: ChildProcess[] = [];
const host = systemCommands(['nsenter', `--net=/run/netns/${ns}`]);

interface Pod {
  readonly ips: readonly string[];
  readonly inside: Commands;
}

let node: { ask(command: object): Promise<unknown> };
let a: Pod;
let b: Pod;

async function startNode(): Promise<typeof node> {
  const child = host.spawn(process.execPath, ['--no-warnings', fileURLToPath(new URL('./network-node.ts', import.meta.url))]);
  children.push(child);
  child.stderr.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => JSON.parse((await lines.next()).value as string);
  expect(await answer()).toBe('ready');
  return {
    ask: (command) => {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return answer();
    },
  };
}

async function startPod(uid: string): Promise<Pod> {
  const process = spawn('unshare', ['-n', 'sh', '-c', 'echo ready; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(process);
  await new Promise((resolve) => process.stdout.once('data', resolve));
  const inside = systemCommands(['nsenter', '-t', String(process.pid), '-n']);
  return { ips: (await node.ask({ attach: { uid, pid: process.pid } })) as string[], inside };
}

async function serve(pod: Pod, name: string): Promise<void> {
  const code = `require('net').createServer((c)=>{c.on('error',()=>0);c.end('${name} '+c.remoteAddress)}).listen(8080,'::',()=>console.log('up'))`;
  const child = pod.inside.spawn(process.execPath, ['-e', code]);
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

async function get(from: Commands, ip: string, port: number): Promise<string> {
  const code = `const s=require('net').connect({host:'${ip}',port:${port},timeout:1000});let o='';s.on('data',(d)=>o+=d).on('end',()=>console.log(o.replace('::ffff:','')))
    .on('error',(e)=>console.log(e.code)).on('timeout',()=>{console.log('timeout');s.destroy()})`;
  return (await from.run(process.execPath, ['-e', code])).trim();
}

/** Looks a name up at a DNS server with Node's own resolver. */
async function resolve(from: Commands, server: string, name: string, kind: string): Promise<unknown> {
  const code = `const {Resolver}=require('dns').promises;const r=new Resolver({timeout:1500,tries:1});r.setServers([${JSON.stringify(server)}]);
    r.resolve('${name}','${kind}').then((x)=>console.log(JSON.stringify(x)),(e)=>console.log(JSON.stringify(e.code)))`;
  return JSON.parse(await from.run(process.execPath, ['-e', code]));
}

beforeAll(async () => {
  spawnSync('ip', ['netns', 'del', ns]);
  expect(spawnSync('ip', ['netns', 'add', ns]).status).toBe(0);
  expect(spawnSync('ip', ['-n', ns, 'link', 'set', 'lo', 'up']).status).toBe(0);
  node = await startNode();
  [a, b] = [await startPod('uid-a'), await startPod('uid-b')];
  await Promise.all([serve(a, 'a'), serve(b, 'b')]);
  const slice = (family: number, ready: readonly Pod[]): object => ({
    metadata: { name: `web-${family}`, namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: family === 0 ? 'IPv4' : 'IPv6',
    endpoints: ready.map((pod) => ({ addresses: [pod.ips[family]], conditions: { ready: true }, nodeName: 'node-1' })),
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  });
  const spec = {
    type: 'NodePort',
    clusterIP: '10.43.0.5',
    clusterIPs: ['10.43.0.5', 'fd43::5'],
    ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080 }],
  };
  await node.ask({ seed: { resource: 'services', object: { metadata: { name: 'web', namespace: 'default' }, spec, status: {} } } });
  for (const family of [0, 1]) await node.ask({ seed: { resource: 'endpointSlices', object: slice(family, [a]) } });
}, 20_000);

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  spawnSync('ip', ['netns', 'del', ns]);
});

describe('a node without containers', () => {
  test('pod to pod, both families', async () => {
    for (const [family, ip] of b.ips.entries()) expect(await get(a.inside, ip, 8080)).toBe(`b ${a.ips[family]}`);
  });

  test('pod and host to a cluster address, both families', async () => {
    for (const [family, ip] of ['10.43.0.5', 'fd43::5'].entries()) {
      expect(await get(b.inside, ip, 80)).toBe(`a ${b.ips[family]}`);
      expect(await get(host, ip, 80)).toMatch(/^a (10\.42\.0\.1|fd42::1)$/);
    }
  });

  test('a pod reaches itself through its service', async () => {
    expect(await get(a.inside, '10.43.0.5', 80)).toBe('a 10.42.0.1');
    expect(await get(a.inside, 'fd43::5', 80)).toMatch(/^a fd42::/);
  });

  test('node ports on 127.0.0.1 and on the gateway', async () => {
    expect(await get(host, '127.0.0.1', 30_080)).toMatch(/^a /);
    for (const ip of ['10.42.0.1', 'fd42::1']) expect(await get(b.inside, ip, 30_080)).toMatch(/^a /);
  });

  test('names, through the DNS service’s addresses of both families, from pods and host', async () => {
    const name = 'web.default.svc.cluster.local';
    for (const from of [a.inside, host]) {
      for (const server of ['10.43.0.10', '[fd43::a]']) {
        expect(await resolve(from, server, name, 'A')).toEqual(['10.43.0.5']);
        expect(await resolve(from, server, name, 'AAAA')).toEqual(['fd43::5']);
      }
      const srv = await resolve(from, '10.43.0.10', `_http._tcp.${name}`, 'SRV');
      expect(srv).toEqual([expect.objectContaining({ name, port: 80, priority: 0, weight: 100 })]);
      expect(await resolve(from, '10.43.0.10', '5.0.43.10.in-addr.arpa', 'PTR')).toEqual([name]);
      expect(await resolve(from, '10.43.0.10', 'nope.default.svc.cluster.local', 'A')).toBe('ENOTFOUND');
    }
  });
});

describe('what resolvers think of the cluster’s names', () => {
  const suffix = 'default.svc.cluster.local';
  let resolvers: Resolvers;

  const seed = (resource: string, object: object): Promise<unknown> => node.ask({ seed: { resource, object } });
  const headless = async (name: string, endpoints: object[]): Promise<void> => {
    const labels = { 'kubernetes.io/service-name': name };
    await seed('services', { metadata: { name, namespace: 'default' }, spec: { clusterIP: 'None', ports: [] }, status: {} });
    await seed('endpointSlices', { metadata: { name, namespace: 'default', labels }, addressType: 'IPv4', endpoints, ports: [] });
  };

  beforeAll(async () => {
    resolvers = new Resolvers(b.inside, `search ${suffix} svc.cluster.local cluster.local\nnameserver 10.43.0.10\noptions ndots:5\n`);
    await headless('db', [{ addresses: ['10.42.0.77'], hostname: 'one' }, { addresses: ['10.42.0.78'] }]);
    await headless(
      'big',
      Array.from({ length: 200 }, (_, i) => ({ addresses: [`10.42.7.${i}`] })),
    );
    const spec = { type: 'ExternalName', externalName: `web.${suffix}` };
    await seed('services', { metadata: { name: 'ext', namespace: 'default' }, spec, status: {} });
  });
  afterAll(() => resolvers.remove());

  const web = ['10.43.0.5', 'fd43::5'];
  test.each([
    ['web', web],
    ['web.default', web],
    ['web.default.svc', web],
    [`web.${suffix}`, web],
    [`web.${suffix}.`, web],
    ['db', ['10.42.0.77', '10.42.0.78']],
    ['one.db', ['10.42.0.77']],
    ['ext', web],
    // Absolute, since there is nobody here to ask about what is outside of the cluster.
    [`nope.${suffix}.`, []],
    [`nope.db.${suffix}.`, []],
  ])('%s: glibc and musl find %j', async (name, expected) => {
    expect(await resolvers.addresses('glibc', name)).toEqual(expected);
    expect(await resolvers.addresses('musl', name)).toEqual(expected);
  });

  test('200 addresses come over TCP', async () => {
    expect(await resolvers.addresses('glibc', 'big')).toHaveLength(200);
    expect((await resolvers.dig('+short', `big.${suffix}`)).trim().split('\n')).toHaveLength(200);
    expect(await resolvers.dig('+ignore', '+bufsize=512', `big.${suffix}`)).toMatch(/flags:[^;]* tc/);
  });

  test.each([
    [['web', '+search'], /^web\.default\.svc\.cluster\.local\.\s+\d+\s+IN\s+A\s+10\.43\.0\.5$/m],
    [['+tcp', `web.${suffix}`, 'AAAA'], /\sAAAA\s+fd43::5$/m],
    [['-x', '10.43.0.5'], /\sPTR\s+web\.default\.svc\.cluster\.local\.$/m],
    [[`_http._tcp.web.${suffix}`, 'SRV'], /\sSRV\s+0 100 80 web\.default\.svc\.cluster\.local\.$/m],
    [[`ext.${suffix}`, 'CNAME'], /\sCNAME\s+web\.default\.svc\.cluster\.local\.$/m],
    [[`nope.${suffix}`], /status: NXDOMAIN[^]*\sSOA\s/],
    [[`web.${suffix}`, 'TXT'], /status: NOERROR[^]*\sSOA\s/],
    [['+edns=1', '+noednsneg', `web.${suffix}`], /status: BADVERS/],
    [['+dnssec', '+cookie', `web.${suffix}`], /status: NOERROR[^]*EDNS: version: 0/],
  ])('dig %j', async (args, expected) => {
    const output = await resolvers.dig(...args);
    expect(output).toMatch(expected);
    expect(output).not.toMatch(/malformed|mismatch|recursion requested but not available|extra bytes/i);
  });
});
