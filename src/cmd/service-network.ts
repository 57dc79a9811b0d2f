/** Addresses with a fixed role inside the service networks. */
import ipaddr from 'ipaddr.js';

/** The `offset`-th address of a network: 1 is the kubernetes Service's, 10 the cluster DNS's. */
export function addressAt(cidr: string, offset: number): string {
  const family = cidr.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
  const bytes = family.networkAddressFromCIDR(cidr).toByteArray();
  let carry = offset;
  for (let at = bytes.length - 1; at >= 0 && carry > 0; at -= 1) {
    const sum = (bytes[at] ?? 0) + carry;
    bytes[at] = sum & 0xff;
    carry = sum >> 8;
  }
  return ipaddr.fromByteArray(bytes).toString();
}
