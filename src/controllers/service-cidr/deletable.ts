/** Whether a ServiceCIDR that is being deleted can go: canDeleteCIDR of pkg/controller/servicecidrs. */
import type { IPAddress, ServiceCIDR } from '../../api/generated/types.ts';
import { parseAddress } from '../../api/ip.ts';
import { addressLabels, holdsServiceIP, rangeContains, rangesOf, type ServiceRange } from '../../api/service-range.ts';

/** An address of a Service, as opposed to one that somebody else keeps an IPAddress for. */
export const isOfServices = ({ metadata }: IPAddress): boolean => metadata.labels?.[addressLabels.managedBy] === addressLabels.manager;

/** Those of `cidrs` that the address can be of. */
export function cidrsHolding(name: string, cidrs: readonly ServiceCIDR[]): ServiceCIDR[] {
  const address = parseAddress(name);
  return cidrs.filter((cidr) => rangesOf(cidr).some((range) => holdsServiceIP(range, address)));
}

/** Either another one has all of its addresses, or no Service has one that is in no other. `all` includes it. */
export function isDeletable(cidr: ServiceCIDR, all: readonly ServiceCIDR[], addresses: Iterable<IPAddress>): boolean {
  const ranges = rangesOf(cidr);
  if (ranges.every((range) => hasParent(cidr, range, all))) return true;
  const families = new Set<string>(ranges.map(({ family }) => family));
  for (const address of addresses) {
    if (!isOfServices(address) || !families.has(address.metadata.labels?.[addressLabels.family] ?? '')) continue;
    const holding = cidrsHolding(address.metadata.name, all);
    if (holding.length === 1 && holding[0]?.metadata.name === cidr.metadata.name) return false;
  }
  return true;
}

function hasParent(cidr: ServiceCIDR, range: ServiceRange, all: readonly ServiceCIDR[]): boolean {
  return all.some((other) => other.metadata.name !== cidr.metadata.name && rangesOf(other).some((outer) => rangeContains(outer, range)));
}
