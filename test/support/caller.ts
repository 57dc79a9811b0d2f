/** A client in a pod that calls without pause, through docker so that it goes on while Coracle is away. The pod runs web.mjs. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';

export interface CallReport {
  calls: number;
  failed: number;
  /** Failures by what went wrong. */
  errors: Record<string, number>;
  /** Answers by pod and by version. */
  pods: Record<string, number>;
  versions: Record<string, number>;
}

export class Caller {
  readonly #container: string;
  readonly #child: ChildProcess;
  #output = '';
  private constructor(container: string, child: ChildProcess) {
    this.#container = container;
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  /** `container`: Docker's id of the client's container. */
  static start(container: string, ...urls: string[]): Caller {
    const script = `echo $$ > /tmp/caller; exec /bin/node /srv/web.mjs call ${urls.join(' ')}`;
    return new Caller(container, spawn('docker', ['exec', container, '/bin/sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] }));
  }

  async stop(): Promise<CallReport> {
    const ended = new Promise((resolve) => this.#child.on('close', resolve));
    spawnSync('docker', ['exec', this.#container, '/bin/sh', '-c', 'kill -TERM $(cat /tmp/caller)']);
    await ended;
    return JSON.parse(this.#output) as CallReport;
  }
}
