/** Mounts on this machine; needs root. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { systemCommands } from '../../base/command.ts';
import { mountPoints } from './mount-points.ts';
import { removeVolumes, subPathsDir } from './pod-volumes.ts';
import { mountReadOnlyTree } from './recursive-read-only.ts';

const { run } = systemCommands();
let volume: string;
let podDir: string;
beforeEach(async () => {
  [volume, podDir] = [mkdtempSync(join(tmpdir(), 'coracle-volume-')), mkdtempSync(join(tmpdir(), 'coracle-pod-'))];
  mkdirSync(join(volume, 'below'));
  await run('mount', ['-t', 'tmpfs', '-o', 'nosuid', 'tmpfs', join(volume, 'below')]);
  writeFileSync(join(volume, 'below/file'), 'text');
});
afterEach(async () => {
  await removeVolumes({ podDir, memoryDir: join(podDir, 'none') }, run);
  await run('umount', [join(volume, 'below')]);
});

test('nothing below can be written, what it comes from can; every start begins anew; the volume stays when the pod goes', async () => {
  const place = join(podDir, subPathsDir, 'v', 'c', '0-ro');
  for (let starts = 0; starts < 2; starts += 1) {
    expect(await mountReadOnlyTree(volume, place, run)).toBe(place);
    expect(readFileSync(join(place, 'below/file'), 'utf8')).toBe('text');
    expect(() => writeFileSync(join(place, 'new'), '')).toThrow('read-only');
    expect(() => writeFileSync(join(place, 'below/new'), '')).toThrow('read-only');
    writeFileSync(join(volume, 'below/file'), 'text');
  }
  const points = mountPoints(readFileSync('/proc/self/mounts', 'utf8')).filter((point) => point.startsWith(place));
  expect(points).toEqual([place, join(place, 'below')]);
  await removeVolumes({ podDir, memoryDir: join(podDir, 'none') }, run);
  expect(readFileSync(join(volume, 'below/file'), 'utf8')).toBe('text');
});
