/** The addresses a ServiceCIDR offers to Services: pkg/api/servicecidr and pkg/registry/core/service/ipallocator of upstream. */
import type { ServiceCIDR } from './generated/types.ts';
import { formatAddress, parseAddress, parseCidr, type Address } from './ip.ts';

/** The name of the one that is made of --service-cidr. */
export const defaultServiceCIDR = 'kubernetes';

/** What IPAddress objects of Services are labelled with, and whose they say they are. */
export const addressLabels = {
  family: 'ipaddress.kubernetes.io/ip-family',
  managedBy: 'ipaddress.kubernetes.io/managed-by',
  manager: 'ipallocator.k8s.io',
} as const;

export interface ServiceRange {
  /** As in the ServiceCIDR. */
  readonly text: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly bits: number;
  readonly base: bigint;
  /** All bits beyond the prefix set. */
  readonly end: bigint;
}

/** Undefined: no CIDR. */
export function serviceRange(text: string): ServiceRange | undefined {
  const cidr = parseCidr(text);
  if (cidr === undefined) return undefined;
  const { family } = cidr.address;
  const size = 1n << BigInt((family === 4 ? 32 : 128) - cidr.bits);
  return { text, family: family === 4 ? 'IPv4' : 'IPv6', bits: cidr.bits, base: cidr.base, end: cidr.base + size - 1n };
}

/** Those of a ServiceCIDR. */
export const rangesOf = ({ spec }: Pick<ServiceCIDR, 'spec'>): readonly ServiceRange[] =>
  (spec.cidrs ?? []).flatMap((text) => serviceRange(text) ?? []);

/** Whether a Service can have this address of the range: neither the network's own, nor IPv4's broadcast address. */
export function holdsServiceIP(range: ServiceRange, address: Address | undefined): boolean {
  if (address === undefined || familyName(address) !== range.family) return false;
  return address.value > range.base && address.value <= range.end && (range.family === 'IPv6' || address.value !== range.end);
}

export function rangesOverlap(a: ServiceRange, b: ServiceRange): boolean {
  return a.family === b.family && a.base <= b.end && b.base <= a.end;
}

/** Whether all of `inner` is in `outer`; so it is when they are the same. */
export function rangeContains(outer: ServiceRange, inner: ServiceRange): boolean {
  return rangesOverlap(outer, inner) && outer.bits <= inner.bits;
}

/** Addresses may be had of it: it is not about to go, and nobody has said that it is not ready. */
export function offersAddresses({ metadata, status }: ServiceCIDR): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True';
}

/**
 * Every address of the range once, as names of IPAddress objects: from a random place on in its upper part, then in the lower one,
 * which is left to those who pick an address by hand as long as it can be.
 */
export function* candidates(range: ServiceRange, random: () => number): Generator<string> {
  const family = range.family === 'IPv4' ? 4 : 6;
  const first = range.base + 1n;
  const last = family === 4 ? range.end - 1n : range.end;
  const dynamic = first + BigInt(staticBand(range));
  for (const [from, to] of [
    [dynamic, last],
    [first, dynamic - 1n],
  ] as const) {
    const count = to - from + 1n;
    if (count <= 0n) continue;
    const start = below(count, random);
    for (let step = 0n; step < count; step += 1n) {
      yield formatAddress({ family, value: from + ((start + step) % count) });
    }
  }
}

/** How many addresses at the beginning are given out last. */
function staticBand({ base, end }: ServiceRange): number {
  const size = end - base + 1n;
  if (size <= 16n) return 0;
  const share = size / 16n;
  return share < 16n ? 16 : share > 256n ? 256 : Number(share);
}

function below(count: bigint, random: () => number): bigint {
  const part = (): bigint => BigInt(Math.floor(random() * 2 ** 32));
  return ((part() << 32n) | part()) % count;
}

const familyName = ({ family }: Address): 'IPv4' | 'IPv6' => (family === 4 ? 'IPv4' : 'IPv6');

/** The name an address' IPAddress has, however the Service writes it. */
export function addressName(text: string): string | undefined {
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
}
