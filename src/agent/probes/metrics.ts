/** What probes count, shown at /metrics/probes (pkg/kubelet/prober/prober_manager.go). */
import type { Pod } from '../../api/generated/types.ts';
import { MetricRegistry } from '../../base/metrics.ts';
import type { ProbeKind } from './container-probes.ts';
import type { ProbeResult } from './probe.ts';

export interface ProbeMetrics {
  note(of: ProbedContainer, result: ProbeResult, seconds: number): void;
  /** The container is not probed any more. */
  forget(of: ProbedContainer): void;
  text(): string;
}

export interface ProbedContainer {
  readonly pod: Pod;
  readonly container: string;
  readonly kind: ProbeKind;
}

/** Prometheus' own. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const results = ['successful', 'failed', 'unknown'] as const;
const titles = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

/** As events and metrics call a probe. */
export function probeTitle(kind: ProbeKind): string {
  return titles[kind];
}

export function createProbeMetrics(): ProbeMetrics {
  const registry = new MetricRegistry();
  const total = registry.counter({
    name: 'prober_probe_total',
    help: 'Cumulative number of a liveness, readiness or startup probe for a container by result.',
    stability: 'BETA',
    labels: ['probe_type', 'result', 'container', 'pod', 'namespace', 'pod_uid'],
  });
  const duration = registry.histogram({
    name: 'prober_probe_duration_seconds',
    help: 'Duration in seconds for a probe response.',
    labels: ['probe_type', 'container', 'pod', 'namespace'],
    buckets,
  });
  const names = ({ pod, container }: ProbedContainer): [string, string, string] => [
    container,
    pod.metadata.name,
    pod.metadata.namespace ?? '',
  ];
  return {
    note: (of, { ok, errored }, seconds) => {
      // What found out nothing is not counted.
      if (errored === true) return;
      total.with(probeTitle(of.kind), ok ? 'successful' : 'failed', ...names(of), of.pod.metadata.uid).inc();
      if (ok) duration.with(probeTitle(of.kind), ...names(of)).observe(seconds);
    },
    forget: (of) => {
      for (const result of results) total.remove(probeTitle(of.kind), result, ...names(of), of.pod.metadata.uid);
      duration.remove(probeTitle(of.kind), ...names(of));
    },
    text: () => registry.text(),
  };
}
