/** What pods ask for and nodes have: component-helpers resource/helpers.go and scheduler framework/types.go. */
import type { Container, Pod } from '../api/generated/types.ts';
import { tryParseQuantity } from '../api/quantity.ts';

/** Amounts by resource name; cpu in thousandths, all else in units. */
export type Amounts = ReadonlyMap<string, number>;

/** What a container without requests counts as when nodes are scored, so that such pods spread too. */
export const assumedRequests = { cpu: 100, memory: 200 * 1024 * 1024 } as const;

const nothing: Amounts = new Map();

export function amounts(list: Readonly<Record<string, string | number>> | undefined): Amounts {
  if (list === undefined) return nothing;
  return new Map(Object.entries(list).map(([name, quantity]) => [name, scaled(quantity, name === 'cpu' ? -3 : 0)]));
}

/** In units of 10^exponent, rounded up. */
function scaled(quantity: string | number, exponent: number): number {
  return Number(tryParseQuantity(quantity)?.scaled(exponent) ?? 0n);
}

function add(to: Map<string, number>, from: Amounts): void {
  for (const [name, amount] of from) to.set(name, (to.get(name) ?? 0) + amount);
}

function raise(to: Map<string, number>, from: Amounts): void {
  for (const [name, amount] of from) to.set(name, Math.max(to.get(name) ?? 0, amount));
}

/**
 * The most a pod needs at any time: its containers and sidecars together, or one init container beside the sidecars
 * started before it; pod-level requests replace the sum; overhead comes on top.
 */
export function podRequests(
  pod: Pod,
  requestsOf: (container: Container) => Amounts = (container) => amounts(container.resources?.requests),
): Amounts {
  const running = new Map<string, number>();
  for (const container of pod.spec.containers) add(running, requestsOf(container));
  const sidecars = new Map<string, number>();
  const starting = new Map<string, number>();
  for (const container of pod.spec.initContainers ?? []) {
    const own = requestsOf(container);
    if (container.restartPolicy === 'Always') {
      add(running, own);
      add(sidecars, own);
      raise(starting, sidecars);
    } else {
      const then = new Map(sidecars);
      add(then, own);
      raise(starting, then);
    }
  }
  raise(running, starting);
  for (const [name, amount] of amounts(pod.spec.resources?.requests)) running.set(name, amount);
  add(running, amounts(pod.spec.overhead));
  return running;
}

/** Requests for scoring: containers that name no cpu or memory count as {@link assumedRequests}. */
export function scoringRequests(pod: Pod): { cpu: number; memory: number } {
  const all = podRequests(pod, (container) => {
    const own = new Map(amounts(container.resources?.requests));
    for (const [name, amount] of Object.entries(assumedRequests)) if (!own.has(name)) own.set(name, amount);
    return own;
  });
  return { cpu: all.get('cpu') ?? 0, memory: all.get('memory') ?? 0 };
}
