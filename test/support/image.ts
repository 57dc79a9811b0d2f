/**
 * Container images made of programs of this machine (there is no registry): each program with the libraries it needs,
 * imported into Docker. One program serves, calls and looks names up: Node itself, with test/support/web.mjs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const programs = ['sh', 'cat', 'ls', 'tar', 'sleep', 'env', 'kill', 'hostname', 'head', 'id', 'touch', 'rm', 'echo', 'true', 'getent'];

export interface ImageOptions {
  readonly name: string;
  /** Dockerfile-like changes: `ENV VERSION=v1`, `CMD [...]`. */
  readonly changes: readonly string[];
}

/** Imports the image under its name unless it is there; into the engine at `dockerSocket`, by default the machine's. */
export function importImages(images: readonly ImageOptions[], dockerSocket?: string): void {
  const env = dockerSocket === undefined ? process.env : { ...process.env, DOCKER_HOST: `unix://${dockerSocket}` };
  const missing = images.filter((image) => spawnSync('docker', ['image', 'inspect', image.name], { stdio: 'ignore', env }).status !== 0);
  if (missing.length === 0) return;
  const root = mkdtempSync(join(tmpdir(), 'coracle-image-'));
  try {
    layOut(root);
    const [first, ...others] = missing;
    if (first === undefined) return;
    const tar = execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-c', '.'], { maxBuffer: 1 << 30 });
    for (const image of [first, ...others]) {
      const changes = image.changes.flatMap((change) => ['--change', change]);
      execFileSync('docker', ['import', ...changes, '-', image.name], { input: tar, stdio: ['pipe', 'ignore', 'inherit'], env });
    }
  } finally {
    rmSync(root, { recursive: true });
  }
}

function layOut(root: string): void {
  for (const dir of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev', 'srv', 'root', 'usr']) mkdirSync(join(root, dir), { recursive: true });
  symlinkSync('../bin', join(root, 'usr', 'bin'));
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n');
  writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nnogroup:x:65534:\n');
  writeFileSync(join(root, 'etc', 'nsswitch.conf'), 'hosts: files dns\n');
  copyFileSync(join(import.meta.dirname, 'web.mjs'), join(root, 'srv', 'web.mjs'));
  copyProgram(root, process.execPath, 'node');
  for (const name of programs) {
    const found = ['/bin', '/usr/bin'].map((dir) => join(dir, name)).find((file) => existsSync(file));
    if (found === undefined) throw new Error(`the test image needs ${name}, which this machine lacks`);
    copyProgram(root, realpathSync(found), name);
  }
}

/** The program as /bin/NAME, and every library `ldd` lists at its own path. */
function copyProgram(root: string, file: string, name: string): void {
  copyFileSync(file, join(root, 'bin', name));
  const libraries = spawnSync('ldd', [file], { encoding: 'utf8' }).stdout;
  for (const [, library = ''] of libraries.matchAll(/(?:=> )?(\/\S+) \(0x/g)) {
    const target = join(root, library);
    if (existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(realpathSync(library), target);
  }
}
