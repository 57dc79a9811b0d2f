/** Whether the proxy keeps up with the cluster, and its answers on /healthz, /livez, /metrics and /proxyMode (pkg/proxy/healthcheck/proxy_health.go). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Node } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Family } from '../addresses.ts';
import type { ProxyMetrics } from '../metrics.ts';

/** A change that waits longer than this is a fault: twice kube-proxy's usual sync period. */
const timeoutMs = 60_000;
const deletionTaint = 'ToBeDeletedByClusterAutoscaler';

export type IPFamily = 'IPv4' | 'IPv6';

export function ipFamily(family: Family): IPFamily {
  return family === 'ip' ? 'IPv4' : 'IPv6';
}

interface ProxyHealth {
  readonly lastUpdated: string;
  readonly currentTime: string;
  readonly nodeEligible?: boolean;
  readonly healthy: boolean;
  readonly status: Partial<Record<IPFamily, { lastUpdated: string; healthy: boolean }>>;
}

const never = '0001-01-01T00:00:00Z';

export class HealthState {
  readonly #clock: Clock;
  readonly #families: readonly Family[];
  /** When what waits now began to wait, in ms. */
  #waitingSince: number | undefined;
  #updated: number | undefined;

  constructor(clock: Clock, families: readonly Family[]) {
    this.#clock = clock;
    this.#families = families;
  }

  /** A change has come that the rules do not show yet. */
  queued(): void {
    this.#waitingSince ??= this.#clock.now();
  }

  /** The rules show everything that has come. */
  updated(): void {
    this.#waitingSince = undefined;
    this.#updated = this.#clock.now();
  }

  /** Healthy too while it starts: nothing is late before the first rules are there. */
  get healthy(): boolean {
    if (this.#updated === undefined || this.#waitingSince === undefined) return true;
    return this.#clock.now() - this.#waitingSince < timeoutMs;
  }

  report(nodeEligible?: boolean): ProxyHealth {
    const { healthy } = this;
    const currentTime = new Date(this.#clock.now()).toISOString();
    const updated = this.#updated === undefined ? never : new Date(this.#updated).toISOString();
    const shown = this.#updated === undefined ? [] : this.#families;
    return {
      lastUpdated: healthy && nodeEligible !== false ? currentTime : updated,
      currentTime,
      ...(nodeEligible === undefined ? {} : { nodeEligible }),
      healthy,
      status: Object.fromEntries(shown.map((family) => [ipFamily(family), { lastUpdated: updated, healthy }])),
    };
  }
}

/** A node that is about to be deleted takes no new traffic. */
function isEligible(node: Node | undefined): boolean {
  if (node === undefined || node.metadata.deletionTimestamp !== undefined) return false;
  return !(node.spec.taints ?? []).some((taint) => taint.key === deletionTaint);
}

export interface HealthHandlers {
  /** For balancers, on every address: /healthz and /livez. */
  readonly health: (request: IncomingMessage, response: ServerResponse) => void;
  /** For this machine: /metrics, /proxyMode and /healthz. */
  readonly metrics: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface HealthHandlersOptions {
  readonly state: HealthState;
  readonly metrics: ProxyMetrics;
  readonly mode: string;
  readonly node: () => Node | undefined;
}

export function healthHandlers({ state, metrics, mode, node }: HealthHandlersOptions): HealthHandlers {
  const answer = (response: ServerResponse, ok: boolean, report: ProxyHealth): void => {
    response.writeHead(ok ? 200 : 503, { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' });
    response.end(JSON.stringify(report));
  };
  const health = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.split('?')[0];
    if (path === '/livez') {
      const report = state.report();
      metrics.livez.with(report.healthy ? '200' : '503').inc();
      answer(response, report.healthy, report);
    } else if (path === '/healthz') {
      const report = state.report(isEligible(node()));
      const ok = report.healthy && report.nodeEligible === true;
      metrics.healthz.with(ok ? '200' : '503').inc();
      answer(response, ok, report);
    } else notFound(response);
  };
  const texts: Readonly<Record<string, () => string>> = {
    '/metrics': () => metrics.registry.text(),
    '/proxyMode': () => mode,
  };
  const own = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.split('?')[0] ?? '';
    const text = texts[path];
    if (text === undefined) {
      health(request, response);
      return;
    }
    const type = path === '/metrics' ? 'text/plain; version=0.0.4; charset=utf-8' : 'text/plain; charset=utf-8';
    response.writeHead(200, { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff' }).end(text());
  };
  return { health, metrics: own };
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
}
