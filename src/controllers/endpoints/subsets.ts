/** From a Service and its pods to Endpoints subsets: pkg/controller/endpoint and pkg/api/v1/endpoints/util.go. Pure. */
import type { CoreV1EndpointPort as EndpointPort, EndpointAddress, EndpointSubset, Pod, Service } from '../../api/generated/types.ts';
import { isPodReady } from '../shared/pods.ts';
import { addressesOf, familyOf, hostnameOf, isEndpoint, isHeadless, targetPortOf } from '../shared/service-endpoints.ts';

interface Slot {
  readonly address: EndpointAddress;
  readonly ready: boolean;
  readonly ports: EndpointPort[];
}

/** Addresses with the same ports share a subset; within one everything is sorted. */
export function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const slots = pods.flatMap((pod) => slotOf(service, pod));
  const groups = Map.groupBy(slots, (slot) => JSON.stringify(slot.ports));
  const subsets = [...groups.values()].map((group) => {
    const ready = group.filter((slot) => slot.ready).map((slot) => slot.address);
    const notReady = group.filter((slot) => !slot.ready).map((slot) => slot.address);
    const ports = group[0]?.ports ?? [];
    return {
      ...(ready.length === 0 ? {} : { addresses: ready.sort(byAddress) }),
      ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.sort(byAddress) }),
      ...(ports.length === 0 ? {} : { ports }),
    };
  });
  return subsets.sort((a, b) => (JSON.stringify(a.ports ?? []) < JSON.stringify(b.ports ?? []) ? -1 : 1));
}

/** Endpoints hold no more addresses than this. */
const maxAddresses = 1000;

/** Cuts what is too much: ready addresses first have the room, shared among the subsets in proportion; undefined: it fits. */
export function truncated(subsets: readonly EndpointSubset[]): EndpointSubset[] | undefined {
  const count = (of: 'addresses' | 'notReadyAddresses'): number => subsets.reduce((sum, subset) => sum + (subset[of]?.length ?? 0), 0);
  const [ready, notReady] = [count('addresses'), count('notReadyAddresses')];
  if (ready + notReady <= maxAddresses) return undefined;
  const [cut, room, total] =
    ready > maxAddresses ? (['addresses', maxAddresses, ready] as const) : (['notReadyAddresses', maxAddresses - ready, notReady] as const);
  let left = room;
  return subsets.map(({ addresses, notReadyAddresses, ports }) => {
    const list = (cut === 'addresses' ? addresses : notReadyAddresses) ?? [];
    const taken = list.slice(0, Math.min(left, Math.ceil((list.length / total) * room)));
    left -= taken.length;
    const [kept = [], waiting = []] = cut === 'addresses' ? [taken] : [addresses, taken];
    return {
      ...(kept.length === 0 ? {} : { addresses: kept }),
      ...(waiting.length === 0 ? {} : { notReadyAddresses: waiting }),
      ...(ports === undefined ? {} : { ports }),
    };
  });
}

function byAddress(a: EndpointAddress, b: EndpointAddress): number {
  return a.ip === b.ip ? ((a.targetRef?.uid ?? '') < (b.targetRef?.uid ?? '') ? -1 : 1) : a.ip < b.ip ? -1 : 1;
}

function slotOf(service: Service, pod: Pod): Slot[] {
  const publish = service.spec.publishNotReadyAddresses === true;
  if (!isEndpoint(pod, publish)) return [];
  const family =
    service.spec.ipFamilies?.[0] ?? (isHeadless(service) ? familyOf(addressesOf(pod)[0] ?? '') : familyOf(service.spec.clusterIP ?? ''));
  const ip = addressesOf(pod).find((address) => familyOf(address) === family);
  if (ip === undefined) return [];
  const ports = portsOf(service, pod);
  if (ports.length === 0 && ((service.spec.ports ?? []).length > 0 || !isHeadless(service))) return [];
  const hostname = hostnameOf(pod, service);
  const { name, namespace = '', uid } = pod.metadata;
  const address: EndpointAddress = {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...((pod.spec.nodeName ?? '') === '' ? {} : { nodeName: pod.spec.nodeName ?? '' }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
  return [{ address, ready: publish || isPodReady(pod), ports }];
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  const ports = (service.spec.ports ?? []).flatMap((port) => {
    const target = targetPortOf(pod, port);
    if (target === undefined) return [];
    return [
      {
        ...((port.name ?? '') === '' ? {} : { name: port.name ?? '' }),
        port: target,
        protocol: port.protocol ?? 'TCP',
        ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
      },
    ];
  });
  return ports.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
