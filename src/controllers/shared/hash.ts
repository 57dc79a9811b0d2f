/** Hashes that name things: pkg/controller ComputeHash and apimachinery pkg/util/rand SafeEncodeString. */
import type { PodTemplateSpec } from '../../api/generated/types.ts';
import { goDump } from '../../api/go-dump.ts';

/** FNV-1a with 32 bits. */
export function fnv32a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
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

/** The pod-template-hash of a template as the API serves it: the same as upstream's, over a Go dump of it. */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  const dump = Buffer.from(goDump('io.k8s.api.core.v1.PodTemplateSpec', template));
  if (collisionCount === undefined) return safeEncode(String(fnv32a(dump)));
  const count = Buffer.alloc(8);
  count.writeUInt32LE(collisionCount);
  return safeEncode(String(fnv32a(Buffer.concat([dump, count]))));
}
