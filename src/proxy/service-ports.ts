/** A Service and its EndpointSlices as what the rules need to know, one value a port and family. Rules: k8s.io/kubernetes/pkg/proxy/serviceport.go. */
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import { canonicalAddresses, familyOf, inRange } from './addresses.ts';
import type { Family } from './addresses.ts';
import type { Backends, Protocol } from './backends.ts';
import { keepPlaces, noBackends, selectBackends } from './backends.ts';

export interface ServicePortRule {
  /** `namespace/name:port-name`, unique with family and protocol. */
  readonly id: string;
  readonly family: Family;
  readonly protocol: Protocol;
  readonly port: number;
  readonly clusterIP: string;
  readonly nodePort: number | undefined;
  readonly externalIPs: readonly string[];
  /** Addresses of load balancers that hand packets on unchanged (ipMode VIP). */
  readonly loadBalancerIPs: readonly string[];
  /** Who may use the load balancer addresses; empty: everybody. */
  readonly sourceRanges: readonly string[];
  /** A client goes to the same backend for so long after its last connection; undefined: to any. */
  readonly affinitySeconds: number | undefined;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  readonly backends: Backends;
}

/** Whether the service is for this proxy at all. */
export function isProxied(service: Service): boolean {
  const { clusterIP, type } = service.spec;
  if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None' || type === 'ExternalName') return false;
  return service.metadata.labels?.['service.kubernetes.io/service-proxy-name'] === undefined;
}

export interface ServicePortsOptions {
  readonly nodeName: string;
  /** Addresses of this node: whom source ranges let in, they let in by the balancer's own address too. */
  readonly nodeIPs?: readonly string[];
  /** Zone of this node; '' or undefined: none. */
  readonly zone?: string | undefined;
  readonly former?: readonly ServicePortRule[];
}

/** The port a service's health check server listens on, on every node; undefined: it has none. */
export function healthCheckPort({ spec }: Service): number | undefined {
  const port = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' ? (spec.healthCheckNodePort ?? 0) : 0;
  return port === 0 ? undefined : port;
}

/** `former`: what an earlier call answered for the same service, so that backends keep their places. */
export function servicePorts(service: Service, slices: readonly EndpointSlice[], options: ServicePortsOptions): ServicePortRule[] {
  if (!isProxied(service)) return [];
  const clusterIPs = canonicalAddresses(service.spec.clusterIPs ?? [service.spec.clusterIP ?? '']);
  return clusterIPs.flatMap((clusterIP) => {
    const common = commonOf(service, clusterIP, options.nodeIPs ?? []);
    const own = slices.filter((slice) => slice.addressType === (common.family === 'ip' ? 'IPv4' : 'IPv6'));
    return (service.spec.ports ?? []).map((port): ServicePortRule => {
      const id = `${service.metadata.namespace}/${service.metadata.name}:${port.name ?? ''}`;
      const protocol = (port.protocol ?? 'TCP') as Protocol;
      const former =
        options.former?.find((rule) => rule.id === id && rule.family === common.family && rule.protocol === protocol)?.backends ??
        noBackends;
      const { nodeName, zone = '' } = options;
      const backends = selectBackends(own, { nodeName, zone, portName: port.name ?? '', protocol });
      return {
        ...common,
        id,
        protocol,
        port: port.port,
        nodePort: port.nodePort === 0 ? undefined : port.nodePort,
        backends: {
          ...backends,
          cluster: keepPlaces(former.cluster, backends.cluster),
          local: keepPlaces(former.local, backends.local),
        },
      };
    });
  });
}

function commonOf(
  service: Service,
  clusterIP: string,
  nodeIPs: readonly string[],
): Omit<ServicePortRule, 'id' | 'protocol' | 'port' | 'nodePort' | 'backends'> {
  const { spec, status } = service;
  const family = familyOf(clusterIP);
  const own = (addresses: readonly string[]): string[] => canonicalAddresses(addresses).filter((address) => familyOf(address) === family);
  const ingress = spec.type === 'LoadBalancer' ? (status.loadBalancer?.ingress ?? []) : [];
  const loadBalancerIPs = own(ingress.flatMap(({ ip, ipMode }) => (ip !== undefined && ipMode !== 'Proxy' ? [ip] : [])));
  const ranges = own((spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()));
  return {
    family,
    clusterIP,
    externalIPs: own(spec.externalIPs ?? []),
    loadBalancerIPs,
    sourceRanges: sourceRangesOf(ranges, own(nodeIPs), loadBalancerIPs),
    affinitySeconds: spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined,
    internalLocal: spec.internalTrafficPolicy === 'Local',
    externalLocal: spec.externalTrafficPolicy === 'Local',
  };
}

/** A range of all addresses is none. What this node sends to a balancer's address may carry that very address. */
function sourceRangesOf(ranges: readonly string[], nodeIPs: readonly string[], balancers: readonly string[]): readonly string[] {
  if (ranges.some((range) => range.endsWith('/0'))) return [];
  const holds = (ip: string): boolean => ranges.some((range) => inRange(ip, range));
  return nodeIPs.some(holds) ? [...ranges, ...balancers.filter((ip) => !holds(ip))] : ranges;
}
