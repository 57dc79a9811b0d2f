/** Hints that keep traffic close, from a Service's `trafficDistribution`: k8s.io/endpointslice/trafficdist. Pure. */
import type { Endpoint, Service } from '../../api/generated/types.ts';

export type Distribution = 'PreferSameZone' | 'PreferSameNode';

const oldAnnotation = 'service.kubernetes.io/topology-aware-hints';
const annotation = 'service.kubernetes.io/topology-mode';

/** Whether hints share the endpoints out among the zones by their processors (topology.ts); that outranks `trafficDistribution`. */
export function asksForTopology(service: Service): boolean {
  const annotations = service.metadata.annotations ?? {};
  const mode = annotations[oldAnnotation] ?? annotations[annotation];
  return mode === 'Auto' || mode === 'auto';
}

/** PreferClose is the old name of PreferSameZone. */
export function distributionOf(service: Service): Distribution | undefined {
  if (asksForTopology(service)) return undefined;
  switch (service.spec.trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return 'PreferSameZone';
    case 'PreferSameNode':
      return 'PreferSameNode';
    default:
      return undefined;
  }
}

/** An endpoint serves its own zone and, where asked for, its own node; one that is not ready has no hints. */
export function distributionHints(endpoint: Endpoint, distribution: Distribution | undefined): Pick<Endpoint, 'hints'> {
  if (distribution === undefined || endpoint.conditions?.ready !== true) return {};
  const forZones = endpoint.zone === undefined ? {} : { forZones: [{ name: endpoint.zone }] };
  const forNodes = endpoint.nodeName === undefined || distribution !== 'PreferSameNode' ? {} : { forNodes: [{ name: endpoint.nodeName }] };
  const hints = { ...forZones, ...forNodes };
  return Object.keys(hints).length === 0 ? {} : { hints };
}
