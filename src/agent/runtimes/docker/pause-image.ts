/**
 * The sandbox's program, made on the spot: two x86-64 ELF files without libraries, 224 and 336 bytes.
 *
 * `pause`: rt_sigaction(SIGCHLD, SIG_IGN) so that the kernel reaps orphans; rt_sigprocmask(BLOCK, {INT, TERM});
 * rt_sigtimedwait until one arrives; exit(0). (As process 1 a plain pause() would never see SIGTERM.)
 * `pause-unshare`: first unshare(CLONE_NEWNET), or with an argument open() and setns() of that file; then capset() to no
 * capabilities at all; then the same. With it Docker makes a sandbox in `host` mode, which costs half the time of `none`
 * (80 ms against 160), and the pod still gets a network namespace of its own before anything can join it.
 */
import { createHash } from 'node:crypto';
import type { Engine } from './engine.ts';

interface Program {
  readonly name: string;
  readonly sha256: string;
  readonly base64: string;
}

const pause: Program = {
  name: 'pause',
  sha256: '008ffa083df519216cd731da4bac9169bb5e0b2f45bae43337f5e7c9f62d0247',
  base64:
    'f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAeABAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAABAAAAAAAAAAEAAAAFAAAAAAAAAAAAAAAAAEAAAAAAAAAAQAAAAAAA4AAAAAAAAADgAAAAAAAAAAAQAAAAAAAAag1YahFfvrgAQAAx0moIQVoPBWoOWDH/vtgAQAAx0g8FuIAAAAC/2ABAADH2MdIPBYXAfuwx/2o8WA8FkJCQkAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAkAAAAAAAAA=',
};
const pauseUnshare: Program = {
  name: 'pause-unshare',
  sha256: '71207bb9246a47900e911c8d8571ac804e2b270c04de27d70b66522573faa57a',
  base64:
    'f0VMRgIBAQAAAAAAAAAAAAIAPgABAAAAeABAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAEAAOAABAAAAAAAAAAEAAAAHAAAAAAAAAAAAAAAAAEAAAAAAAAAAQAAAAAAAUAEAAAAAAABQAQAAAAAAAAAQAAAAAAAASIM8JAF+IEiLfCQQMfZqAlgPBYXAeHGJx74AAABAuDQBAAAPBesMvwAAAEC4EAEAAA8FhcB4Ub8wAUAAvjgBQAC4fgAAAA8FhcB4PGoNWGoRX74IAUAAMdJqCEFaDwVqDlgx/74oAUAAMdIPBbiAAAAAvygBQAAx9jHSDwWFwH7sMf9qPFgPBWoBX2o8WA8FAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACQAAAAAAAACIFCCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
};

export const sandboxImages = { shared: 'coracle/pause:1', own: 'coracle/pause-unshare:1' } as const;

/** Loads the two images unless they are there. */
export async function ensureSandboxImages(engine: Engine): Promise<void> {
  await Promise.all([ensure(engine, sandboxImages.shared, pause), ensure(engine, sandboxImages.own, pauseUnshare)]);
}

async function ensure(engine: Engine, reference: string, program: Program): Promise<void> {
  if ((await engine.find({ method: 'GET', path: `/images/${reference}/json` })) !== undefined) return;
  const elf = Buffer.from(program.base64, 'base64');
  if (sha256(elf) !== program.sha256) throw new Error(`${program.name} is damaged`);
  const answer = await engine.stream({
    method: 'POST',
    path: '/images/load',
    query: { quiet: '1' },
    body: imageArchive(reference, program.name, elf),
  });
  for await (const _chunk of answer) {
    // The image is there when the answer ends.
  }
  await engine.json({ method: 'GET', path: `/images/${reference}/json` });
}

/** A `docker load` archive of an image with one file, which it runs. */
export function imageArchive(reference: string, name: string, elf: Buffer): Buffer {
  const layer = tar([{ name, mode: 0o755, body: elf }]);
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: [`/${name}`], WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
    }),
  );
  const configName = `${sha256(config)}.json`;
  const manifest = Buffer.from(JSON.stringify([{ Config: configName, RepoTags: [reference], Layers: ['l/layer.tar'] }]));
  return tar([
    { name: 'l/layer.tar', mode: 0o644, body: layer },
    { name: configName, mode: 0o644, body: config },
    { name: 'manifest.json', mode: 0o644, body: manifest },
  ]);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface TarFile {
  readonly name: string;
  readonly mode: number;
  readonly body: Buffer;
}

/** POSIX ustar with short names and no times, so that equal content is equal bytes. */
function tar(files: readonly TarFile[]): Buffer {
  const blocks = files.flatMap(({ name, mode, body }) => {
    const header = Buffer.alloc(512);
    const octal = (value: number, at: number, length: number): number =>
      header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
    header.write(name, 0);
    octal(mode, 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(body.length, 124, 12);
    octal(0, 136, 12);
    header.write('        ', 148);
    header.write('0', 156);
    header.write('ustar\u000000', 257);
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      148,
      7,
    );
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
