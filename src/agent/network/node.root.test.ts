/** Needs root, `ip` and `nft`: works in network namespaces of its own and leaves the machine's own network alone. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Commands } from '../../base/command.ts';
import { systemCommands } from '../../base/command.ts';
import { realClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { NodePodNetwork } from './node.ts';
import { resetPodNetwork, startPodNetwork } from './node.ts';
import { eventually } from '../../../test/support/eventually.ts';

const instance = 'aaaa01';
const hostNs = 'coracle-test-node';

interface FakePod {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly inside: Commands;
}

let host: Commands;
let pods: FakePod[];

beforeEach(() => {
  spawnSync('ip', ['netns', 'del', hostNs]);
  expect(spawnSync('ip', ['netns', 'add', hostNs]).status).toBe(0);
  expect(spawnSync('ip', ['-n', hostNs, 'link', 'set', 'lo', 'up']).status).toBe(0);
  host = systemCommands(['nsenter', `--net=/run/netns/${hostNs}`]);
  pods = [];
});

afterEach(() => {
  for (const pod of pods) pod.process.kill('SIGKILL');
  spawnSync('ip', ['netns', 'del', hostNs]);
});

/** A process in a network namespace of its own, as a sandbox would be. */
async function sandbox(): Promise<FakePod> {
  const process = spawn('unshare', ['-n', 'sh', '-c', 'echo ready; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => process.stdout.once('data', resolve));
  const pid = process.pid ?? 0;
  const pod = { process, pid, inside: systemCommands(['nsenter', '-t', String(pid), '-n']) };
  pods.push(pod);
  return pod;
}

function start(overrides: { readonly instance?: string; readonly second?: number } = {}): Promise<NodePodNetwork> {
  const second = overrides.second ?? 42;
  return startPodNetwork({
    instance: overrides.instance ?? instance,
    podCIDRs: [`10.${second}.0.0/24`, `fd${second}::/64`],
    serviceCIDRs: [`10.${second + 100}.0.0/16`, `fd${second}:1::/112`],
    nodeIPs: ['127.0.0.1'],
    commands: host,
    clock: realClock,
    logger: silentLogger,
  });
}

async function attach(
  network: NodePodNetwork,
  uid: string,
  ports: Parameters<NodePodNetwork['attach']>[1] = [],
): Promise<FakePod & { ips: readonly string[] }> {
  const pod = await sandbox();
  const ips = await network.attach({ uid, namespace: 'default', name: uid, pid: pod.pid }, ports);
  return { ...pod, ips };
}

/** A closed port of a reachable address answers with a reset. */
async function answers(from: Commands, ip: string): Promise<boolean> {
  return (await fetchText(from, ip, 9)) === 'ECONNREFUSED';
}

/** Serves one line on a TCP port inside the pod; resolves when it listens. */
async function serve(pod: FakePod, port: number, text: string): Promise<void> {
  const code = `require('net').createServer((c)=>c.end(${JSON.stringify(text)}+' '+c.remoteAddress)).listen({port:${port},host:'::'},()=>console.log('up'))`;
  const server = pod.inside.spawn(process.execPath, ['-e', code]);
  pods.push({ ...pod, process: server });
  await new Promise((resolve) => server.stdout.once('data', resolve));
}

function fetchText(from: Commands, ip: string, port: number): Promise<string> {
  const code = `const s=require('net').connect({host:'${ip}',port:${port},timeout:2000});let o='';s.on('data',(d)=>o+=d).on('end',()=>console.log(o)).on('error',(e)=>{console.log(e.code);}).on('timeout',()=>{console.log('timeout');s.destroy()})`;
  return from.run(process.execPath, ['-e', code]).then((out) => out.trim());
}

describe('pod network', () => {
  test('pods, host and gateway reach each other in both families; a dead pod address is refused', async () => {
    await using network = await start();
    const [a, b] = await Promise.all([attach(network, 'uid-a'), attach(network, 'uid-b')]);
    expect(network.gatewayIPs).toEqual(['10.42.0.1', 'fd42::1']);
    expect([a.ips, b.ips].flat().sort()).toEqual(['10.42.0.2', '10.42.0.3', 'fd42::2', 'fd42::3']);
    for (const ip of [...b.ips, ...network.gatewayIPs]) expect([ip, await answers(a.inside, ip)]).toEqual([ip, true]);
    for (const ip of a.ips) expect([ip, await answers(host, ip)]).toEqual([ip, true]);
    expect(await fetchText(a.inside, '10.42.0.77', 80)).toBe('EHOSTUNREACH');
    expect(await fetchText(a.inside, 'fd42::77', 80)).toMatch(/EHOSTUNREACH|ENETUNREACH/);
  });

  test('a second start finds the pods, keeps their addresses and their host ports', async () => {
    const first = await start();
    const port = { hostIP: '', hostPort: 8080, containerPort: 80, protocol: 'TCP' } as const;
    const a = await attach(first, 'uid-a', [port]);
    await serve(a, 80, 'hello');
    await first.stop();
    await using second = await start();
    expect(await fetchText(host, '127.0.0.1', 8080)).toMatch(/^hello/);
    expect(await second.attach({ uid: 'uid-a', namespace: 'default', name: 'a', pid: a.pid }, [port])).toEqual(a.ips);
    expect(await answers(host, a.ips[0] ?? '')).toBe(true);
    const b = await attach(second, 'uid-b');
    expect(b.ips).not.toEqual(a.ips);
    await second.retain(new Set(['uid-b']));
    expect(await answers(host, a.ips[0] ?? '')).toBe(false);
    expect(await fetchText(host, '127.0.0.1', 8080)).toBe('ECONNREFUSED');
  });

  test('a pod with a new sandbox keeps its address', async () => {
    await using network = await start();
    const a = await attach(network, 'uid-a');
    a.process.kill('SIGKILL');
    const again = await attach(network, 'uid-a');
    expect(again.ips).toEqual(a.ips);
    expect(await answers(host, a.ips[0] ?? '')).toBe(true);
  });

  test('host ports: from the host, from another pod and from the pod itself, both families', async () => {
    await using network = await start();
    const a = await attach(network, 'uid-a', [{ hostIP: '', hostPort: 8080, containerPort: 80, protocol: 'TCP' }]);
    const b = await attach(network, 'uid-b');
    await serve(a, 80, 'a');
    expect(await fetchText(host, '127.0.0.1', 8080)).toBe('a ::ffff:10.42.0.1');
    expect(await fetchText(b.inside, '10.42.0.1', 8080)).toBe(`a ::ffff:${b.ips[0]}`);
    expect(await fetchText(b.inside, 'fd42::1', 8080)).toBe(`a ${b.ips[1]}`);
    expect(await fetchText(a.inside, '10.42.0.1', 8080)).toBe('a ::ffff:10.42.0.1');
    await network.detach('uid-a');
    expect(await fetchText(b.inside, '10.42.0.1', 8080)).toBe('ECONNREFUSED');
  });

  test('a FORWARD policy of DROP does not keep pods apart, and reset takes the rules back', async () => {
    await host.run('sh', [
      '-c',
      'iptables -P FORWARD DROP; iptables -N DOCKER-USER; iptables -A FORWARD -j DOCKER-USER; ip6tables -P FORWARD DROP',
    ]);
    await using network = await start();
    await network.stop();
    await using again = await start();
    const [a, b] = await Promise.all([attach(again, 'uid-a'), attach(again, 'uid-b')]);
    for (const ip of b.ips) expect([ip, await answers(a.inside, ip)]).toEqual([ip, true]);
    const rules = (): Promise<string> => host.run('sh', ['-c', 'iptables -S; ip6tables -S']);
    expect((await rules()).match(/ACCEPT$/gm)).toHaveLength(4 + 4);
    // One that runs would put back what is taken away.
    await again.stop();
    await resetPodNetwork({ instance, commands: host });
    expect(await rules()).not.toContain('coracle');
  });

  test('what somebody else takes away is put back: addresses, routes, a pod’s veth, forwarding, rules', async () => {
    await using network = await start();
    const [a, b] = await Promise.all([attach(network, 'uid-a'), attach(network, 'uid-b')]);
    await network.setPeers({ name: 'self', podCIDRs: [], internalIPs: ['127.0.0.1'] }, [
      { name: 'other', podCIDRs: ['10.42.1.0/24', 'fd42:0:0:1::/64'], internalIPs: ['127.0.0.9', '::1'], backend: 'vxlan' },
    ]);
    const state = (): Promise<string> =>
      host.run('sh', [
        '-c',
        `ip route; ip -6 route; ip -o addr show scope global; ip -o link show up; nft list table ip coracle_${instance}_pods; cat /proc/sys/net/ipv4/ip_forward`.replaceAll(
          '; ',
          ` | sed 's/^[0-9]*: //; s/ link-netns.*//; s/@if[0-9]*//; s/link.ether.*//; s/ qlen [0-9]*//; s/qdisc.*//; s/ handle [0-9]*//' | sort; `,
        ),
      ]);
    const before = await state();
    expect(before).toMatch(/10\.42\.1\.0\/24 via 10\.42\.1\.0 dev coaaaa01vx .*onlink/);
    const veth = `coaaaa01v${(a.ips[0] ?? '').endsWith('.2') ? '2' : '3'}`;
    for (const damage of [
      'ip addr del 10.42.0.1/32 dev coaaaa01',
      'ip route del unreachable 10.42.0.0/24; ip route del 10.142.0.0/16',
      `ip link del ${veth}`,
      'ip link del coaaaa01; ip link del coaaaa01vx',
      'ip link set coaaaa01 down',
      'echo 0 > /proc/sys/net/ipv4/ip_forward',
      'nft flush ruleset',
    ]) {
      await host.run('sh', ['-c', damage]);
      await eventually(async () => expect([damage, await state()]).toEqual([damage, before]), 5000);
    }
    for (const ip of b.ips) expect([ip, await answers(a.inside, ip)]).toEqual([ip, true]);
    await resetPodNetwork({ instance, commands: host });
  }, 60_000);

  test('IPv6 that was switched off in the namespace is switched on', async () => {
    await using network = await start();
    const pod = await sandbox();
    await pod.inside.run('sh', [
      '-c',
      'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6',
    ]);
    const ips = await network.attach({ uid: 'uid-6', namespace: 'default', name: 'six', pid: pod.pid }, []);
    expect(await answers(host, ips[1] ?? '')).toBe(true);
  });

  test('two instances live side by side, the same ranges are refused, reset removes one and leaves the other', async () => {
    await using first = await start();
    await using second = await start({ instance: 'bbbb02', second: 52 });
    await expect(start({ instance: 'cccc03' })).rejects.toThrow('in use by another Coracle');
    const a = await attach(first, 'uid-a');
    const b = await attach(second, 'uid-b');
    await first.stop();
    await resetPodNetwork({ instance, commands: host });
    await resetPodNetwork({ instance, commands: host });
    expect(await answers(host, b.ips[0] ?? '')).toBe(true);
    expect(await answers(host, a.ips[0] ?? '')).toBe(false);
    const left = (await host.run('sh', ['-c', 'ip link; ip route; ip -6 route; nft list tables'])).replaceAll('bbbb02', '');
    expect(left).not.toMatch(/aaaa01|10\.42\.|fd42/);
  });
});
