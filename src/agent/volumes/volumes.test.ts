import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
  existsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { ConfigMap, Secret } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { PodReferences } from '../references.ts';
import { t0, testPod } from '../testing/pods.ts';
import type { Payload } from './atomic-writer.ts';
import { writeAtomically } from './atomic-writer.ts';
import { claimedVolume } from './claims.ts';
import { prepareHostPath } from './host-path.ts';
import { containerDevices, containerMounts } from './mounts.ts';
import type { VolumeInput } from './pod-volumes.ts';
import { MountFailure, mountsBelow, prepareVolumes, removeVolumes } from './pod-volumes.ts';
import { readOnlyOptions } from './recursive-read-only.ts';
import { createTokens, renewalTime } from './tokens.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coracle-volumes-'));
});

const payload = (files: Record<string, string>): Payload =>
  new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o640 }]));
const none = { fsGroup: undefined };

describe('atomic writes', () => {
  test('every name leads through one link', async () => {
    await writeAtomically(dir, payload({ a: '1', 'sub/b': '2' }), none);
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe('1');
    expect(readFileSync(join(dir, 'sub/b'), 'utf8')).toBe('2');
    expect(readlinkSync(join(dir, 'a'))).toBe('..data/a');
    expect(statSync(join(dir, 'a')).mode & 0o777).toBe(0o640);
  });

  test('a change swaps the link and takes names away', async () => {
    await writeAtomically(dir, payload({ a: '1', b: '2' }), none);
    const before = readlinkSync(join(dir, '..data'));
    await writeAtomically(dir, payload({ a: '3' }), none);
    expect(readFileSync(join(dir, 'a'), 'utf8')).toBe('3');
    expect(readdirSync(dir).filter((name) => !name.startsWith('..'))).toEqual(['a']);
    expect(existsSync(join(dir, before))).toBe(false);
  });

  test('the same content changes nothing', async () => {
    await writeAtomically(dir, payload({ a: '1' }), none);
    const before = readlinkSync(join(dir, '..data'));
    await writeAtomically(dir, payload({ a: '1' }), none);
    expect(readlinkSync(join(dir, '..data'))).toBe(before);
  });
});

describe('volumes of a pod', () => {
  const references = {
    configMap: async (name: string) =>
      name === 'cm' ? ({ data: { a: '1' }, binaryData: { b: 'Mg==' } } as unknown as ConfigMap) : undefined,
    secret: async (name: string) => (name === 's' ? ({ data: { k: 'c2VjcmV0' } } as unknown as Secret) : undefined),
  } as PodReferences;
  const input = (volumes: object[], commands: string[] = []): VolumeInput => ({
    pod: testPod({ metadata: { labels: { l: 'v' } }, spec: { volumes } }),
    references,
    tokens: { token: async (_pod, audience) => `token for ${audience}`, renewAt: () => undefined, forget: () => undefined },
    claims: { claim: async () => undefined, volume: async () => undefined },
    allocatable: {},
    podIPs: [],
    hostIPs: [],
    podDir: join(dir, 'disk'),
    memoryDir: join(dir, 'memory'),
    run: async (command, args) => (commands.push([command, ...args].join(' ')), ''),
  });
  const prepare = async (volume: object): Promise<string> => {
    const prepared = await prepareVolumes(input([{ name: 'v', ...volume }]));
    return prepared.get('v')?.hostPath ?? '';
  };

  test('of objects', async () => {
    const configMap = await prepare({ configMap: { name: 'cm' } });
    expect(['a', 'b'].map((name) => readFileSync(join(configMap, name), 'utf8'))).toEqual(['1', '2']);
    const secret = await prepare({ secret: { secretName: 's', items: [{ key: 'k', path: 'x/y', mode: 0o400 }] } });
    expect(readFileSync(join(secret, 'x/y'), 'utf8')).toBe('secret');
    expect(secret.startsWith(join(dir, 'memory'))).toBe(true);
    const downward = await prepare({ downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } });
    expect(readFileSync(join(downward, 'labels'), 'utf8')).toBe('l="v"');
  });

  test('projected: several sources in one', async () => {
    const sources = [
      { serviceAccountToken: { path: 'token', audience: 'me' } },
      { configMap: { name: 'cm', items: [{ key: 'a', path: 'ca.crt' }] } },
      { configMap: { name: 'none', optional: true } },
    ];
    const path = await prepare({ projected: { sources } });
    expect(readFileSync(join(path, 'token'), 'utf8')).toBe('token for me');
    expect(readFileSync(join(path, 'ca.crt'), 'utf8')).toBe('1');
  });

  test.each([
    [{ configMap: { name: 'none' } }, 'MountVolume.SetUp failed for volume "v" : configmap "none" not found'],
    [{ secret: { secretName: 'none' } }, 'MountVolume.SetUp failed for volume "v" : secret "none" not found'],
    [{ configMap: { name: 'cm', items: [{ key: 'x', path: 'x' }] } }, 'configmap references non-existent config key: x'],
    [{ secret: { secretName: 's', items: [{ key: 'x', path: 'x' }] } }, 'references non-existent secret key: x'],
    [{ persistentVolumeClaim: { claimName: 'c' } }, 'persistentvolumeclaim "c" not found'],
    [{ nfs: { server: 'x', path: '/' } }, 'no volume plugin matched'],
  ])('%j fails with words', async (volume, message) => {
    await expect(prepare(volume)).rejects.toThrow(message);
  });

  test('emptyDir: everybody may write; in memory it is mounted with its size', async () => {
    const path = await prepare({ emptyDir: {} });
    expect(statSync(path).mode & 0o777).toBe(0o777);
    const commands: string[] = [];
    await prepareVolumes(input([{ name: 'm', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }], commands));
    expect(commands).toEqual([`mount -t tmpfs -o mode=0777,size=1048576 tmpfs ${join(dir, 'disk/volumes/kubernetes.io~empty-dir/m')}`]);
    await removeVolumes({ podDir: join(dir, 'disk'), memoryDir: join(dir, 'memory') }, async () => '');
    expect(readdirSync(dir)).toEqual([]);
  });
});

test('mounts below a folder, the innermost first', () => {
  const mounts =
    'tmpfs /pods/a tmpfs rw 0 0\ntmpfs /pods/a/v tmpfs rw 0 0\ntmpfs /pods/a/v/w\\040x tmpfs rw 0 0\ntmpfs /pods/ab tmpfs rw 0 0\n';
  expect(mountsBelow(mounts, '/pods/a')).toEqual(['/pods/a/v/w x', '/pods/a/v']);
});

describe('hostPath', () => {
  test('checks and creates by type', async () => {
    await prepareHostPath(join(dir, 'new/er'), 'DirectoryOrCreate');
    expect(statSync(join(dir, 'new/er')).isDirectory()).toBe(true);
    await prepareHostPath(join(dir, 'file'), 'FileOrCreate');
    await expect(prepareHostPath(join(dir, 'file'), 'Directory')).rejects.toThrow(
      `hostPath type check failed: ${dir}/file is not a directory`,
    );
    await expect(prepareHostPath(join(dir, 'none'), 'Socket')).rejects.toThrow('is not a socket file');
    await prepareHostPath(join(dir, 'none'), '');
  });
});

describe('mounts of a container', () => {
  const mount = async (volumeMount: object, env: Record<string, string> = {}) => {
    const volumes = new Map([['v', { hostPath: dir, readOnly: false }]]);
    const container = { name: 'c', volumeMounts: [{ name: 'v', mountPath: '/m', ...volumeMount }] };
    const [result] = await containerMounts({ container, volumes, env: new Map(Object.entries(env)) });
    return result;
  };

  test('plain, read-only, propagated', async () => {
    expect(await mount({ readOnly: true, mountPropagation: 'HostToContainer' })).toEqual({
      hostPath: dir,
      containerPath: '/m',
      readOnly: true,
      propagation: 'rslave',
    });
    await expect(mount({ name: 'x' })).rejects.toThrow('cannot find volume "x" to mount into container "c"');
  });

  test('sub paths are made, expanded, and stay inside', async () => {
    expect((await mount({ subPath: 'a/b' }))?.hostPath).toBe(join(dir, 'a/b'));
    expect((await mount({ subPathExpr: '$(NAME)/x' }, { NAME: 'n' }))?.hostPath).toBe(join(dir, 'n/x'));
    await expect(mount({ subPathExpr: '$(NONE)' })).rejects.toThrow('missing value for "NONE"');
    writeFileSync(join(dir, 'f'), '');
    expect((await mount({ subPath: 'f' }))?.hostPath).toBe(join(dir, 'f'));
  });

  test('what cannot be read-only to its depth is refused', async () => {
    expect(await mount({ readOnly: true, recursiveReadOnly: 'Enabled' })).toMatchObject({ readOnly: true });
    await expect(mount({ recursiveReadOnly: 'IfPossible' })).rejects.toThrow('but it is not read-only');
    await expect(mount({ readOnly: true, recursiveReadOnly: 'Enabled', mountPropagation: 'HostToContainer' })).rejects.toThrow(
      'but it is not compatible with propagation "HostToContainer"',
    );
  });

  test.each([
    ['../x', "unable to provision SubPath `../x`: must not contain '..'"],
    ['a/../b', "unable to provision SubPath `a/../b`: must not contain '..'"],
    ['/etc', 'error SubPath `/etc` must not be an absolute path'],
    ['out/passwd', 'failed to prepare subPath for volumeMount "v" of container "c"'],
    ['out', 'failed to prepare subPath for volumeMount "v" of container "c"'],
    ['out/none/deeper', 'failed to create subPath directory for volumeMount "v" of container "c"'],
    ['f/x', 'failed to create subPath directory for volumeMount "v" of container "c"'],
  ])('sub path %s is refused', async (subPath, message) => {
    symlinkSync('/etc', join(dir, 'out'));
    writeFileSync(join(dir, 'f'), '');
    await expect(mount({ subPath })).rejects.toThrow(message);
  });

  test('links within the volume are followed; new folders have its mode whatever the process masks', async () => {
    mkdirSync(join(dir, 'real'));
    symlinkSync('real', join(dir, 'link'));
    chmodSync(dir, 0o2777);
    expect((await mount({ subPath: 'link/new/er' }))?.hostPath).toBe(join(dir, 'real/new/er'));
    for (const made of ['real/new', 'real/new/er']) expect(statSync(join(dir, made)).mode & 0o7777).toBe(0o2777);
  });
});

describe('tokens', () => {
  test('are kept until four fifths of their life are over, bound to the pod', async () => {
    const clock = new FakeClock(t0);
    const requests: unknown[] = [];
    const createSubresource = async (...call: unknown[]) => {
      requests.push(call);
      return { status: { token: `t${requests.length}`, expirationTimestamp: new Date(clock.now() + 3_600_000).toISOString() } };
    };
    const tokens = createTokens({ resource: () => ({ createSubresource }) } as unknown as Client, clock);
    const pod = testPod({ spec: { serviceAccountName: 'sa' } });
    expect(await tokens.token(pod, '', 3600)).toBe('t1');
    await clock.advance(2_879_000);
    expect(await tokens.token(pod, '', 3600)).toBe('t1');
    expect(tokens.renewAt('u1')).toBe(t0 + 2_880_000);
    await clock.advance(1000);
    expect(await tokens.token(pod, '', 3600)).toBe('t2');
    expect(requests[0]).toMatchObject([
      'ns',
      'sa',
      'token',
      { spec: { audiences: [], boundObjectRef: { kind: 'Pod', name: 'p', uid: 'u1' } } },
    ]);
    tokens.forget('u1');
    expect(tokens.renewAt('u1')).toBeUndefined();
  });
  test('long-lived ones are renewed once a day', () => {
    expect(renewalTime(0, 365 * 86_400_000)).toBe(86_400_000);
  });
});

test('a bound claim leads to a folder; only one that is its own is given to a group', async () => {
  mkdirSync(join(dir, 'pv'));
  const reader = (phase: string, spec: object = { hostPath: { path: join(dir, 'pv') } }, annotations = {}) => ({
    claim: async () => ({ spec: { volumeName: 'pv' }, status: { phase } }) as never,
    volume: async () => ({ metadata: { annotations }, spec }) as never,
  });
  const path = join(dir, 'pv');
  expect(await claimedVolume(reader('Bound'), 'ns', 'c')).toEqual({ path, managed: false, device: false });
  const made = { 'pv.kubernetes.io/provisioned-by': 'coracle.io/local-path' };
  expect(await claimedVolume(reader('Bound', undefined, made), 'ns', 'c')).toEqual({ path, managed: true, device: false });
  expect(await claimedVolume(reader('Bound', { local: { path } }), 'ns', 'c')).toEqual({ path, managed: true, device: false });
  await expect(claimedVolume(reader('Pending'), 'ns', 'c')).rejects.toThrow('is not bound');
});

describe('a local volume', () => {
  const reader = (path: string, spec: object = {}) => ({
    claim: async () => ({ spec: { volumeName: 'pv' }, status: { phase: 'Bound' } }) as never,
    volume: async () => ({ metadata: {}, spec: { local: { path }, ...spec } }) as never,
  });

  test('that has disappeared is not made', async () => {
    const path = join(dir, 'gone');
    const error: unknown = await claimedVolume(reader(path), 'ns', 'c').catch((cause: unknown) => cause);
    expect(new MountFailure('v', { cause: error }).message).toBe(
      `MountVolume.NewMounter initialization failed for volume "pv" : path "${path}" does not exist`,
    );
    expect(existsSync(path)).toBe(false);
  });

  test('is a folder, or a block device where one is wanted', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(claimedVolume(reader(join(dir, 'file')), 'ns', 'c')).rejects.toThrow('only directory and block device are supported');
    await expect(claimedVolume(reader(dir, { volumeMode: 'Block' }), 'ns', 'c')).rejects.toThrow('is not a block device');
  });
});

test('block devices are given to those who ask for devices, file systems to those who ask for mounts', async () => {
  const volumes = new Map([
    ['disk', { hostPath: '/dev/x', readOnly: true, device: true }],
    ['files', { hostPath: dir, readOnly: false }],
  ]);
  const devices = (name: string) => containerDevices({ name: 'c', volumeDevices: [{ name, devicePath: '/dev/d' }] }, volumes);
  expect(devices('disk')).toEqual([{ hostPath: '/dev/x', containerPath: '/dev/d', permissions: 'r' }]);
  expect(() => devices('files')).toThrow('has volumeMode Filesystem');
  expect(() => devices('none')).toThrow('cannot find volume "none" to pass into container "c"');
  const container = { name: 'c', volumeMounts: [{ name: 'disk', mountPath: '/m' }] };
  await expect(containerMounts({ container, volumes, env: new Map() })).rejects.toThrow('has volumeMode Block');
});

test('mounts at a place and below it, with what they keep when they become read-only', () => {
  const info = [
    '1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/a rw',
    '2 1 0:5 / /p/v rw,nosuid,nodev,relatime shared:2 - tmpfs t rw',
    '3 2 0:6 / /p/v/a\\040b ro,noexec - tmpfs t rw',
    '4 1 0:7 / /p/vx rw - tmpfs t rw',
  ].join('\n');
  expect(readOnlyOptions(info, '/p/v')).toEqual([
    { path: '/p/v', options: 'remount,bind,ro,nosuid,nodev,relatime' },
    { path: '/p/v/a b', options: 'remount,bind,ro,noexec' },
  ]);
});
