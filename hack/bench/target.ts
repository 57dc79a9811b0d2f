/** A Kubernetes API server under measurement: Coracle, or the real one for comparison. */
import { readFileSync } from 'node:fs';
import { Agent, request, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { parseYaml } from '../../src/api/yaml.ts';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** Talks to the server of a kubeconfig over kept-alive connections. */
export class Target {
  readonly name: string;
  readonly #options: RequestOptions;
  constructor(name: string, kubeconfig: string) {
    this.name = name;
    const document = parseYaml(readFileSync(kubeconfig, 'utf8')) as {
      clusters: [{ cluster: { server: string; 'certificate-authority-data'?: string } }];
      users: [{ user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string } }];
    };
    const [{ cluster }] = document.clusters;
    const [{ user }] = document.users;
    const url = new URL(cluster.server);
    const plain = (text: string | undefined): Buffer | undefined => (text === undefined ? undefined : Buffer.from(text, 'base64'));
    this.#options = {
      hostname: url.hostname.replaceAll(/[[\]]/g, ''),
      port: url.port,
      ca: plain(cluster['certificate-authority-data']),
      cert: plain(user['client-certificate-data']),
      key: plain(user['client-key-data']),
      rejectUnauthorized: cluster['certificate-authority-data'] !== undefined,
      headers: user.token === undefined ? {} : { authorization: `Bearer ${user.token}` },
      agent: new Agent({ keepAlive: true, maxSockets: 64 }),
    };
  }

  /** For connections of other kinds. */
  get connection(): RequestOptions {
    return this.#options;
  }

  call(method: string, path: string, body?: string, type = 'application/json'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = {
        ...this.#options.headers,
        ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
      };
      const outgoing = request({ ...this.#options, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
        response.on('error', reject);
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** The same, where anything but success is a fault of the measurement. */
  async must(method: string, path: string, body?: string, type?: string): Promise<Buffer> {
    const answer = await this.call(method, path, body, type);
    if (answer.status >= 300)
      throw new Error(`${this.name}: ${method} ${path}: ${String(answer.status)} ${answer.body.toString().slice(0, 300)}`);
    return answer.body;
  }
}

/** Where ../shared/peers keeps the real control plane's kubeconfig. */
export const peerKubeconfig = join(process.env['PEERS'] ?? join(process.env['HOME'] ?? '', '.cache', 'peers'), 'run', 'kubeconfig');
