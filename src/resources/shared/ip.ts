import { isIPv6 } from 'node:net';

/** An address family as Services name it. */
export type Family = 'IPv4' | 'IPv6';

export const familyOf = (address: string): Family => (isIPv6(address) ? 'IPv6' : 'IPv4');
