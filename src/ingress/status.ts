/** Writes into Ingresses where they are served: the addresses of the nodes whose servers do. */
import type { Ingress, Node } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { keyOf } from '../client/informer-store.ts';
import type { Informer } from '../client/informer.ts';
import type { Reconciler } from '../client/reconcile.ts';
import { startReconciler } from '../client/reconcile.ts';
import { refs } from '../client/refs.ts';

/**
 * Several servers may serve: each adds its own addresses and keeps those of nodes that are there, so that they agree without asking each
 * other.
 */
export function servedAt(current: readonly string[], own: readonly string[], nodes: ReadonlySet<string>): string[] {
  return [...new Set([...current.filter((ip) => nodes.has(ip)), ...own])].sort();
}

export interface StatusOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ingresses: Informer<Ingress>;
  readonly nodes: Informer<Node>;
  /** This server's node's. */
  readonly addresses: readonly string[];
  readonly isServed: (ingress: Ingress) => boolean;
  readonly ready: Promise<unknown>;
}

export function startStatus(options: StatusOptions): Reconciler {
  const { client, clock, logger, ingresses, nodes, addresses, isServed, ready } = options;
  const reconciler = startReconciler({
    name: 'ingress-status',
    clock,
    logger,
    ready,
    concurrency: 1,
    reconcile: async (key) => {
      const ingress = ingresses.store.get(key);
      if (ingress === undefined || !isServed(ingress)) return undefined;
      const current = (ingress.status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip);
      const wanted = servedAt(current, addresses, nodeAddresses(nodes.store.values()));
      if (JSON.stringify(wanted) === JSON.stringify(current)) return undefined;
      await client
        .resource(refs.ingresses)
        .updateStatus({ ...structuredClone(ingress), status: { loadBalancer: { ingress: wanted.map((ip) => ({ ip })) } } });
      return undefined;
    },
  });
  reconciler.watch(ingresses, (ingress) => [keyOf(ingress)]);
  return reconciler;
}

function nodeAddresses(nodes: Iterable<Node>): Set<string> {
  const found = new Set<string>();
  for (const { status } of nodes) for (const { address } of status?.addresses ?? []) found.add(address);
  return found;
}
