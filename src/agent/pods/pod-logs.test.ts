import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { silentLogger } from '../../base/logger.ts';
import { createPodLogs, type PodLogs, removeDeadLinks } from './pod-logs.ts';

let dirs: { pods: string; containers: string };
let engine: string;
let logs: PodLogs;
const pod = { namespace: 'ns', name: 'web-0', uid: 'u1' };
const idOf = (digit: number): string => String(digit).repeat(64);

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'coracle-logs-'));
  dirs = { pods: join(root, 'pods'), containers: join(root, 'containers') };
  engine = join(root, 'engine');
  logs = createPodLogs(dirs, silentLogger);
});

/** Start number `n` of the container, with a log of the engine's. */
async function start(n: number, name = 'app'): Promise<void> {
  const file = join(engine, `${idOf(n)}-json.log`);
  mkdirSync(engine, { recursive: true });
  writeFileSync(file, `${name} ${String(n)}\n`);
  await logs.started({ id: idOf(n), pod, name, restartCount: n }, file);
}

test('both places lead to what the engine writes', async () => {
  await start(0);
  expect(readFileSync(join(dirs.pods, 'ns_web-0_u1/app/0.log'), 'utf8')).toBe('app 0\n');
  const link = join(dirs.containers, `web-0_ns_app-${idOf(0)}.log`);
  expect(readlinkSync(link)).toBe(join(dirs.pods, 'ns_web-0_u1/app/0.log'));
  expect(readFileSync(link, 'utf8')).toBe('app 0\n');
});

test('the last start and the one before are kept', async () => {
  for (const n of [0, 1, 2]) await start(n);
  await start(2);
  expect(readdirSync(join(dirs.pods, 'ns_web-0_u1/app')).sort()).toEqual(['1.log', '2.log']);
  expect(readdirSync(dirs.containers).sort()).toEqual([1, 2].map((n) => `web-0_ns_app-${idOf(n)}.log`));
});

test('nothing is left of a pod that is gone', async () => {
  await start(0);
  await start(1, 'side');
  await logs.removed(pod);
  expect([readdirSync(dirs.pods), readdirSync(dirs.containers)]).toEqual([[], []]);
  await logs.removed(pod);
});

test('a name that would be too long is cut', async () => {
  const long = { ...pod, name: 'n'.repeat(200) };
  mkdirSync(engine);
  await logs.started({ id: idOf(3), pod: long, name: 'app', restartCount: 0 }, join(engine, `${idOf(3)}-json.log`));
  expect(readdirSync(dirs.containers).map((name) => name.length)).toEqual([255]);
  await logs.removed(long);
  expect(readdirSync(dirs.containers)).toEqual([]);
});

test('a folder that cannot be written to is no trouble of the pod', async () => {
  writeFileSync(dirs.pods, '');
  await expect(start(0)).resolves.toBeUndefined();
});

test('dead links go, living ones and what is somebody else’s stay', async () => {
  await start(0);
  await start(1, 'side');
  rmSync(join(engine, `${idOf(0)}-json.log`));
  mkdirSync(join(dirs.pods, 'x_y_z/c'), { recursive: true });
  writeFileSync(join(dirs.pods, 'x_y_z/c/0.log'), 'containerd');
  await removeDeadLinks(dirs);
  expect(readdirSync(dirs.pods).sort()).toEqual(['ns_web-0_u1', 'x_y_z']);
  expect(readdirSync(join(dirs.pods, 'ns_web-0_u1'))).toEqual(['side']);
  expect(readdirSync(dirs.containers)).toEqual([`web-0_ns_side-${idOf(1)}.log`]);
  expect(existsSync(join(dirs.pods, 'x_y_z/c/0.log'))).toBe(true);
});
