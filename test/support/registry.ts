/** A container registry on loopback with one image and one user who may have it (OCI distribution, with basic authentication). */
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const types = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

const digest = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export class Registry {
  readonly user = 'someone';
  readonly password = 'secret';
  readonly #server: Server;
  readonly #blobs = new Map<string, Buffer>();
  readonly #manifest: Buffer;

  /** `program`: a static program, which the image runs. */
  constructor(program: string) {
    const layer = layerOf(program);
    const config = Buffer.from(
      JSON.stringify({
        ...{ architecture: 'amd64', os: 'linux', config: { Entrypoint: ['/program'] }, history: [{}] },
        rootfs: { type: 'layers', diff_ids: [digest(layer)] },
      }),
    );
    const describe = (mediaType: string, bytes: Buffer): object => {
      this.#blobs.set(digest(bytes), bytes);
      return { mediaType, size: bytes.length, digest: digest(bytes) };
    };
    this.#manifest = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: types.manifest },
        config: describe(types.config, config),
        layers: [describe(types.layer, gzipSync(layer))],
      }),
    );
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  get image(): string {
    return `${this.host}/private/program:1`;
  }

  #answer({ headers, url = '', method }: IncomingMessage, response: ServerResponse): void {
    const wanted = `Basic ${Buffer.from(`${this.user}:${this.password}`).toString('base64')}`;
    if (headers.authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return;
    }
    const [, , kind, reference = ''] = /^\/v2\/(private\/program\/(manifests|blobs)\/([^/]+))?$/.exec(url) ?? [];
    const body = kind === 'manifests' ? this.#manifest : kind === 'blobs' ? this.#blobs.get(reference) : Buffer.from('{}');
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    const type = kind === 'manifests' ? types.manifest : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': body.length, 'docker-content-digest': digest(body) });
    response.end(method === 'HEAD' ? undefined : body);
  }
}

function layerOf(program: string): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'coracle-layer-'));
  try {
    copyFileSync(program, join(dir, 'program'));
    return execFileSync('tar', ['-C', dir, '--owner=0', '--group=0', '--mode=755', '-c', 'program'], { maxBuffer: 1 << 28 });
  } finally {
    rmSync(dir, { recursive: true });
  }
}
