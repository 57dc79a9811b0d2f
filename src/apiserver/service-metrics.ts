/** How many addresses and ports Services have taken, by upstream's names (pkg/registry/core/service/{ipallocator,portallocator}). */
import { type Cidr, cidrContains, parseAddress, parseCidr } from '../api/ip.ts';
import type { MetricRegistry, Sample } from '../base/metrics.ts';
import type { Registry } from '../registry/store.ts';

/** Ports of the default range. */
const ports = 2768;

interface ServiceCIDR {
  readonly spec?: { readonly cidrs?: readonly string[] };
}

interface Service {
  readonly spec?: { readonly healthCheckNodePort?: number; readonly ports?: readonly { readonly nodePort?: number }[] };
}

export function serviceMetrics(metrics: MetricRegistry, registry: Registry): void {
  const known = (group: string, resource: string) => registry.lookup(group, 'v1', resource)?.knownIn?.('') ?? [];
  const ranges = (): [text: string, taken: number, size: number][] => {
    const addresses = known('networking.k8s.io', 'ipaddresses').flatMap(({ name }) => parseAddress(name) ?? []);
    const texts = known('networking.k8s.io', 'servicecidrs').flatMap(({ object }) => (object as ServiceCIDR).spec?.cidrs ?? []);
    return [...new Set(texts)].flatMap((text) => {
      const cidr = parseCidr(text);
      if (cidr === undefined) return [];
      return [[text, addresses.filter((address) => cidrContains(cidr, address)).length, sizeOf(cidr)]];
    });
  };
  const prefix = 'kube_apiserver_clusterip_allocator_';
  const gauge = (name: string, help: string, samples: () => Iterable<Sample>): void => metrics.collected('gauge', { name, help }, samples);
  gauge(`${prefix}allocated_ips`, 'Gauge measuring the number of allocated IPs for Services', () =>
    ranges().map(([cidr, taken]) => ({ labels: { cidr }, value: taken })),
  );
  gauge(`${prefix}available_ips`, 'Gauge measuring the number of available IPs for Services', () =>
    ranges().map(([cidr, taken, size]) => ({ labels: { cidr }, value: size - taken })),
  );
  const taken = (): number => {
    const services = known('', 'services').map(({ object }) => (object as Service).spec ?? {});
    const all = services.flatMap(({ healthCheckNodePort, ports: own = [] }) => [
      healthCheckNodePort,
      ...own.map(({ nodePort }) => nodePort),
    ]);
    return new Set(all.filter((port) => port !== undefined && port !== 0)).size;
  };
  const ofPorts = 'kube_apiserver_nodeport_allocator_';
  gauge(`${ofPorts}allocated_ports`, 'Gauge measuring the number of allocated NodePorts for Services', () => [{ value: taken() }]);
  gauge(`${ofPorts}available_ports`, 'Gauge measuring the number of available NodePorts for Services', () => [{ value: ports - taken() }]);
}

/** The network's own address is nobody's, nor is IPv4's broadcast address. */
function sizeOf({ address, bits }: Cidr): number {
  return address.family === 4 ? Math.max(0, 2 ** (32 - bits) - 2) : 2 ** Math.min(128 - bits, 64) - 1;
}
