/** Counters of the API server in Prometheus' text format. Cheap on purpose: one map entry a combination of labels. */
import type { RequestInfo } from './request-info.ts';

export interface Metrics {
  request(info: RequestInfo, code: number): void;
  watch(resource: string, change: 1 | -1): void;
  text(): string;
}

export function createMetrics(): Metrics {
  const requests = new Map<string, number>();
  const watches = new Map<string, number>();
  return {
    request: ({ verb, group, version, resource, subresource, name }, code) => {
      const key = `${verb} ${group} ${version} ${resource} ${subresource} ${name === '' ? 'cluster' : 'resource'} ${String(code)}`;
      requests.set(key, (requests.get(key) ?? 0) + 1);
    },
    watch: (resource, change) => watches.set(resource, (watches.get(resource) ?? 0) + change),
    text: () =>
      [
        ...family('apiserver_request_total', 'counter', labelled(requests)),
        ...family('apiserver_registered_watchers', 'gauge', byResource(watches)),
        ...processLines(),
      ].join('\n') + '\n',
  };
}

/** Keys as labels, in the order of the key's words. */
function labelled(counts: ReadonlyMap<string, number>): Map<string, number> {
  const labels = ([key, count]: [string, number]): [string, number] => {
    const [verb = '', group, version, resource, subresource, scope, code] = key.split(' ');
    const where = `group="${group ?? ''}",resource="${resource ?? ''}",scope="${scope ?? ''}",subresource="${subresource ?? ''}"`;
    return [`code="${code ?? ''}",component="apiserver",dry_run="",${where},verb="${verbOf(verb)}",version="${version ?? ''}"`, count];
  };
  return new Map([...counts].map(labels));
}

function verbOf(verb: string): string {
  switch (verb) {
    case 'create':
      return 'POST';
    case 'update':
      return 'PUT';
    default:
      return verb.toUpperCase();
  }
}

function byResource(counts: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...counts].map(([resource, count]) => [`resource="${resource}"`, count]));
}

function family(name: string, type: string, values: ReadonlyMap<string, number>): string[] {
  return [`# TYPE ${name} ${type}`, ...[...values].map(([labels, value]) => `${name}{${labels}} ${String(value)}`)];
}

function processLines(): string[] {
  const { rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const started = Date.now() / 1000 - process.uptime();
  return [
    '# TYPE process_cpu_seconds_total counter',
    `process_cpu_seconds_total ${String((user + system) / 1e6)}`,
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${String(rss)}`,
    '# TYPE process_start_time_seconds gauge',
    `process_start_time_seconds ${started.toFixed(2)}`,
  ];
}
