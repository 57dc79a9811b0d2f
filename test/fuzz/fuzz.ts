/**
 * Sends random and mutated requests to a server of its own: none may be answered with 500, none may hang, the process must live and its
 * memory stay flat. What fails is made smaller and printed with its seed.
 */
import { readFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { readKubeconfig } from '../../src/cmd/kubeconfig.ts';
import { CoracleProcess, freePort } from '../support/coracle.ts';
import { preparation } from './corpus.ts';
import { fuzzRequest } from './mutations.ts';
import { describeRequest, type FuzzRequest } from './request.ts';

export interface FuzzOptions {
  /** How many requests. */
  readonly requests: number;
  readonly seed: number;
  /** Goes on after failures and tells all of them, as they are, in place of the first one made small. */
  readonly survey?: boolean;
  /** Gets a line now and then. */
  progress?(line: string): void;
}

export interface FuzzResult {
  readonly codes: ReadonlyMap<number, number>;
  /** Why connections were cut, and how often. */
  readonly cuts: ReadonlyMap<string, number>;
  /** Undefined: all is well. */
  readonly failure: string | undefined;
  readonly residentBefore: number;
  readonly residentAfter: number;
}

/** Requests that are under way together. */
const batch = 16;
const patienceMs = 15_000;
const mebibyte = 1024 * 1024;

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const flags = [
    '--https-listen-port',
    String(await freePort()),
    '--kubelet-port',
    '0',
    '--runtime',
    'sim',
    '--no-setup',
    '--datastore-endpoint',
    'memory',
  ];
  const networks = ['--cluster-cidr', '10.198.0.0/16,fd42:98::/56', '--service-cidr', '10.199.0.0/16,fd43:99::/112'];
  const server = new CoracleProcess([...flags, ...networks]);
  await server.start();
  const target = new Target(server);
  try {
    for (const { method, path, body } of preparation) {
      await target.send({ method, path, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) });
    }
    return await (options.survey === true ? survey(target, options) : run(target, options));
  } finally {
    target.close();
    await server.stop('SIGKILL');
    server.command('reset');
  }
}

async function run(target: Target, { requests, seed, progress }: FuzzOptions): Promise<FuzzResult> {
  let sent = 0;
  let residentBefore = 0;
  const residentLimit = (): number => 1.5 * residentBefore + 150 * mebibyte;
  const property = fc.asyncProperty(fc.array(fuzzRequest, { minLength: 1, maxLength: batch, size: 'max' }), async (list) => {
    const answers = await Promise.all(list.map((one) => target.send(one)));
    sent += list.length;
    answers.forEach((answer, at) => {
      if (isFault(answer)) throw new Error(`500 for ${describeRequest(list[at] as FuzzRequest)}\n${answer.text}`);
    });
    if (residentBefore === 0 && sent > requests / 5) residentBefore = target.resident();
    if (sent % 2000 < batch) progress?.(`${String(sent)} requests, ${String(Math.round(target.resident() / mebibyte))} MiB`);
  });
  const details = await fc.check(property, { seed, numRuns: Math.ceil((requests * 2) / (batch + 1)), endOnFailure: false });
  const residentAfter = target.resident();
  const failure = details.failed
    ? `${String(details.errorInstance)}\nseed ${String(details.seed)}, path ${String(details.counterexamplePath)}, made smaller ${String(details.numShrinks)} times`
    : residentAfter > residentLimit()
      ? `memory grew from ${String(residentBefore)} to ${String(residentAfter)} bytes`
      : undefined;
  return { codes: target.codes, cuts: target.cuts, failure, residentBefore, residentAfter };
}

/** One failure for each text it was answered with. */
async function survey(target: Target, { requests, seed, progress }: FuzzOptions): Promise<FuzzResult> {
  const failures = new Map<string, string>();
  let residentBefore = 0;
  const sample = fc.sample(fc.array(fuzzRequest, { minLength: batch, maxLength: batch, size: 'max' }), {
    seed,
    numRuns: Math.ceil(requests / batch),
  });
  for (const [at, list] of sample.entries()) {
    await Promise.all(
      list.map(async (one) => {
        const answer = await target.send(one).catch((error: unknown) => ({ code: 500, text: String(error).slice(0, 60) }));
        if (isFault(answer) && !failures.has(answer.text)) failures.set(answer.text, describeRequest(one));
      }),
    );
    if (at === Math.floor(sample.length / 5)) residentBefore = target.resident();
    if (at % 100 === 0)
      progress?.(
        `${String(at * batch)} requests, ${String(Math.round(target.resident() / mebibyte))} MiB, ${String(failures.size)} failures`,
      );
  }
  const failure = failures.size === 0 ? undefined : [...failures].map(([text, what]) => `${what.slice(0, 1500)}\n  ${text}`).join('\n\n');
  return { codes: target.codes, cuts: target.cuts, failure, residentBefore, residentAfter: target.resident() };
}

interface Answer {
  readonly code: number;
  readonly text: string;
}

class Target {
  readonly codes = new Map<number, number>();
  /** Why connections were cut. */
  readonly cuts = new Map<string, number>();
  readonly #server: CoracleProcess;
  readonly #url: URL;
  readonly #tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly #agent: Agent;

  constructor(server: CoracleProcess) {
    this.#server = server;
    const config = readKubeconfig(readFileSync(`${server.dataDir}/kubeconfig`, 'utf8'));
    this.#url = new URL(config.server);
    this.#tls = { ca: config.authority, ...config.client };
    this.#agent = new Agent({ ...this.#tls, keepAlive: true, maxSockets: batch });
  }

  /** Rejects when the server does not answer in time or is no more. Code 0: the connection was cut, which is an answer too. */
  async send(one: FuzzRequest): Promise<Answer> {
    const answer = await (one.raw === undefined ? this.#http(one) : this.#raw(one.raw));
    this.codes.set(answer.code, (this.codes.get(answer.code) ?? 0) + 1);
    if (answer.code === 0) this.#noteCut(one, answer.text.slice(0, 60));
    if (answer.code === 0 && !alive(this.#server.pid))
      throw new Error(`the server died at ${describeRequest(one)}\n${this.#server.output.slice(-4000)}`);
    return answer;
  }

  #noteCut(one: FuzzRequest, why: string): void {
    if (one.raw !== undefined) return;
    const count = (this.cuts.get(why) ?? 0) + 1;
    this.cuts.set(why, count);
    if (count <= 3) console.log(`cut (${why}): ${describeRequest(one).slice(0, 600)}`);
  }

  /** Bytes in memory. */
  resident(): number {
    const status = readFileSync(`/proc/${String(this.#server.pid)}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }

  close(): void {
    this.#agent.destroy();
  }

  #http(one: FuzzRequest): Promise<Answer> {
    const { hostname, port } = this.#url;
    return new Promise((resolve, reject) => {
      const sent = httpsRequest({
        agent: this.#agent,
        hostname,
        port,
        method: one.method,
        path: one.path,
        headers: { ...one.headers, ...lengthOf(one) },
      });
      const timer = setTimeout(() => {
        sent.destroy();
        reject(new Error(`no answer in ${String(patienceMs)} ms to ${describeRequest(one)}`));
      }, patienceMs);
      const done = (answer: Answer): void => {
        clearTimeout(timer);
        resolve(answer);
      };
      sent.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          if (text.length < 2000) text += part;
        });
        response.once('end', () => done({ code: response.statusCode ?? 0, text }));
        response.once('error', () => done({ code: 0, text }));
      });
      sent.once('upgrade', (_response, socket) => {
        socket.destroy();
        done({ code: 101, text: '' });
      });
      sent.once('error', (error) => done({ code: 0, text: error.message }));
      sent.end(one.body);
    });
  }

  /** What it says until it closes, or until it waits for more. */
  #raw(bytes: Buffer): Promise<Answer> {
    return new Promise((resolve) => {
      const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), ...this.#tls });
      let text = '';
      const done = (): void => {
        socket.destroy();
        resolve({ code: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text });
      };
      socket.setEncoding('latin1').on('data', (part: string) => (text += part));
      socket.once('error', done).once('close', done);
      socket.setTimeout(100, done);
      socket.write(bytes);
    });
  }
}

/** Upstream too has errors without a reason that are answered with 500, as a Status in any form (a version that is no number). */
function isFault({ code, text }: Answer): boolean {
  return code === 500 && (!text.includes('Status') || text.includes('InternalError'));
}

/** Node's client says nothing about the bodies of methods that usually have none. */
function lengthOf({ body }: FuzzRequest): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(body.length) };
}

function alive(pid: number): boolean {
  try {
    // A process that nobody has waited for yet counts as dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  } catch {
    return false;
  }
}
