/** What an object counts for in resource quotas (pkg/quota/v1/evaluator/core, apiserver pkg/quota/v1/generic). */
import type { components, Container, PersistentVolumeClaim, Pod, Service } from '../generated/types.ts';
import type { KubeObject } from '../object.ts';
import { addTo, type Amounts, maxTo, parseAmounts, podLimits, podRequests } from '../pod-resources.ts';
import { parseQuantity, type Quantity, wholeQuantity, zeroQuantity } from '../quantity.ts';

export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

type ResourceClaim = components['schemas']['io.k8s.api.resource.v1.ResourceClaim'];

const one = wholeQuantity(1);
const classSuffix = '.storageclass.storage.k8s.io/';
/** Kinds that were counted under their plain name before there was `count/`. */
const plainlyCounted: ReadonlySet<string> = new Set(['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets']);

const podNames: ReadonlySet<string> = new Set([
  'count/pods',
  'pods',
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
]);
const serviceNames: ReadonlySet<string> = new Set(['count/services', 'services', 'services.nodeports', 'services.loadbalancers']);
const claimNames: ReadonlySet<string> = new Set(['count/persistentvolumeclaims', 'persistentvolumeclaims', 'requests.storage']);
const classNames = ['persistentvolumeclaims', 'requests.storage'];

/** After a DeviceClass' name: devices that claims ask for. */
const deviceSuffix = '.deviceclass.resource.k8s.io/devices';
/** Most devices a claim gets that asks for all (AllocationResultsMaxSize). */
const maxDevices = 32;

const isDeviceClaim = ({ group, resource }: GroupResource): boolean => group === 'resource.k8s.io' && resource === 'resourceclaims';
const isCore = ({ group, resource }: GroupResource, name: string): boolean => group === '' && resource === name;

/** The name under which objects of a kind are counted: `count/deployments.apps`. */
export function countName({ group, resource }: GroupResource): string {
  return group === '' ? `count/${resource}` : `count/${resource}.${group}`;
}

/** Those of the names that objects of this kind can use up. */
export function quotaNames(kind: GroupResource, names: readonly string[]): string[] {
  if (isCore(kind, 'pods')) return names.filter((name) => podNames.has(name) || isPodResource(name));
  if (isCore(kind, 'services')) return names.filter((name) => serviceNames.has(name));
  if (isCore(kind, 'persistentvolumeclaims')) {
    return names.filter((name) => claimNames.has(name) || classNames.some((suffix) => name.endsWith(classSuffix + suffix)));
  }
  if (isDeviceClaim(kind)) return names.filter((name) => name === countName(kind) || name.endsWith(deviceSuffix));
  const plain = kind.group === '' && plainlyCounted.has(kind.resource);
  return names.filter((name) => name === countName(kind) || (plain && name === kind.resource));
}

function isPodResource(name: string): boolean {
  if (name.startsWith('hugepages-') || name.startsWith('requests.hugepages-')) return true;
  return name.startsWith('requests.') && isExtended(name.slice('requests.'.length));
}

/** Resources of devices: `example.com/gpu`. */
function isExtended(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/');
}

/** `now`: milliseconds since the epoch. Throws QuantityError. */
export function quotaUsage(kind: GroupResource, object: KubeObject, now: number): Amounts {
  if (isCore(kind, 'pods')) return podUsage(object as unknown as Pod, now);
  if (isCore(kind, 'services')) return serviceUsage(object as unknown as Service);
  if (isCore(kind, 'persistentvolumeclaims')) return claimUsage(object as unknown as PersistentVolumeClaim);
  if (isDeviceClaim(kind)) return deviceUsage(object as unknown as ResourceClaim, countName(kind));
  const usage: Amounts = new Map([[countName(kind), one]]);
  if (kind.group === '' && plainlyCounted.has(kind.resource)) usage.set(kind.resource, one);
  return usage;
}

function podUsage(pod: Pod, now: number): Amounts {
  const usage: Amounts = new Map([['count/pods', one]]);
  if (!isAlive(pod, now)) return usage;
  addTo(usage, computeUsage(podRequests(pod.spec), podLimits(pod.spec)));
  if (pod.spec.overhead !== undefined) addTo(usage, overheadUsage(pod, parseAmounts(pod.spec.overhead)));
  return usage;
}

/** Overhead counts as requested, and as limit where there is one. */
function overheadUsage(pod: Pod, overhead: Amounts): Amounts {
  const limits = podLimits(pod.spec);
  const usage = computeUsage(overhead, new Map([...overhead].filter(([name]) => limits.has(name))));
  usage.delete('pods');
  return usage;
}

/** Pods that have ended, or should have, use nothing up. */
function isAlive({ metadata, status }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

function computeUsage(requests: ReadonlyMap<string, Quantity>, limits: ReadonlyMap<string, Quantity>): Amounts {
  const usage: Amounts = new Map([['pods', one]]);
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const request = requests.get(name);
    const limit = limits.get(name);
    if (request !== undefined) usage.set(name, request).set(`requests.${name}`, request);
    if (limit !== undefined) usage.set(`limits.${name}`, limit);
  }
  for (const [name, request] of requests) {
    if (name.startsWith('hugepages-')) usage.set(name, request).set(`requests.${name}`, request);
    else if (isExtended(name)) usage.set(`requests.${name}`, request);
  }
  return usage;
}

const required = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

/** A quota of cpu or memory wants every container to say how much it needs: what is missing, or undefined. */
export function podConstraintFault({ spec }: Pod, names: readonly string[]): string | undefined {
  if (Object.keys({ ...spec.resources?.requests, ...spec.resources?.limits }).length > 0) return undefined;
  const containers: readonly Container[] = [...spec.containers, ...(spec.initContainers ?? [])];
  const faults = names
    .filter((name) => required.includes(name))
    .sort()
    .flatMap((name) => {
      const lacking = containers.filter(
        ({ resources }) => !computeUsage(parseAmounts(resources?.requests), parseAmounts(resources?.limits)).has(name),
      );
      return lacking.length === 0
        ? []
        : [
            `${name} for: ${lacking
              .map((container) => container.name)
              .sort()
              .join(',')}`,
          ];
    });
  return faults.length === 0 ? undefined : `must specify ${faults.join('; ')}`;
}

function serviceUsage({ spec }: Service): Amounts {
  const { type, ports = [], allocateLoadBalancerNodePorts = true } = spec ?? {};
  const usage: Amounts = new Map([
    ['count/services', one],
    ['services', one],
    ['services.loadbalancers', type === 'LoadBalancer' ? one : zeroQuantity],
    ['services.nodeports', zeroQuantity],
  ]);
  if (type !== 'NodePort' && type !== 'LoadBalancer') return usage;
  const all = type === 'NodePort' || allocateLoadBalancerNodePorts;
  const counted = all ? ports : ports.filter(({ nodePort = 0 }) => nodePort !== 0);
  return usage.set('services.nodeports', wholeQuantity(counted.length));
}

function claimUsage({ metadata, spec, status }: PersistentVolumeClaim): Amounts {
  const usage: Amounts = new Map([
    ['persistentvolumeclaims', one],
    ['count/persistentvolumeclaims', one],
  ]);
  const storageClass = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? '';
  if (storageClass !== '') usage.set(`${storageClass}${classSuffix}persistentvolumeclaims`, one);
  const asked = spec?.resources?.requests?.storage;
  if (asked === undefined) return usage;
  const storage: Amounts = new Map([['', parseQuantity(asked)]]);
  const given = status?.allocatedResources?.storage;
  if (given !== undefined) maxTo(storage, new Map([['', parseQuantity(given)]]));
  const bytes = storage.get('') ?? zeroQuantity;
  const whole = bytes.isMultipleOf(0) ? bytes : wholeQuantity(bytes.scaled(0), bytes.format);
  usage.set('requests.storage', whole);
  if (storageClass !== '') usage.set(`${storageClass}${classSuffix}requests.storage`, whole);
  return usage;
}

/** The devices a claim may get, by class; of alternatives the most of each class. */
function deviceUsage({ spec }: ResourceClaim, count: string): Amounts {
  const usage: Amounts = new Map([[count, one]]);
  for (const { exactly, firstAvailable = [] } of spec.devices?.requests ?? []) {
    const most: Amounts = new Map();
    for (const { deviceClassName, allocationMode, count: wanted = 0 } of exactly === undefined ? firstAvailable : [exactly]) {
      const devices = allocationMode === 'All' ? maxDevices : allocationMode === 'ExactCount' ? wanted : 0;
      maxTo(most, new Map([[`${deviceClassName}${deviceSuffix}`, wholeQuantity(devices)]]));
    }
    addTo(usage, most);
  }
  return usage;
}
