/** One of the two servers, as a kubeconfig names it. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { parseYaml } from '../../src/api/yaml.ts';
import type { Step } from './case.ts';

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

const watchLimit = 3000;

export class Target {
  readonly #server: string;
  readonly #token: string | undefined;
  readonly #known: Agent;
  readonly #unknown = new Agent({ keepAlive: true, rejectUnauthorized: false });

  constructor(kubeconfig: string) {
    const config = parseYaml(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
    const user = config.users[0]?.user ?? {};
    const pem = (field: string) => (user[field] === undefined ? undefined : Buffer.from(user[field], 'base64'));
    this.#server = config.clusters[0]?.cluster.server ?? '';
    this.#token = user['token'];
    const [cert, key] = [pem('client-certificate-data'), pem('client-key-data')];
    this.#known = new Agent({ keepAlive: true, rejectUnauthorized: false, ...(cert && { cert }), ...(key && { key }) });
  }

  /** Sends one request; `fill` puts the run's names in. */
  send(step: Step, fill: (text: string) => string): Promise<Answer> {
    const text = step.body === undefined || typeof step.body === 'string' ? step.body : JSON.stringify(step.body);
    const body = text === undefined ? undefined : fill(text);
    const headers: Record<string, string> = { accept: 'application/json', ...step.headers };
    if (body !== undefined) {
      headers['content-type'] ??= 'application/json';
      headers['content-length'] = String(Buffer.byteLength(body));
    }
    const token = step.as === undefined ? this.#token : step.as === 'none' ? undefined : step.as;
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const agent = step.as === undefined ? this.#known : this.#unknown;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const sent = request(this.#server + fill(step.path), { method: step.method, headers, agent }, (response) => {
      let got = '';
      const finish = () => {
        const flat = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        resolve({ code: response.statusCode ?? 0, headers: Object.fromEntries(flat) as Record<string, string>, text: got });
      };
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        got += chunk;
        if (step.events === undefined || got.split('\n').length <= step.events) return;
        finish();
        response.destroy();
      });
      response.on('end', finish);
      if (step.events === undefined) return;
      const timer = setTimeout(() => {
        finish();
        response.destroy();
      }, watchLimit);
      response.on('close', () => clearTimeout(timer));
    });
    sent.on('error', (error) => resolve({ code: 0, headers: {}, text: error.name }));
    sent.end(body);
    return promise;
  }

  close(): void {
    this.#known.destroy();
    this.#unknown.destroy();
  }
}
