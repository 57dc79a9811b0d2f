/** What a pod can ask of its node and only a real engine can show. Needs root and Docker. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../src/api/generated/types.ts';
import { CoracleProcess, freePort } from '../support/coracle.ts';
import { eventually } from '../support/eventually.ts';
import { importImages } from '../support/image.ts';
import { Registry } from '../support/registry.ts';

let coracle: CoracleProcess;
let registry: Registry;
const folder = mkdtempSync(join(tmpdir(), 'coracle-features-'));
const kubectl = (...args: string[]): Promise<string> => coracle.kubectl.run(...args);
const apply = (manifest: object): Promise<string> => coracle.kubectl.runWith(JSON.stringify(manifest), 'apply', '-f', '-');
const getPod = (name: string): Promise<Pod> => coracle.kubectl.json<Pod>('get', 'pod', name);
const status = async (name: string): Promise<ContainerStatus | undefined> => (await getPod(name)).status.containerStatuses?.[0];
const ready = (name: string): Promise<string> => kubectl('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=60s');

const docker = (...args: string[]): string => spawnSync('docker', args, { encoding: 'utf8' }).stdout.trim();
/** The engine's name of the pod's main container; '' when it does not run. */
const running = ({ metadata }: Pod): string =>
  docker(
    'ps',
    '-q',
    '--no-trunc',
    '--filter',
    `label=io.kubernetes.pod.uid=${metadata.uid}`,
    '--filter',
    'label=io.kubernetes.container.name=main',
  );

/** A pod whose container `main` runs a script. */
function pod(name: string, script: string, { container = {}, spec = {} }: { container?: object; spec?: object } = {}): object {
  const main = { name: 'main', image: 'coracle.test/web:v1', command: ['/bin/sh', '-c', script], ...container };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { terminationGracePeriodSeconds: 0, containers: [main], ...spec } };
}

beforeAll(async () => {
  importImages([{ name: 'coracle.test/web:v1', changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
  // Any static program that goes on; the sandbox's is one.
  const program = join(folder, 'program');
  coracle = new CoracleProcess([
    ...['--https-listen-port', String(await freePort()), '--kubelet-port', '0', '--runtime', 'docker', '--no-setup'],
    ...['--cluster-cidr', '10.174.0.0/16,fd42:74::/56', '--service-cidr', '10.175.0.0/16,fd43:74::/112'],
  ]);
  await coracle.start();
  const id = docker('create', 'coracle/pause:1');
  docker('cp', `${id}:/pause`, program);
  docker('rm', id);
  registry = new Registry(program);
  await registry.start();
}, 120_000);

afterAll(async () => {
  await coracle.stop();
  expect(coracle.command('reset')).toMatchObject({ code: 0 });
  docker('rmi', '--force', registry.image);
  await registry.stop();
  spawnSync('umount', [join(folder, 'volume/below')]);
  rmSync(folder, { recursive: true });
}, 60_000);

test('a private image: who shows its credentials gets it, nobody else does, though it is on the machine by then', async () => {
  const image = (name: string, spec: object = {}): object =>
    pod(name, '', { container: { image: registry.image, command: undefined }, spec });
  await apply(image('stranger'));
  await eventually(async () => expect((await status('stranger'))?.state?.waiting?.reason).toMatch(/^(ErrImagePull|ImagePullBackOff)$/));
  expect((await status('stranger'))?.state?.waiting?.message).toContain('no basic auth credentials');
  await kubectl(
    ...['create', 'secret', 'docker-registry', 'key', `--docker-server=${registry.host}`],
    ...[`--docker-username=${registry.user}`, `--docker-password=${registry.password}`],
  );
  await apply(image('friend', { imagePullSecrets: [{ name: 'key' }] }));
  await ready('friend');
  await apply(image('late'));
  await eventually(async () => expect((await status('late'))?.state?.waiting?.reason).toMatch(/^(ErrImagePull|ImagePullBackOff)$/));
  await kubectl('delete', 'pod', 'stranger', 'friend', 'late');
}, 120_000);

test('logs are found below /var/log/pods and /var/log/containers as long as the pod is there', async () => {
  await apply(pod('writer', 'echo hello; sleep 2; exit 1'));
  const { metadata } = await eventually(async () => {
    const found = await getPod('writer');
    expect(found.status.containerStatuses?.[0]?.restartCount).toBe(1);
    return found;
  });
  const dir = `/var/log/pods/default_writer_${metadata.uid}/main`;
  await eventually(() => expect(readdirSync(dir).toSorted()).toEqual(['0.log', '1.log']));
  expect(readFileSync(join(dir, '0.log'), 'utf8')).toContain('hello');
  const links = (): string[] => readdirSync('/var/log/containers').filter((name) => name.startsWith('writer_default_main-'));
  expect(links().map((link) => readlinkSync(join('/var/log/containers', link)))).toContain(join(dir, '1.log'));
  await kubectl('delete', 'pod', 'writer');
  await eventually(() => expect(existsSync(dir)).toBe(false));
  expect(links()).toEqual([]);
}, 90_000);

describe('faults', () => {
  test('a container removed by hand is started again', async () => {
    await apply(pod('victim', 'sleep 1000000'));
    await ready('victim');
    docker('rm', '--force', running(await getPod('victim')));
    await eventually(async () => expect(await status('victim')).toMatchObject({ restartCount: 1, ready: true }), 60_000);
    await kubectl('delete', 'pod', 'victim');
  }, 120_000);

  test('a force-deleted pod ends though its container was promised more time', async () => {
    await apply(pod('stubborn', 'trap "" TERM; while true; do sleep 1; done', { spec: { terminationGracePeriodSeconds: 600 } }));
    await ready('stubborn');
    const found = await getPod('stubborn');
    await kubectl('delete', 'pod', 'stubborn', '--wait=false');
    expect(running(found)).not.toBe('');
    await kubectl('delete', 'pod', 'stubborn', '--force', '--grace-period=0');
    await eventually(() => expect(running(found)).toBe(''), 20_000);
  }, 120_000);

  test('a ConfigMap that disappears leaves what it gave; when it is there again its news arrive', async () => {
    await kubectl('create', 'configmap', 'words', '--from-literal=word=one');
    const spec = { volumes: [{ name: 'v', configMap: { name: 'words' } }] };
    await apply(pod('reader', 'sleep 1000000', { spec, container: { volumeMounts: [{ name: 'v', mountPath: '/v' }] } }));
    await ready('reader');
    await kubectl('delete', 'configmap', 'words');
    await eventually(async () => expect(await kubectl('get', 'events')).toContain('configmap "words" not found'), 60_000);
    expect(await kubectl('exec', 'reader', '--', 'cat', '/v/word')).toBe('one');
    await kubectl('create', 'configmap', 'words', '--from-literal=word=two');
    await eventually(async () => expect(await kubectl('exec', 'reader', '--', 'cat', '/v/word')).toBe('two'), 60_000);
    await kubectl('delete', 'pod', 'reader');
  }, 150_000);
});

test('a mount is read-only to its depth when that is asked for', async () => {
  const below = join(folder, 'volume/below');
  mkdirSync(below, { recursive: true });
  spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', below]);
  const mounts = [
    { name: 'v', mountPath: '/deep', readOnly: true, recursiveReadOnly: 'Enabled' },
    { name: 'v', mountPath: '/flat', readOnly: true },
  ];
  const spec = { volumes: [{ name: 'v', hostPath: { path: join(folder, 'volume') } }] };
  await apply(pod('careful', 'sleep 1000000', { spec, container: { volumeMounts: mounts } }));
  await ready('careful');
  const touch = async (path: string): Promise<number> => (await coracle.kubectl.result(['exec', 'careful', '--', 'touch', path])).code;
  expect(await touch('/flat/below/x')).toBe(0);
  expect(await touch('/deep/below/x')).not.toBe(0);
  expect((await status('careful'))?.volumeMounts).toContainEqual({ ...mounts[0] });
  await kubectl('delete', 'pod', 'careful');
  expect(existsSync(join(below, 'x'))).toBe(true);
}, 90_000);
