import ipaddr from 'ipaddr.js';

/** nft's names of the address families. */
export type Family = 'ip' | 'ip6';

/** Of an address or CIDR. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 'ip6' : 'ip';
}

/** Whether the text is one plain address or CIDR: what goes into an nft script must be nothing else. */
export function isPlainAddress(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  if (rest.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) || address.includes('%')) return false;
  return address.includes(':') ? ipaddr.IPv6.isValid(address) : ipaddr.IPv4.isValidFourPartDecimal(address);
}

/**
 * The one way to write a plain address or CIDR (RFC 5952, no bits beyond the prefix); undefined: it is none. One element of a set in the
 * kernel must not have two names here: whoever takes one of them back would take the other one away as well.
 */
export function canonicalAddress(text: string): string | undefined {
  if (!isPlainAddress(text)) return undefined;
  const [address = '', prefix] = text.split('/');
  if (prefix === undefined) return familyOf(text) === 'ip' ? text : ipaddr.IPv6.parse(address).toRFC5952String();
  try {
    return familyOf(text) === 'ip'
      ? `${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${prefix}`
      : `${ipaddr.IPv6.networkAddressFromCIDR(text).toRFC5952String()}/${prefix}`;
  } catch {
    return undefined;
  }
}

/** Those of the texts that are plain addresses or CIDRs, canonical, each once. */
export function canonicalAddresses(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => canonicalAddress(text) ?? []))];
}

/** Whether a plain address lies in a CIDR (or is that address) of the same family. */
export function inRange(address: string, range: string): boolean {
  const [base = '', bits] = range.split('/');
  const at = ipaddr.parse(address);
  const of = ipaddr.parse(base);
  if (at.kind() !== of.kind()) return false;
  return at.match(of, bits === undefined ? (at.kind() === 'ipv4' ? 32 : 128) : Number(bits));
}
