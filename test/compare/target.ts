/** One of the two servers, as a kubeconfig names it. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { parseYaml } from '../../src/api/yaml.ts';
import { eventCount, protobufOf, textOf } from './binary.ts';
import type { Json, Step } from './case.ts';

export interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Binary answers as the JSON they stand for. */
  readonly text: string;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

const realUser = { 'impersonate-user': 'admin', 'impersonate-group': 'system:masters', 'impersonate-uid': 'admin' };
const watchLimit = 3000;
/** A server that never answers must not hold up the run; on a machine that starves it (both share one process) answers have taken 30 s. */
const answerLimit = 120_000;

/** Objects go out as JSON, or as protobuf when the step says so. */
function bodyOf({ body, headers }: Step, fill: (text: string) => string): string | Buffer | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return fill(body);
  const text = fill(JSON.stringify(body));
  return headers?.['content-type'] === 'application/vnd.kubernetes.protobuf' ? protobufOf(JSON.parse(text) as Json) : text;
}

/** What one server has sent beyond that, the other may not have sent yet. */
function firstEvents(text: string, count: number): string {
  const lines = text.split('\n');
  return lines.length > count ? `${lines.slice(0, count).join('\n')}\n` : text;
}

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
    const body = bodyOf(step, fill);
    const headers: Record<string, string> = { accept: 'application/json', ...step.headers };
    if (body !== undefined) {
      headers['content-type'] ??= 'application/json';
      headers['content-length'] = String(Buffer.byteLength(body));
    }
    const token = step.as === undefined ? this.#token : step.as === 'none' ? undefined : step.as;
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    // whoever comes with a certificate acts as the user of the real server's token
    if (token === undefined && step.as === undefined && headers['impersonate-user'] === undefined) Object.assign(headers, realUser);
    const agent = step.as === undefined ? this.#known : this.#unknown;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const sent = request(this.#server + fill(step.path), { method: step.method, headers, agent }, (response) => {
      let got: Buffer = Buffer.alloc(0);
      const type = response.headers['content-type'] ?? '';
      const finish = () => {
        const flat = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        const bytes = response.headers['content-encoding'] === 'gzip' ? gunzipSync(got) : got;
        const text = textOf(type, bytes);
        const headers = Object.fromEntries(flat) as Record<string, string>;
        resolve({ code: response.statusCode ?? 0, headers, text: step.events === undefined ? text : firstEvents(text, step.events) });
      };
      response.on('data', (chunk: Buffer) => {
        got = Buffer.concat([got, chunk]);
        if (step.events === undefined || eventCount(type, got) < step.events) return;
        finish();
        response.destroy();
      });
      response.on('end', finish);
      response.on('close', finish);
      if (step.events === undefined) return;
      const timer = setTimeout(() => {
        finish();
        response.destroy();
      }, watchLimit);
      response.on('close', () => clearTimeout(timer));
    });
    sent.on('error', (error) => resolve({ code: 0, headers: {}, text: JSON.stringify({ message: String(error) }) }));
    const deadline = setTimeout(() => sent.destroy(new Error('no answer in time')), answerLimit);
    sent.on('close', () => clearTimeout(deadline));
    sent.end(body);
    return promise;
  }

  close(): void {
    this.#known.destroy();
    this.#unknown.destroy();
  }
}
