/**
 * The objects a cluster has from the start, as values. What upstream makes in pkg/controlplane (system namespaces, the
 * kubernetes Service and its endpoints, the default ServiceCIDR) and in the scheduling storage's post-start hook.
 */
import { isIP } from 'node:net';
import { path } from '../../api/field-errors.ts';
import type * as t from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { endpointAddressErrors } from '../../resources/shared/endpoint-address.ts';

export const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

export interface ApiServerEndpoint {
  /** Where clients in the cluster reach the API server, one family each. */
  readonly addresses: readonly string[];
  readonly port: number;
}

export function namespace(name: string): New<t.Namespace> {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {} };
}

const apiServerLabels = { component: 'apiserver', provider: 'kubernetes' };

/** `clusterIP` is the first address of the first service CIDR. */
export function kubernetesService(clusterIP: string, targetPort: number): New<t.Service> {
  return {
    metadata: { name: 'kubernetes', namespace: 'default', labels: apiServerLabels },
    spec: {
      clusterIP,
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      type: 'ClusterIP',
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort }],
    },
  };
}

/** The kubernetes Service has no selector: its endpoints are the API servers. */
/** Those of the family that may be endpoints: a server that listens on loopback alone is behind no Service. */
function endpointAddresses({ addresses }: ApiServerEndpoint, family: 4 | 6): string[] {
  return addresses.filter((address) => isIP(address) === family && endpointAddressErrors(path('ip'), address).length === 0);
}

export function kubernetesEndpoints(endpoint: ApiServerEndpoint, family: 4 | 6): New<t.Endpoints> {
  const addresses = endpointAddresses(endpoint, family).map((ip) => ({ ip }));
  return {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    ...(addresses.length === 0 ? {} : { subsets: [{ addresses, ports: [{ name: 'https', port: endpoint.port, protocol: 'TCP' }] }] }),
  };
}

export function kubernetesEndpointSlice(endpoint: ApiServerEndpoint, family: 4 | 6): New<t.EndpointSlice> {
  return {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: family === 4 ? 'IPv4' : 'IPv6',
    endpoints: endpointAddresses(endpoint, family).map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'https', port: endpoint.port, protocol: 'TCP' }],
  };
}

export const systemPriorityClasses: readonly New<t.PriorityClass>[] = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
];

/** Claims that name no class get a folder of the node their pod runs on; every node's agent makes its own. */
export const localPathClass: New<t.StorageClass> = {
  metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'coracle.io/local-path',
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
};
