/** What an IPAddress of a Service looks like. */
import type { IPAddress, Service } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { addressLabels, addressName } from '../../api/service-range.ts';

const familyOf = (name: string): string => (name.includes(':') ? 'IPv6' : 'IPv4');

export function addressOf(name: string, { metadata }: Service): New<IPAddress> {
  const labels = { [addressLabels.family]: familyOf(name), [addressLabels.managedBy]: addressLabels.manager };
  return {
    metadata: { name, labels },
    spec: { parentRef: { resource: 'services', namespace: metadata.namespace ?? '', name: metadata.name } },
  };
}

/** The Service has addresses of its own. */
export const hasServiceIPs = ({ spec }: Service): boolean =>
  spec.type !== 'ExternalName' && (spec.clusterIPs ?? []).length > 0 && spec.clusterIPs?.[0] !== 'None';

/** The Service has this address. */
export const isOf = ({ spec }: Service, name: string): boolean => (spec.clusterIPs ?? []).some((ip) => addressName(ip) === name);

/** The allocator made it. */
export const isManaged = ({ metadata }: IPAddress): boolean => metadata.labels?.[addressLabels.managedBy] === addressLabels.manager;

export const isOfService = ({ spec: { parentRef } }: IPAddress): boolean =>
  (parentRef.group ?? '') === '' && parentRef.resource === 'services';

export const hasLabels = (address: IPAddress): boolean =>
  isManaged(address) && address.metadata.labels?.[addressLabels.family] === familyOf(address.metadata.name);
