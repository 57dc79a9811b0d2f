/** Mounts on this machine; needs root. */
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemCommands } from '../../base/command.ts';
import { removeVolumes, subPathsDir } from './pod-volumes.ts';
import { prepareSubPath } from './sub-path.ts';

const { run } = systemCommands();
let volume: string;
let podDir: string;
beforeEach(() => {
  [volume, podDir] = [mkdtempSync(join(tmpdir(), 'coracle-volume-')), mkdtempSync(join(tmpdir(), 'coracle-pod-'))];
});
const remove = (): Promise<void> => removeVolumes({ podDir, memoryDir: join(podDir, 'none') }, run);
afterEach(remove);

const prepare = (subPath: string, index = '0'): Promise<string> =>
  prepareSubPath(
    { volumeName: 'v', volumePath: volume, subPath, container: 'c' },
    { path: join(podDir, subPathsDir, 'v', 'c', index), run },
  );

test('what is mounted stays what it was, wherever its name leads later', async () => {
  mkdirSync(join(volume, 'data'));
  writeFileSync(join(volume, 'data/mine'), '1');
  const path = await prepare('data');
  renameSync(join(volume, 'data'), join(volume, 'away'));
  symlinkSync('/etc', join(volume, 'data'));
  expect(readdirSync(path)).toEqual(['mine']);
  // The next start of the container looks again.
  await expect(prepare('data')).rejects.toThrow('failed to prepare subPath for volumeMount "v" of container "c"');
});

test('a file that was replaced is mounted anew, and the old one is not written to', async () => {
  writeFileSync(join(volume, 'old'), 'old');
  symlinkSync('old', join(volume, 'key'));
  const path = await prepare('key');
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(await prepare('key')).toBe(path);
  writeFileSync(join(volume, 'new'), 'new');
  symlinkSync('new', join(volume, 'key.next'));
  renameSync(join(volume, 'key.next'), join(volume, 'key'));
  await prepare('key');
  expect([readFileSync(path, 'utf8'), readFileSync(join(volume, 'old'), 'utf8')]).toEqual(['new', 'old']);
});

test('pipes are mounted without waiting for a writer; removing the pod leaves the volume alone', async () => {
  await run('mkfifo', [join(volume, 'pipe')]);
  expect(lstatSync(await prepare('pipe', '1')).isFIFO()).toBe(true);
  await prepare('folder', '2');
  await remove();
  expect(() => statSync(podDir)).toThrow('ENOENT');
  expect(readdirSync(volume).sort()).toEqual(['folder', 'pipe']);
});
