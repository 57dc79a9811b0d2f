/** The secret that lets nodes join, with the fingerprint of the authority they may trust: `K10FINGERPRINT::SECRET` (k3s's form). */
import { createHash, X509Certificate } from 'node:crypto';
import { UsageError } from './usage-error.ts';

export interface JoinToken {
  /** SHA-256 of the authority's certificate (DER), hex; missing in a bare secret: whoever answers is believed. */
  readonly fingerprint: string | undefined;
  readonly secret: string;
}

/** Throws {@link UsageError} for an empty token. */
export function parseJoinToken(text: string): JoinToken {
  const match = /^(?:K10([0-9a-f]{64})::)?(\S+)$/.exec(text.trim());
  if (match?.[2] === undefined) throw new UsageError('the token is empty or has spaces in it');
  return { fingerprint: match[1], secret: match[2] };
}

export function formatJoinToken(secret: string, authority: string): string {
  return `K10${fingerprintOf(new X509Certificate(authority).raw)}::${secret}`;
}

export function fingerprintOf(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex');
}
