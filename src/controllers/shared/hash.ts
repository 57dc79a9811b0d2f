/** Hashes that name things: pkg/controller ComputeHash and apimachinery pkg/util/rand SafeEncodeString. */
import { stableStringify } from '../../base/json-equal.ts';

/** FNV-1a with 32 bits. */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** FNV-1 with 32 bits, which multiplies first. */
export function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  return hash;
}

const alphanumerics = 'bcdfghjklmnpqrstvwxz2456789';

/** Text without vowels and look-alikes, so that no bad words come out. */
export function safeEncode(text: string): string {
  return [...Buffer.from(text)].map((byte) => alphanumerics[byte % alphanumerics.length]).join('');
}

/** The pod-template-hash of a template. Upstream hashes a Go dump of it; any stable hash serves. */
export function templateHash(template: unknown, collisionCount: number | undefined): string {
  return safeEncode(String(fnv32a(stableStringify(template) + (collisionCount === undefined ? '' : String(collisionCount)))));
}
