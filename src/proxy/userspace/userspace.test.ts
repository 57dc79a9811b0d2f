/** Needs no root: proxies on free ports of this machine. */
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { CommandError, type Commands } from '../../base/command.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import { refs } from '../../client/refs.ts';
import type { ResourceRef } from '../../client/client.ts';
import { createFakeClient, type FakeClient } from '../../client/testing/fake-client.ts';
import { startProxy, type Proxy } from '../proxy.ts';
import { endpointSlice, service } from '../testing/objects.ts';
import { Chooser } from './frontends.ts';

const open: Running[] = [];
let client: FakeClient;
let proxy: Proxy;
const told: string[] = [];

/** A machine whose nft refuses. */
const refusing: Commands = {
  run: (command) => Promise.reject(new CommandError(command, 1, 'Operation not permitted (you must be root)')),
  spawn: () => {
    throw new Error('nothing is spawned without nftables');
  },
};

beforeEach(async () => {
  const clock = new FakeClock();
  client = createFakeClient({ clock });
  told.length = 0;
  proxy = await startProxy({
    ...{ client, clock, instance: 'aaaa03', nodeName: 'node-1', clusterCIDRs: [], serviceCIDRs: [], commands: refusing },
    logger: { ...silentLogger, warn: (_fields, message) => void told.push(message) },
  });
  open.push(proxy);
  await proxy.synced;
});

afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

/** A TCP server that says its name and what it was told; answers its port. */
async function tcpPod(name: string): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('end', () => socket.end(`${name} ${text}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(running(() => new Promise((resolve) => server.close(() => resolve()))));
  return (server.address() as AddressInfo).port;
}

async function udpPod(name: string): Promise<number> {
  const socket = createSocket('udp4', (message, from) => socket.send(`${name} ${String(message)}`, from.port, from.address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  open.push(running(() => new Promise((resolve) => socket.close(() => resolve()))));
  return socket.address().port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => socket.end('hello'));
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('end', () => resolve(text));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

async function apply(...objects: unknown[]): Promise<void> {
  for (const object of objects)
    client.seed(
      ((object as { addressType?: string }).addressType === undefined ? refs.services : refs.endpointSlices) as ResourceRef<unknown>,
      object,
    );
  await new Promise((resolve) => setImmediate(resolve));
  await proxy.settled();
}

const nodePort = (port: number, protocol = 'TCP'): unknown =>
  service('web', { type: 'NodePort', clusterIPs: ['10.43.0.5'], ports: [{ port: 80, nodePort: port, protocol }] });
const at = (port: number, protocol = 'TCP'): unknown =>
  endpointSlice('web', { endpoints: [{ ip: '127.0.0.1' }], ports: [{ port, protocol }] });

test('without nftables it serves node ports itself and says so in one line', async () => {
  expect(proxy.mode).toBe('userspace');
  expect(told).toEqual([
    expect.stringMatching(/^services are served by proxies in this process, node ports only: nft ended with 1: Operation not permitted/),
  ]);
});

test('TCP: half-closed connections, endpoints that come and go, a refused connection without any', async () => {
  const port = await freePort();
  const [one, two] = [await tcpPod('one'), await tcpPod('two')];
  await apply(nodePort(port));
  expect(await ask(port)).toBe('ECONNRESET');
  await apply(at(one));
  expect(await ask(port)).toBe('one hello');
  await apply(at(two));
  expect(await ask(port)).toBe('two hello');
  client.remove(refs.services as unknown as ResourceRef<never>, 'default/web');
  await apply();
  expect(await ask(port)).toBe('ECONNREFUSED');
});

test('UDP: a client keeps its endpoint while that is there and goes to another then', async () => {
  const port = await freePort();
  const [one, two] = [await udpPod('one'), await udpPod('two')];
  const socket = createSocket('udp4');
  open.push(running(() => new Promise((resolve) => socket.close(() => resolve()))));
  const say = (text: string): Promise<string> =>
    new Promise((resolve) => {
      socket.once('message', (message) => resolve(String(message)));
      socket.send(text, port, '127.0.0.1');
    });
  await apply(nodePort(port, 'UDP'), at(one, 'UDP'));
  expect([await say('a'), await say('b')]).toEqual(['one a', 'one b']);
  await apply(at(two, 'UDP'));
  expect(await say('c')).toBe('two c');
});

describe('Chooser', () => {
  const backends = [
    { ip: '10.0.0.1', port: 1 },
    { ip: '10.0.0.2', port: 1 },
  ];
  const plain = { backends, affinitySeconds: undefined, sourceRanges: [] };

  test('in turn', () => {
    const chooser = new Chooser();
    expect([1, 2, 3].map(() => chooser.choose(plain, '1.1.1.1', 0)?.ip)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1']);
    expect(chooser.choose({ ...plain, backends: [] }, '1.1.1.1', 0)).toBeUndefined();
  });

  test('affinity: the same one until the time is over or it is gone', () => {
    const chooser = new Chooser();
    const sticky = { ...plain, affinitySeconds: 10 };
    const ips = [0, 9000, 18_000, 29_000].map((now) => chooser.choose(sticky, '1.1.1.1', now)?.ip);
    expect(ips).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2']);
    expect(chooser.choose({ ...sticky, backends: backends.slice(0, 1) }, '1.1.1.1', 29_000)?.ip).toBe('10.0.0.1');
  });

  test('source ranges keep others out', () => {
    const ranged = { ...plain, sourceRanges: ['10.0.0.0/8'] };
    expect(new Chooser().choose(ranged, '10.1.1.1', 0)).toBeDefined();
    expect(new Chooser().choose(ranged, '192.168.0.1', 0)).toBeUndefined();
    expect(new Chooser().choose(ranged, 'fd00::1', 0)).toBeUndefined();
  });
});
