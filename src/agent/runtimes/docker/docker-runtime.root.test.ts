/** Needs root and a Docker Engine. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { importImages } from '../../../../test/support/image.ts';
import { realClock } from '../../../base/clock.ts';
import { systemCommands } from '../../../base/command.ts';
import { silentLogger } from '../../../base/logger.ts';
import { runtimeContract, sandboxConfig } from '../contract.ts';
import { startDocker } from './docker-runtime.ts';
import { type Call, createEngine } from './engine.ts';
import { mountImage } from './image-mount.ts';
import { sandboxImages } from './pause-image.ts';

const image = 'coracle.test/web:v1';

beforeAll(() => {
  importImages([{ name: image, changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
}, 60_000);

const socket = '/var/run/docker.sock';
const open = () => startDocker({ socket, clock: realClock, logger: silentLogger, instance: 'c0ffee', node: 'contract' });

test('sandbox images that were pruned are loaded again', async () => {
  const runtime = await open();
  const engine = createEngine(socket);
  try {
    for (const image of Object.values(sandboxImages))
      await engine.json({ method: 'DELETE', path: `/images/${image}`, query: { force: '1' } });
    const sandbox = await runtime.runSandbox(sandboxConfig(randomUUID()));
    expect(sandbox.running).toBe(true);
    await runtime.removeSandbox(sandbox.id);
  } finally {
    engine.close();
    await runtime.stop();
  }
}, 30_000);

test.each([image, sandboxImages.shared])('the files of %s appear at a path, read-only, and nothing there runs', async (reference) => {
  const runtime = await open();
  const path = await mkdtemp(join(tmpdir(), 'coracle-image-'));
  try {
    const found = await runtime.imageStatus(reference);
    if (found === undefined) throw new Error(`no image ${reference}`);
    await runtime.mountImage(found, path);
    await runtime.mountImage(found, path);
    expect((await readdir(path)).length).toBeGreaterThan(0);
    await expect(writeFile(join(path, 'new'), '')).rejects.toMatchObject({ code: 'EROFS' });
    const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(` ${path} `));
    expect(mounts).toEqual([expect.stringMatching(/\bro\b.*\bnoexec\b|\bnoexec\b.*\bro\b/)]);
  } finally {
    await systemCommands().run('umount', [path]);
    await rmdir(path);
    await runtime.stop();
  }
});

test('an image whose layers are no folders is copied', async () => {
  const engine = createEngine(socket);
  const path = await mkdtemp(join(tmpdir(), 'coracle-image-'));
  const json = <T>(call: Call): Promise<T> => (call.path.startsWith('/images/') ? Promise.resolve({} as T) : engine.json<T>(call));
  try {
    await mountImage({ ...engine, json }, image, path);
    expect(await readdir(path)).toContain('srv');
    await expect(writeFile(join(path, 'new'), '')).rejects.toMatchObject({ code: 'EROFS' });
  } finally {
    await systemCommands().run('umount', [path]);
    await rm(path, { recursive: true });
    engine.close();
  }
});

runtimeContract({
  open,
  image,
  real: true,
});
