/**
 * What the node has given a pod of what its specification asks for; pure (pkg/kubelet/allocation). A running pod may ask for
 * other resources: until the node can give them, the pod goes on with those it has.
 */
import type { Container, ContainerStatus, Pod, ResourceRequirements } from '../../api/generated/types.ts';
import { addTo, type Amounts, parseAmounts, podLimits, podRequests } from '../../api/pod-resources.ts';
import { tryParseQuantity } from '../../api/quantity.ts';

export interface Allocation {
  readonly pod: ResourceRequirements | undefined;
  /** By the name of the container. */
  readonly containers: ReadonlyMap<string, ResourceRequirements>;
}

const parts = ['requests', 'limits'] as const;
const resizable = ['cpu', 'memory'] as const;

function sameAmount(a: string | number | undefined, b: string | number | undefined): boolean {
  if (a === b) return true;
  const [one, other] = [tryParseQuantity(a ?? '0'), tryParseQuantity(b ?? '0')];
  return one !== undefined && other !== undefined && one.equals(other);
}

/** Which of cpu and memory differ. */
export function differences(a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): ('cpu' | 'memory')[] {
  return resizable.filter((name) => parts.some((part) => !sameAmount(a?.[part]?.[name], b?.[part]?.[name])));
}

function resizableContainers({ spec }: Pod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** All that the pod asks for. */
export function allocationOf(pod: Pod): Allocation {
  return {
    pod: pod.spec.resources,
    containers: new Map(resizableContainers(pod).map(({ name, resources = {} }) => [name, resources])),
  };
}

/** What an earlier agent had given: it stands in the status. What is not there is as the specification says. */
export function reportedAllocation(pod: Pod): Allocation {
  const { status, spec } = pod;
  const reported = new Map([...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map((one) => [one.name, one]));
  const given = (own: ResourceRequirements | undefined, one: Pick<ContainerStatus, 'resources' | 'allocatedResources'> | undefined) =>
    one?.resources === undefined ? own : { ...one.resources, requests: one.allocatedResources ?? one.resources.requests ?? {} };
  return {
    pod: spec.resources === undefined ? undefined : given(spec.resources, status),
    containers: new Map(resizableContainers(pod).map(({ name, resources = {} }) => [name, given(resources, reported.get(name)) ?? {}])),
  };
}

/** The pod with the resources that it was given; the very pod when these are what it asks for. */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  const given = ({ name, resources }: Container): ResourceRequirements | undefined => {
    const known = allocation.containers.get(name);
    return known === undefined || differences(known, resources).length === 0 ? undefined : known;
  };
  const podDiffers = differences(pod.spec.resources, allocation.pod).length > 0;
  if (!podDiffers && resizableContainers(pod).every((container) => given(container) === undefined)) return pod;
  const replace = <C extends Container>(container: C): C => {
    const resources = given(container);
    return resources === undefined ? container : { ...container, resources };
  };
  const { initContainers, containers, ...rest } = pod.spec;
  return {
    ...pod,
    spec: {
      ...rest,
      ...(podDiffers && allocation.pod !== undefined ? { resources: allocation.pod } : {}),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(replace) }),
      containers: containers.map(replace),
    },
  };
}

/** Requests or limits of the pod as a whole, with its overhead, as its status tells them. */
export function podAmounts({ spec }: Pod, part: 'requests' | 'limits'): Record<string, string> {
  const amounts: Amounts = part === 'requests' ? podRequests(spec) : podLimits(spec);
  const overhead = parseAmounts(spec.overhead);
  addTo(amounts, part === 'requests' ? overhead : new Map([...overhead].filter(([name]) => amounts.has(name))));
  return Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.toString()]));
}

/** Whether a resize asks for more than the pod has: those that do not are sure to succeed. */
export function asksForMore(wanted: Pod, allocated: Pod): boolean {
  const [next, now] = [podRequests(wanted.spec), podRequests(allocated.spec)];
  return resizable.some((name) => {
    const amount = next.get(name);
    const had = now.get(name);
    return amount !== undefined && (had === undefined ? !amount.isZero : amount.compare(had) > 0);
  });
}

/** What events about a resize say (pkg/kubelet/events/resize.go). */
export function resizeMessage(prefix: string, pod: Pod, error = ''): string {
  const of = (containers: readonly Container[] | undefined): object[] | undefined =>
    containers?.map(({ name, resources = {} }) => ({ name, resources }));
  const { initContainers, containers } = pod.spec;
  const text = JSON.stringify({
    ...(initContainers === undefined || initContainers.length === 0 ? {} : { initContainers: of(initContainers) }),
    containers: of(containers),
    generation: pod.metadata.generation ?? 0,
    ...(error === '' ? {} : { error }),
  });
  return `${prefix}: ${text}`;
}
