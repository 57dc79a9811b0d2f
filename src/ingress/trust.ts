/** Who a request comes from, when proxies in front of this one may say so: only those whose addresses were named are believed. */
import { BlockList, isIP } from 'node:net';
import type { RawHeaders } from './headers.ts';

export interface TrustedProxies {
  has(address: string): boolean;
}

/** `cidrs` as the options take them. */
export function trustedProxies(cidrs: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [ip = '', bits = ''] = cidr.split('/');
    list.addSubnet(ip, Number(bits), isIP(ip) === 6 ? 'ipv6' : 'ipv4');
  }
  if (cidrs.length === 0) return { has: () => false };
  return { has: (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') };
}

/** What the next server is told about the client. */
export interface Told {
  /** The chain of addresses, X-Forwarded-For. */
  readonly chain: string;
  /** The nearest address that is no trusted proxy's. */
  readonly address: string;
  readonly host: string;
  readonly proto: string;
  readonly port: string;
  /** RFC 7239, only where a trusted proxy began it. */
  readonly forwarded: string | undefined;
}

export interface Peer {
  readonly address: string;
  readonly host: string;
  readonly isTls: boolean;
  readonly port: number;
}

/** An address as people write it: IPv4 that came over an IPv6 socket is IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

export function toldBy(raw: RawHeaders, peer: Peer, trusted: TrustedProxies): Told {
  const proto = peer.isTls ? 'https' : 'http';
  const own = { chain: peer.address, address: peer.address, host: peer.host, proto, port: String(peer.port), forwarded: undefined };
  if (!trusted.has(peer.address)) return own;
  const said = (name: string): string | undefined => {
    const values = raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name);
    return values.length === 0 ? undefined : values.join(', ');
  };
  const before = (said('x-forwarded-for') ?? '').split(',').flatMap((part) => part.trim() || []);
  const chain = [...before, peer.address];
  const claimed = said('x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase();
  const forwarded = said('forwarded');
  const isSix = peer.address.includes(':');
  return {
    chain: chain.join(', '),
    address: chain.findLast((address) => !trusted.has(address)) ?? peer.address,
    host: said('x-forwarded-host') ?? peer.host,
    proto: claimed === 'http' || claimed === 'https' ? claimed : proto,
    port: said('x-forwarded-port') ?? (claimed === 'https' ? '443' : own.port),
    forwarded: forwarded === undefined ? undefined : `${forwarded}, for=${isSix ? `"[${peer.address}]"` : peer.address};proto=${proto}`,
  };
}
