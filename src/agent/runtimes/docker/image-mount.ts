/** The file system of an image at a path of the host, read-only and with nothing to execute: image volumes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { systemCommands } from '../../../base/command.ts';
import { RuntimeError } from '../runtime.ts';
import type { Engine } from './engine.ts';

export interface ImageLayers {
  readonly GraphDriver?: {
    readonly Name: string;
    readonly Data: { readonly LowerDir?: string; readonly UpperDir?: string } | null;
  };
}

/** What mount(2) takes as options is one page. */
const longestOptions = 4000;

/** Arguments of mount(8), but for the place, that show an image's layers as one; undefined when its storage driver has no such folders. */
export function mountArguments({ GraphDriver: driver }: ImageLayers): readonly string[] | undefined {
  const { UpperDir: newest, LowerDir: older = '' } = driver?.Data ?? {};
  if (driver?.Name !== 'overlay2' || newest === undefined) return undefined;
  // An overlay needs two layers.
  if (older === '') return ['--bind', newest];
  const options = `ro,lowerdir=${newest}:${older}`;
  return options.length > longestOptions ? undefined : ['-t', 'overlay', '-o', options, 'overlay'];
}

/** Mounts the image at an existing folder unless something is mounted there. */
export async function mountImage(engine: Engine, id: string, path: string): Promise<void> {
  const { run } = systemCommands();
  if ((await readFile('/proc/self/mounts', 'utf8')).split('\n').some((line) => line.split(' ')[1] === path)) return;
  const layers = mountArguments(await engine.json<ImageLayers>({ method: 'GET', path: `/images/${id}/json` }));
  if (layers === undefined || !(await succeeds(run('mount', [...layers, path])))) {
    await unpack(engine, id, path);
    await run('mount', ['--bind', path, path]);
  }
  await run('mount', ['-o', 'remount,bind,ro,noexec,nosuid,nodev', path]);
}

/** A kernel that refuses the overlay (one of its own layers is mounted over, say) is no obstacle: the files can be copied. */
function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

/** Copies the files of the image, through a container that never runs. */
async function unpack(engine: Engine, id: string, path: string): Promise<void> {
  const { Id } = await engine.json<{ Id: string }>({ method: 'POST', path: '/containers/create', body: { Image: id, Cmd: ['-'] } });
  try {
    const files = await engine.stream({ method: 'GET', path: `/containers/${Id}/export` });
    const tar = spawn('tar', ['--extract', '--numeric-owner', '--preserve-permissions', '--directory', path], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let said = '';
    tar.stderr.setEncoding('utf8').on('data', (chunk: string) => (said = (said + chunk).slice(-2000)));
    const ended = once(tar, 'close');
    await pipeline(files, tar.stdin).catch(() => undefined);
    const [code] = (await ended) as [number | null];
    if (code !== 0) throw new RuntimeError('failed', `the image could not be unpacked: ${said.trim()}`);
  } finally {
    await engine.find({ method: 'DELETE', path: `/containers/${Id}`, query: { force: '1' } });
  }
}
