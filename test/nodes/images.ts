/** Gives a dockerd that has not been started yet the images of the machine's own one. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const docker = (...args: string[]): string => execFileSync('docker', args, { encoding: 'utf8', maxBuffer: 1 << 26 });

/**
 * Links the layers into the new data folder instead of copying them: image layers are never written to. Answers false where that
 * cannot be done (another storage driver, another file system); then {@link loadImages} is for it.
 */
export function linkImages(dataRoot: string): boolean {
  const [driver = '', from = ''] = docker('info', '--format', '{{.Driver}} {{.DockerRootDir}}').trim().split(' ');
  if (driver !== 'overlay2' || !existsSync(join(from, 'image/overlay2/layerdb/sha256'))) return false;
  mkdirSync(dataRoot, { recursive: true, mode: 0o710 });
  // What is known is copied first: a layer that comes in meanwhile is then merely not known.
  const meta = join(dataRoot, 'image/overlay2');
  for (const name of ['repositories.json', 'imagedb', 'distribution', 'layerdb/sha256']) {
    mkdirSync(dirname(join(meta, name)), { recursive: true });
    if (existsSync(join(from, 'image/overlay2', name))) cpSync(join(from, 'image/overlay2', name), join(meta, name), { recursive: true });
  }
  const layers = readdirSync(join(meta, 'layerdb/sha256')).map((id) => readFileSync(join(meta, 'layerdb/sha256', id, 'cache-id'), 'utf8'));
  const store = join(dataRoot, 'overlay2');
  mkdirSync(join(store, 'l'), { recursive: true });
  if (
    !linkFolders(
      layers.map((id) => join(from, 'overlay2', id)),
      store,
      from,
    )
  ) {
    rmSync(dataRoot, { recursive: true });
    return false;
  }
  for (const id of layers) symlinkSync(`../${id}/diff`, join(store, 'l', readFileSync(join(store, id, 'link'), 'utf8')));
  return true;
}

/** dockerd mounts its folder over itself, and links do not lead from one mount to another: they are made where that mount is not. */
function linkFolders(folders: readonly string[], target: string, mounted: string): boolean {
  if (folders.length === 0) return true;
  const script = 'umount --lazy "$0" 2>/dev/null; exec cp -al "$@"';
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, mounted, ...folders, target];
  return spawnSync('unshare', args, { stdio: 'ignore' }).status === 0;
}

/** Copies all tagged images into a dockerd that runs; seconds for each 100 MB. */
export async function loadImages(socket: string): Promise<void> {
  const names = docker('images', '--filter', 'dangling=false', '--format', '{{.Repository}}:{{.Tag}}').split('\n');
  const tagged = names.filter((name) => name !== '' && !name.includes('<none>'));
  if (tagged.length === 0) return;
  const save = spawn('docker', ['save', ...tagged], { stdio: ['ignore', 'pipe', 'inherit'] });
  const load = spawn('docker', ['--host', `unix://${socket}`, 'load', '--quiet'], { stdio: ['pipe', 'ignore', 'inherit'] });
  save.stdout.pipe(load.stdin);
  const codes = await Promise.all([save, load].map((child) => new Promise<number | null>((resolve) => child.on('close', resolve))));
  if (codes.some((code) => code !== 0)) throw new Error(`docker save | docker load ended with ${codes.join(' and ')}`);
}
