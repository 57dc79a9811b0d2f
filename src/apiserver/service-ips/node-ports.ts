/**
 * Tells of Services whose node ports lie outside of the range or are another one's (after the range was changed, or a store was edited).
 * pkg/registry/core/service/portallocator/controller/repair.go, which looks every three minutes too.
 */
import { hostname } from 'node:os';
import type { Service } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { Lifecycle, type Running, running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import { createSeriesRecorder, referenceTo } from '../../client/events.ts';
import type { Informers } from '../../client/informer-factory.ts';
import { keyOf } from '../../client/informer-store.ts';
import { refs } from '../../client/refs.ts';

interface NodePortRange {
  readonly first: number;
  readonly last: number;
}

interface NodePortFault {
  readonly service: Service;
  readonly reason: 'PortOutOfRange' | 'PortAlreadyAllocated';
  readonly message: string;
}

interface NodePortWatchOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly range: NodePortRange;
}

const component = 'portallocator-repair-controller';
const betweenMs = 180_000;

/** Services in the order of their keys: the first one has a port, later ones have it too. */
export function nodePortFaults(services: Iterable<Service>, { first, last }: NodePortRange): NodePortFault[] {
  const taken = new Set<number>();
  const sorted = [...services].filter(hasNodePorts).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return sorted.flatMap((service) =>
    portsOf(service).flatMap((port): NodePortFault[] => {
      if (port < first || port > last) {
        const message = `Port ${String(port)} is not within the port range ${String(first)}-${String(last)}; please recreate service`;
        return [{ service, reason: 'PortOutOfRange', message }];
      }
      if (taken.has(port)) {
        const message = `Port ${String(port)} was assigned to multiple services; please recreate service`;
        return [{ service, reason: 'PortAlreadyAllocated', message }];
      }
      taken.add(port);
      return [];
    }),
  );
}

function hasNodePorts({ spec }: Service): boolean {
  return (spec.healthCheckNodePort ?? 0) !== 0 || (spec.ports ?? []).some(({ nodePort = 0 }) => nodePort !== 0);
}

/** collectServiceNodePorts: one port may serve several protocols, each once. */
function portsOf({ spec }: Service): number[] {
  const seen = new Map<number, Set<string>>();
  const health = spec.healthCheckNodePort ?? 0;
  const all = (spec.ports ?? []).map(({ nodePort = 0, protocol = '' }) => [nodePort, protocol] as const);
  return [...all, [health, 'TCP'] as const].flatMap(([port, protocol]) => {
    if (port === 0) return [];
    const protocols = seen.get(port);
    const isOwn = protocols !== undefined && !protocols.has(protocol);
    seen.set(port, (protocols ?? new Set()).add(protocol));
    return isOwn ? [] : [port];
  });
}

/** Looks when it starts, and three minutes after a Service with node ports has come or changed or something was wrong. */
export function startNodePortWatch({ client, informers, clock, logger, range }: NodePortWatchOptions): Running {
  const lifecycle = new Lifecycle();
  const recorder = lifecycle.add(
    createSeriesRecorder({ client, clock, logger, component, host: hostname(), pace: { perSecond: 20, burst: 50 } }),
  );
  const services = informers.of(refs.services);
  let cancel: (() => void) | undefined;
  let stopped = false;
  lifecycle.add(
    running(() => {
      stopped = true;
      cancel?.();
    }),
  );
  const later = (): void => {
    if (!stopped) cancel ??= clock.after(betweenMs, look);
  };
  function look(): void {
    cancel = undefined;
    const faults = nodePortFaults(services.store.values(), range);
    for (const { service, reason, message } of faults) {
      logger.info({ service: keyOf(service), reason }, message);
      recorder.event(referenceTo(refs.services, service), 'Warning', reason, { action: 'PortAllocation', message });
    }
    if (faults.length > 0) later();
  }
  void informers.synced.then(() => {
    if (stopped) return;
    look();
    const changed = (service: Service): void => (hasNodePorts(service) ? later() : undefined);
    lifecycle.add(
      services.handle({ add: (service, initial) => (initial ? undefined : changed(service)), update: (_old, now) => changed(now) }),
    );
  });
  return lifecycle;
}
