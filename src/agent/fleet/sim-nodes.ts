/** Simulated nodes by the hundred in one process: they share caches and start a few at a time, so that their heartbeats come in batches. */
import type { Clock } from '../../base/clock.ts';
import { Lifecycle, type Running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Client } from '../../client/client.ts';
import type { Informers } from '../../client/informer-factory.ts';
import { refs } from '../../client/refs.ts';
import { startAgent } from '../agent.ts';
import { createReferences } from '../references.ts';
import { NodePods } from './node-pods.ts';

export interface SimNodesOptions {
  readonly count: number;
  /** Nodes are called `PREFIX1` and so on. */
  readonly prefix: string;
  /** A client that acts as the node. */
  readonly client: (node: string) => Client;
  readonly informers: Informers;
  readonly instance: string;
  readonly dataDir: string;
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What each of them has. */
const capacity = { cpu: '32', memory: '256Gi', 'ephemeral-storage': '1Ti' };
/** Started together, and so heard of together. */
const batch = 100;

/** Resolves when all are registered. */
export async function startSimNodes(options: SimNodesOptions): Promise<Running> {
  const { count, prefix, client, informers, clock, logger } = options;
  const lifecycle = new Lifecycle();
  try {
    const pods = lifecycle.add(new NodePods(informers.of(refs.pods)));
    const references = lifecycle.add(createReferences({ client: client(`${prefix}1`), clock, logger }));
    for (let first = 1; first <= count; first += batch) {
      const numbers = Array.from({ length: Math.min(batch, count - first + 1) }, (_, at) => first + at);
      const started = await Promise.allSettled(
        numbers.map((number) => {
          const nodeName = `${prefix}${String(number)}`;
          return startAgent({
            ...options,
            client: client(nodeName),
            shared: { pods: pods.of(nodeName), references },
            nodeName,
            nodeIPs: [address(number)],
            runtime: 'sim',
            capacity,
          });
        }),
      );
      for (const result of started) if (result.status === 'fulfilled') lifecycle.add(result.value);
      for (const result of started) if (result.status === 'rejected') throw result.reason as Error;
    }
    return lifecycle;
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

/** Out of a range for tests of networks (RFC 2544) that leads nowhere. */
function address(number: number): string {
  return `198.${String(18 + (number >> 16))}.${String((number >> 8) & 255)}.${String(number & 255)}`;
}
