import ipaddr from 'ipaddr.js';

/** The bytes of an address record; undefined when the text is no plain address. */
export function addressBytes(ip: string): Uint8Array | undefined {
  if (ip.includes('%') || !(ip.includes(':') ? ipaddr.IPv6.isValid(ip) : ipaddr.IPv4.isValidFourPartDecimal(ip))) return undefined;
  return Uint8Array.from(ipaddr.parse(ip).toByteArray());
}

/** One spelling for each address, to compare by. */
export function canonicalIP(ip: string): string {
  const bytes = addressBytes(ip);
  return bytes === undefined ? ip : ipaddr.fromByteArray([...bytes]).toString();
}

/** The address a name below in-addr.arpa or ip6.arpa stands for, in its canonical form; undefined for others and partial ones. */
export function reverseAddress(name: string): string | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const parts = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse();
    const ip = parts.join('.');
    return parts.length === 4 && ipaddr.IPv4.isValidFourPartDecimal(ip) ? ipaddr.IPv4.parse(ip).toString() : undefined;
  }
  if (!name.endsWith('.ip6.arpa')) return undefined;
  const nibbles = name.slice(0, -'.ip6.arpa'.length).split('.').reverse();
  if (nibbles.length !== 32 || !nibbles.every((nibble) => /^[0-9a-f]$/.test(nibble))) return undefined;
  const groups = nibbles.join('').match(/.{4}/g) ?? [];
  return ipaddr.IPv6.parse(groups.join(':')).toString();
}

export function contains(cidrs: readonly string[], ip: string): boolean {
  const address = ipaddr.parse(ip);
  return cidrs.some((cidr) => {
    const [base, bits] = ipaddr.parseCIDR(cidr);
    return base.kind() === address.kind() && address.match(base, bits);
  });
}
