/** The Service by which pods find DNS: kube-system/kube-dns with a fixed address and no selector; its EndpointSlices name this server. */
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import type { New } from '../api/object.ts';
import type { Client } from '../client/client.ts';
import { found } from '../client/found.ts';
import { refs } from '../client/refs.ts';

export interface DnsServiceOptions {
  readonly client: Client;
  /** The Service's addresses, one a family; the first is the preferred one. */
  readonly clusterDNS: readonly string[];
  /** Where the server listens. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** Where the server shows its metrics, if it does; the Service has them at 9153, as CoreDNS's has. */
  readonly statusPort?: number;
  /** Set on the endpoints when given, so that traffic policies know where they are. */
  readonly nodeName?: string;
}

/** CoreDNS's. */
export const usualStatusPort = 9153;

const namespace = 'kube-system';
const name = 'kube-dns';
const labels = { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' };

/** Makes the Service and slices what they should be; safe to call again. Other ports somebody added to the Service stay. */
export async function publishDnsService(options: DnsServiceOptions): Promise<void> {
  await ensureService(options);
  for (const family of ['IPv4', 'IPv6'] as const) await ensureSlice(options, family);
}

export function dnsService(clusterDNS: readonly string[]): New<Service> {
  return {
    metadata: { name, namespace, labels },
    spec: {
      clusterIP: clusterDNS[0],
      clusterIPs: [...clusterDNS],
      ipFamilies: clusterDNS.map(familyOf),
      ipFamilyPolicy: clusterDNS.length > 1 ? 'RequireDualStack' : 'SingleStack',
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
        { name: 'metrics', port: usualStatusPort, protocol: 'TCP', targetPort: usualStatusPort },
      ],
    },
  };
}

export function dnsSlice(options: DnsServiceOptions, family: 'IPv4' | 'IPv6'): New<EndpointSlice> {
  const addresses = options.addresses.filter((address) => familyOf(address) === family);
  return {
    metadata: {
      name: `${name}-${family.toLowerCase()}`,
      namespace,
      labels: { ...labels, 'kubernetes.io/service-name': name, 'endpointslice.kubernetes.io/managed-by': 'dns.coracle.io' },
    },
    addressType: family,
    endpoints: addresses.map((address) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      ...(options.nodeName === undefined ? {} : { nodeName: options.nodeName }),
    })),
    ports: [
      { name: 'dns', port: options.port, protocol: 'UDP' },
      { name: 'dns-tcp', port: options.port, protocol: 'TCP' },
      ...(options.statusPort === undefined ? [] : [{ name: 'metrics', port: options.statusPort, protocol: 'TCP' as const }]),
    ],
  };
}

function familyOf(address: string): 'IPv4' | 'IPv6' {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

async function ensureService({ client, clusterDNS }: DnsServiceOptions): Promise<void> {
  const existing = await found(client.resource(refs.services).get(namespace, name));
  if (existing === undefined) await client.resource(refs.services).create(namespace, dnsService(clusterDNS));
}

async function ensureSlice(options: DnsServiceOptions, family: 'IPv4' | 'IPv6'): Promise<void> {
  const slices = options.client.resource(refs.endpointSlices);
  const wanted = dnsSlice(options, family);
  const existing = await found(slices.get(namespace, `${name}-${family.toLowerCase()}`));
  if (wanted.endpoints?.length === 0) {
    if (existing !== undefined) await slices.delete(namespace, existing.metadata.name);
  } else if (existing === undefined) await slices.create(namespace, wanted);
  else if (JSON.stringify([existing.endpoints, existing.ports]) !== JSON.stringify([wanted.endpoints, wanted.ports])) {
    await slices.update({ ...structuredClone(existing), endpoints: wanted.endpoints, ports: wanted.ports });
  }
}
