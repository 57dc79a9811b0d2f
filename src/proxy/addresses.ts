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

/** Whether a plain address lies in a CIDR (or is that address) of the same family. */
export function inRange(address: string, range: string): boolean {
  const [base = '', bits] = range.split('/');
  const at = ipaddr.parse(address);
  const of = ipaddr.parse(base);
  if (at.kind() !== of.kind()) return false;
  return at.match(of, bits === undefined ? (at.kind() === 'ipv4' ? 32 : 128) : Number(bits));
}
