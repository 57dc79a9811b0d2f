/** How long endpoints were in the cluster before names led to them, as CoreDNS measures it (plugin/kubernetes/object/metrics.go). */
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Running } from '../base/lifecycle.ts';
import { joinKey } from '../client/informer-store.ts';
import type { Informer } from '../client/informer.ts';
import type { DnsMetrics } from './metrics.ts';

const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time';
const serviceName = 'kubernetes.io/service-name';

export interface ProgrammingParts {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly clock: Clock;
  readonly metrics: DnsMetrics;
}

/** What happened before this process watched is no delay of its own. */
export function measureProgramming({ services, slices, clock, metrics }: ProgrammingParts): Running {
  const started = clock.now();
  const changed = ({ metadata }: EndpointSlice): void => {
    const at = Date.parse(metadata.annotations?.[triggerTime] ?? '');
    const service = services.store.get(joinKey(metadata.namespace ?? '', metadata.labels?.[serviceName] ?? ''));
    if (!(at >= started) || service === undefined) return;
    const kind = service.spec.clusterIP === 'None' ? 'headless_with_selector' : 'cluster_ip';
    metrics.programming.with(kind).observe((clock.now() - at) / 1000);
  };
  return slices.handle({ add: changed, update: (_old, slice) => changed(slice) });
}
