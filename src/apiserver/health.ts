/** /healthz, /livez, /readyz and what they have said so far (apiserver pkg/server/healthz, component-base metrics/prometheus/slis). */
import { type Counter, type Gauge, MetricRegistry } from '../base/metrics.ts';
import type { Exchange } from './exchange.ts';
import { sendText } from './respond.ts';

export interface HealthCheck {
  readonly name: string;
  /** Rejects or throws when it is not well. */
  check(): void | Promise<void>;
}

/** What the checks ask. */
export interface HealthState {
  /** Rejects when the store does not answer. */
  storage(): Promise<unknown>;
  /** What is made at every start is there. */
  readonly started: boolean;
  /** Priority and fairness follows its objects. */
  readonly fair: boolean;
  readonly stopping: boolean;
}

export type HealthPath = 'healthz' | 'livez' | 'readyz';

/** Upstream's names, in its order, of what exists here. */
export function healthChecks(state: HealthState): Readonly<Record<HealthPath, readonly HealthCheck[]>> {
  const well = (name: string, check: HealthCheck['check'] = () => undefined): HealthCheck => ({ name, check });
  const when = (name: string, done: () => boolean): HealthCheck => well(`poststarthook/${name}`, () => failUnless(done(), 'not finished'));
  const started = (): boolean => state.started;
  const fair = (): boolean => state.fair;
  const storage = async (): Promise<void> => void (await state.storage());
  const hooks = [
    when('start-apiserver-admission-initializer', () => true),
    when('generic-apiserver-start-informers', () => true),
    when('priority-and-fairness-config-consumer', fair),
    when('priority-and-fairness-filter', () => true),
    when('storage-object-count-tracker-hook', () => true),
    when('start-system-namespaces-controller', started),
    when('storage-readiness', () => true),
    when('start-service-ip-repair-controllers', started),
    when('scheduling/bootstrap-system-priority-classes', started),
    when('priority-and-fairness-config-producer', fair),
    when('bootstrap-controller', started),
    when('start-kubernetes-service-cidr-controller', started),
  ];
  const live = [well('ping'), well('log'), well('etcd', storage), ...hooks];
  const shutdown = well('shutdown', () => failUnless(!state.stopping, 'process is shutting down'));
  const ready = [
    well('ping'),
    well('log'),
    well('etcd', storage),
    well('etcd-readiness', storage),
    well('informer-sync'),
    ...hooks,
    shutdown,
  ];
  return { healthz: live, livez: live, readyz: ready };
}

function failUnless(fine: boolean, why: string): void {
  if (!fine) throw new Error(why);
}

/** Whose results are /metrics/slis. */
export class Health {
  readonly checks: Readonly<Record<HealthPath, readonly HealthCheck[]>>;
  readonly results = new MetricRegistry();
  readonly #gauge: (name: string, path: string) => Gauge;
  readonly #counter: (name: string, path: string, status: string) => Counter;

  constructor(state: HealthState) {
    this.checks = healthChecks(state);
    const gauges = this.results.gauge({
      name: 'kubernetes_healthcheck',
      help: 'This metric records the result of a single healthcheck.',
      labels: ['name', 'type'],
      stability: 'STABLE',
    });
    const counters = this.results.counter({
      name: 'kubernetes_healthchecks_total',
      help: 'This metric records the results of all healthcheck.',
      labels: ['name', 'type', 'status'],
      stability: 'STABLE',
    });
    this.#gauge = (...labels) => gauges.with(...labels);
    this.#counter = (...labels) => counters.with(...labels);
  }

  /** Answers for `path` (`/readyz`, `/readyz/NAME`); false: there is no such check. */
  async answer(exchange: Exchange): Promise<boolean> {
    const [, path = '', ...rest] = exchange.info.path.replace(/\/+$/, '').split('/');
    if (rest.length > 0) return this.#answerOne(exchange, path as HealthPath, rest.join('/'));
    const excluded = new Set(exchange.query.getAll('exclude'));
    const unknown = new Set(excluded);
    const lines: string[] = [];
    let failed = false;
    for (const item of this.checks[path as HealthPath]) {
      if (excluded.has(item.name)) {
        unknown.delete(item.name);
        lines.push(`[+]${item.name} excluded: ok`);
        continue;
      }
      const failure = await failureOf(item);
      this.#note(item.name, path, failure === undefined);
      failed ||= failure !== undefined;
      lines.push(failure === undefined ? `[+]${item.name} ok` : `[-]${item.name} failed: reason withheld`);
    }
    if (unknown.size > 0) {
      const names = [...unknown].sort().map((name) => JSON.stringify(name));
      lines.push(`warn: some health checks cannot be excluded: no matches for ${names.join(',')}`);
    }
    send(exchange, failed ? 500 : 200, failed || exchange.query.has('verbose') ? summary(lines, path, failed) : 'ok');
    return true;
  }

  async #answerOne(exchange: Exchange, path: HealthPath, name: string): Promise<boolean> {
    const found = this.checks[path].find((item) => item.name === name);
    if (found === undefined) return false;
    const failure = await failureOf(found);
    if (failure === undefined) sendText(exchange, 200, 'ok');
    else send(exchange, 500, `internal server error: ${failure}\n`);
    return true;
  }

  #note(name: string, path: string, well: boolean): void {
    this.#gauge(name, path).set(well ? 1 : 0);
    this.#counter(name, path, well ? 'success' : 'error').inc();
  }
}

function summary(lines: readonly string[], path: string, failed: boolean): string {
  return `${lines.join('\n')}\n${path} check ${failed ? 'failed' : 'passed'}\n`;
}

function send(exchange: Exchange, code: number, text: string): void {
  exchange.response.setHeader('X-Content-Type-Options', 'nosniff');
  sendText(exchange, code, text);
}

async function failureOf(item: HealthCheck): Promise<string | undefined> {
  try {
    await item.check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
