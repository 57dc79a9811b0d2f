/** What pods ask for and nodes have: component-helpers resource/helpers.go and scheduler framework/types.go. */
import type { Container, ContainerStatus, Pod } from '../api/generated/types.ts';
import { tryParseQuantity } from '../api/quantity.ts';

/** Amounts by resource name; cpu in thousandths, all else in units. */
export type Amounts = ReadonlyMap<string, number>;

/** Amounts with the common ones at hand: cpu in thousandths, the others in units. */
export interface Resources {
  readonly cpu: number;
  readonly memory: number;
  readonly storage: number;
  /** Extended resources, huge pages and the like. */
  readonly scalars: Amounts;
}

/** What a container without requests counts as when nodes are scored, so that such pods spread too. */
export const assumedRequests = { cpu: 100, memory: 200 * 1024 * 1024 } as const;

const nothing: Amounts = new Map();
type Texts = Readonly<Record<string, string | number>> | undefined;

export function amounts(list: Texts): Amounts {
  if (list === undefined) return nothing;
  return new Map(Object.entries(list).map(([name, quantity]) => [name, scaled(quantity, name === 'cpu' ? -3 : 0)]));
}

/** In units of 10^exponent, rounded up; 0 for what is no quantity. */
function scaled(quantity: string | number, exponent: number): number {
  return Number(tryParseQuantity(quantity)?.scaled(exponent) ?? 0n);
}

/** Bytes, rounded up. */
export function bytes(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : scaled(quantity, 0);
}

const common = new Set(['cpu', 'memory', 'ephemeral-storage', 'pods']);

export function toResources(all: Amounts): Resources {
  return {
    cpu: all.get('cpu') ?? 0,
    memory: all.get('memory') ?? 0,
    storage: all.get('ephemeral-storage') ?? 0,
    scalars: all.size === 0 ? nothing : new Map([...all].filter(([name]) => !common.has(name))),
  };
}

/** One resource by its name. */
export function amountOf(resources: Resources, name: string): number {
  if (name === 'cpu') return resources.cpu;
  if (name === 'memory') return resources.memory;
  return name === 'ephemeral-storage' ? resources.storage : (resources.scalars.get(name) ?? 0);
}

/** Resources that a node has none of unless it says so; scoring leaves them out for pods that do not ask for them. */
export function isScalar(name: string): boolean {
  return !common.has(name);
}

/** Extended resources have a domain that is not Kubernetes' own (apis/core/v1/helper IsExtendedResourceName). */
export function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}

function add(to: Map<string, number>, from: Amounts): void {
  for (const [name, amount] of from) to.set(name, (to.get(name) ?? 0) + amount);
}

function raise(to: Map<string, number>, from: Amounts): void {
  for (const [name, amount] of from) to.set(name, Math.max(to.get(name) ?? 0, amount));
}

type RequestsOf = (container: Container) => Amounts;

const podLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

/**
 * The most a pod needs at any time: its containers and sidecars together, or one init container beside the sidecars
 * started before it; pod-level requests replace the sum; overhead comes on top.
 */
export function podRequests(pod: Pod, requestsOf: RequestsOf = (container) => amounts(container.resources?.requests)): Amounts {
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
  for (const [name, amount] of amounts(pod.spec.resources?.requests)) if (podLevel(name)) running.set(name, amount);
  add(running, amounts(pod.spec.overhead));
  return running;
}

/** Requests for scoring: containers that name no cpu or memory count as {@link assumedRequests}. */
export function scoringRequests(pod: Pod, requestsOf: RequestsOf = (container) => amounts(container.resources?.requests)): Resources {
  return toResources(
    podRequests(pod, (container) => {
      const own = new Map(requestsOf(container));
      for (const [name, amount] of Object.entries(assumedRequests)) if (!own.has(name)) own.set(name, amount);
      return own;
    }),
  );
}

/**
 * What containers take while they are being resized: the most of what is wanted, granted and in force; what is wanted does
 * not count when the node cannot ever grant it.
 */
export function resizedRequests(pod: Pod): RequestsOf {
  const statuses = new Map<string, ContainerStatus>();
  for (const status of [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])])
    statuses.set(status.name, status);
  const infeasible = pod.status.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible') === true;
  return (container) => {
    const wanted = amounts(container.resources?.requests);
    const status = statuses.get(container.name);
    if (status?.resources === undefined) return wanted;
    const most = new Map(infeasible ? [] : wanted);
    raise(most, amounts(status.resources.requests));
    raise(most, amounts(status.allocatedResources));
    return most;
  };
}
