import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { t0 } from '../../testing/pods.ts';
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';
import { cgroupName, containerRequest, networkMode, sandboxRequest } from './bodies.ts';
import { readEvent } from './events.ts';
import { splitReference } from './images.ts';
import type { InspectBody } from './inspect.ts';
import { containerOf, sandboxOf } from './inspect.ts';
import { readLabels, writeLabels } from './labels.ts';
import { imageArchive } from './pause-image.ts';
import { userOf } from './process-user.ts';
import { capabilityLists, hostPrivileges } from './privileges.ts';
import { demultiplex } from './streams.ts';

const owner = { instance: 'abcdef', node: 'n1' };
const pod = { namespace: 'ns', name: 'p', uid: 'u1' };
const host = { complete: true, available: [] };
const facts = { owner, host, driver: 'cgroupfs' } as const;

test('labels carry the facts there and back', () => {
  const labelled = {
    kind: 'init',
    pod,
    container: 'c',
    attempt: 3,
    specHash: 'h',
    image: 'i',
    imageID: 'd',
    terminationLog: '/t',
    handler: 'kata',
  } as const;
  expect(readLabels(writeLabels(owner, labelled))).toEqual(labelled);
});

describe('sandboxes', () => {
  const config: SandboxConfig = {
    pod,
    attempt: 0,
    hostname: 'h',
    hostNetwork: false,
    hostPID: false,
    hostIPC: false,
    cgroupParent: '/x',
    sysctls: {},
    handler: '',
    annotations: {},
  };
  test('leave the network of the host by themselves, which is fast', () => {
    expect(sandboxRequest(config, facts)).toMatchObject({
      name: 'k8s_POD_p_ns_u1_0',
      body: {
        Image: 'coracle/pause-unshare:1',
        Hostname: 'h',
        HostConfig: { NetworkMode: 'host', CapDrop: ['ALL'], CapAdd: ['SYS_ADMIN'] },
      },
    });
  });
  test('on the network of the host need nothing for it', () => {
    const { body } = sandboxRequest({ ...config, hostNetwork: true }, facts);
    expect(body).toMatchObject({ Image: 'coracle/pause:1', HostConfig: { NetworkMode: 'host' } });
    expect(body['HostConfig']).not.toHaveProperty('CapAdd');
  });
  test('with net sysctls get a namespace made by Docker, which sets them', () => {
    const sysctls = { 'net.ipv4.ip_local_port_range': '1024 2000' };
    expect(networkMode({ ...config, sysctls })).toBe('none');
    expect(sandboxRequest({ ...config, sysctls }, facts).body).toMatchObject({
      HostConfig: { NetworkMode: 'none', Sysctls: { ...sysctls, 'net.ipv6.conf.all.disable_ipv6': '0' } },
    });
  });
});

describe('containers', () => {
  const security = {
    user: '1:2',
    groups: ['3'],
    privileged: false,
    addCapabilities: ['CAP_NET_ADMIN'],
    dropCapabilities: ['ALL'],
    readOnlyRoot: true,
    noNewPrivileges: true,
    seccomp: 'unconfined',
    unmaskedProc: false,
    appArmor: '',
  };
  const config: ContainerConfig = {
    pod, name: 'c', kind: 'main', restartCount: 1, specHash: '', image: 'i:1', imageID: 'sha256:1', command: undefined, args: ['a'], env: ['A=1'], workingDir: '/w',
    mounts: [{ hostPath: '/h', containerPath: '/c', readOnly: true, propagation: 'rslave' }, { hostPath: '/i', containerPath: '/d', readOnly: false, propagation: 'private' }],
    devices: [], stdin: false, stdinOnce: true, tty: false, stopSignal: '', resources: { cpuShares: 2, memoryBytes: 1000, oomScoreAdj: 1000 }, security, cgroupParent: '/x', terminationLog: '', processes: 'own',
  }; // prettier-ignore

  test('join the sandbox and carry what was asked for', () => {
    const { name, body } = containerRequest(config, { id: 'sb' }, facts);
    expect(name).toBe('k8s_c_p_ns_u1_1');
    expect(body).toMatchObject({
      Image: 'sha256:1',
      Cmd: ['a'],
      User: '1:2',
      StdinOnce: false,
      HostConfig: {
        NetworkMode: 'container:sb',
        Binds: ['/h:/c:ro,rslave', '/i:/d'],
        CapAdd: ['NET_ADMIN'],
        CapDrop: ['ALL'],
        SecurityOpt: ['seccomp=unconfined', 'no-new-privileges'],
        Memory: 6 << 20,
        MemorySwap: 6 << 20,
      },
    });
    expect(body).not.toHaveProperty('Entrypoint');
    expect(body['HostConfig']).not.toHaveProperty('PidMode');
  });

  test.each([
    ['', false, ['seccomp=unconfined']],
    ['', true, ['seccomp=unconfined', 'apparmor=unconfined']],
    ['mine', true, ['seccomp=unconfined', 'apparmor=mine']],
    ['unconfined', false, ['seccomp=unconfined', 'apparmor=unconfined']],
  ])('AppArmor %j, privileged %j', (appArmor, privileged, expected) => {
    const parts = { ...config, security: { ...security, noNewPrivileges: false, appArmor, privileged } };
    expect(containerRequest(parts, { id: 'sb' }, facts).body).toMatchObject({ HostConfig: { SecurityOpt: expected } });
  });

  test('logs are cut off as the node wants it', () => {
    const log = (logs?: { maxBytes: number; maxFiles: number }) =>
      (containerRequest(config, { id: 'sb' }, { ...facts, logs }).body as { HostConfig: { LogConfig: unknown } }).HostConfig.LogConfig;
    expect(log()).toEqual({ Type: 'json-file', Config: { 'max-size': '10485760', 'max-file': '5', compress: 'true' } });
    expect(log({ maxBytes: 4096, maxFiles: 1 })).toEqual({ Type: 'json-file', Config: { 'max-size': '4096', 'max-file': '1' } });
  });

  test('privileged where the machine cannot: all it has, unconfined', () => {
    const privileged = { ...config, security: { ...security, privileged: true } };
    expect(containerRequest(privileged, { id: 'sb' }, facts).body).toMatchObject({ HostConfig: { Privileged: true } });
    const poor = { complete: false, available: ['CHOWN', 'SYS_ADMIN'] };
    const { body } = containerRequest(privileged, { id: 'sb' }, { ...facts, host: poor });
    expect(body).toMatchObject({
      HostConfig: {
        CapAdd: ['CHOWN', 'SYS_ADMIN'],
        CapDrop: [],
        SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
        MaskedPaths: [],
        ReadonlyPaths: [],
      },
    });
    expect(body['HostConfig']).not.toHaveProperty('Privileged');
  });

  test.each([
    ['pod', 'container:sb'],
    ['host', 'host'],
    [{ containerId: 'x' }, 'container:x'],
  ] as const)('processes %j', (processes, mode) => {
    expect(containerRequest({ ...config, processes }, { id: 'sb' }, facts).body).toMatchObject({ HostConfig: { PidMode: mode } });
  });
});

test('control groups by the driver of the engine', () => {
  expect(cgroupName('/kubepods/burstable/podab-cd', 'cgroupfs')).toBe('/kubepods/burstable/podab-cd');
  expect(cgroupName('/kubepods/burstable/podab-cd', 'systemd')).toBe('kubepods-burstable-podab_cd.slice');
});

test('capabilities of the machine', () => {
  const status = (set: string): string => `Name:\tx\nCapBnd:\t${set}\n`;
  expect(hostPrivileges(status('000001ffffffffff')).complete).toBe(true);
  const poor = hostPrivileges(status('000001fffeffffff'));
  expect(poor.complete).toBe(false);
  expect(poor.available).not.toContain('SYS_RESOURCE');
  expect(capabilityLists(['ALL'], [], poor).add).toEqual(poor.available);
  expect(capabilityLists(['all'], ['CAP_KILL'], { complete: true, available: [] })).toEqual({ add: ['ALL'], drop: ['KILL'] });
});

describe('states', () => {
  const inspect = (state: object): InspectBody => ({
    Id: 'id', Created: new Date(t0).toISOString(), Image: 'sha256:2',
    State: { Status: 'running', Running: true, Pid: 5, ExitCode: 0, OOMKilled: false, Error: '', StartedAt: new Date(t0 + 5).toISOString(), FinishedAt: '0001-01-01T00:00:00Z', ...state },
    Config: { Labels: writeLabels(owner, { kind: 'main', pod, container: 'c', attempt: 2 }), Tty: false, OpenStdin: false, Image: 'x' },
    HostConfig: { NetworkMode: 'container:sb', PidMode: '' },
  }); // prettier-ignore

  test('running, created, ended', () => {
    expect(containerOf(inspect({}))).toMatchObject({
      state: 'running',
      sandboxId: 'sb',
      restartCount: 2,
      startedAt: t0 + 5,
      finishedAt: 0,
      pid: 5,
    });
    expect(containerOf(inspect({ Status: 'created', Running: false, StartedAt: '0001-01-01T00:00:00Z' }))).toMatchObject({
      state: 'created',
      startedAt: 0,
    });
    expect(containerOf(inspect({ Status: 'exited', Running: false, ExitCode: 137, OOMKilled: true }))).toMatchObject({
      state: 'exited',
      exitCode: 137,
      oomKilled: true,
    });
    expect(sandboxOf(inspect({}))).toMatchObject({ running: true, pid: 5, createdAt: t0 });
  });

  test('what could not be started is created for Docker, ended for us', () => {
    const body = inspect({ Status: 'created', Running: false, ExitCode: 127, Error: 'no such file', StartedAt: '0001-01-01T00:00:00Z' });
    expect(containerOf(body)).toMatchObject({ state: 'exited', exitCode: 128, startError: 'no such file', finishedAt: t0 });
  });
});

test('events', () => {
  const line = (Action: string): string =>
    JSON.stringify({ Action, Actor: { ID: 'x', Attributes: writeLabels(owner, { kind: 'sandbox', pod, container: 'POD', attempt: 0 }) } });
  expect(readEvent(line('die'))).toEqual({ type: 'died', podUid: 'u1', id: 'x', sandbox: true });
  expect(readEvent(line('attach'))).toBeUndefined();
});

test.each([
  ['a', 'a', 'latest'],
  ['h:5/a', 'h:5/a', 'latest'],
  ['h:5/a:t', 'h:5/a', 't'],
  ['a:t@sha256:1', 'a', 'sha256:1'],
])('reference %s', (reference, repository, tag) => {
  expect(splitReference(reference)).toEqual({ repository, tag });
});

test('framed output is split between its streams, whatever the chunks', async () => {
  const frame = (stream: number, text: string): Buffer => {
    const head = Buffer.alloc(8);
    head[0] = stream;
    head.writeUInt32BE(text.length, 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const bytes = Buffer.concat([frame(1, 'one'), frame(2, 'two'), frame(1, 'three')]);
  const source = new PassThrough();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  demultiplex(source, bytes.subarray(0, 5), { stdout, stderr });
  for (const byte of bytes.subarray(5)) source.write(Buffer.from([byte]));
  source.end();
  expect([String(await stdout.toArray()), String(await stderr.toArray())].map((text) => text.replaceAll(',', ''))).toEqual([
    'onethree',
    'two',
  ]);
});

test('an image archive is the same bytes each time', () => {
  const archive = imageArchive('a:1', 'prog', Buffer.from('elf'));
  expect(archive.equals(imageArchive('a:1', 'prog', Buffer.from('elf')))).toBe(true);
  expect(archive.toString('latin1')).toContain('"RepoTags":["a:1"]');
  expect(archive.length % 512).toBe(0);
});

test('the user of a process', () => {
  const status = 'Name:\tsh\nUid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001\nFDSize:\t64\nGroups:\t1001 50000 60000 \n';
  expect(userOf(status)).toEqual({ uid: 1000, gid: 1001, groups: [1001, 50_000, 60_000] });
  expect(userOf(status.replace('1001 50000 60000 ', ' '))).toMatchObject({ groups: [] });
  expect(userOf('')).toBeUndefined();
});
