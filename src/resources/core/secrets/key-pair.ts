/** Whether a TLS secret's key and certificate belong together: Go's tls.X509KeyPair, in its words. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Secret } from '../../../api/generated/types.ts';

interface Block {
  readonly type: string;
  readonly pem: string;
}

const blocksOf = (text: string): Block[] =>
  [...text.matchAll(/-----BEGIN ([^\n-]+)-----[\s\S]*?-----END \1-----/g)].map(([pem, type = '']) => ({ type, pem }));

/** Goes out as a warning: such a secret is accepted. */
export function keyPairWarnings({ type, data = {} }: Secret): string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString();
  const fault = keyPairFault(blocksOf(text('tls.crt')), blocksOf(text('tls.key')));
  return fault === undefined ? [] : [fault];
}

function keyPairFault(certificates: readonly Block[], keys: readonly Block[]): string | undefined {
  const leaf = certificates.find((block) => block.type === 'CERTIFICATE');
  if (leaf === undefined) {
    if (certificates.length === 0) return 'tls: failed to find any PEM data in certificate input';
    if (certificates.some((block) => isKey(block)))
      return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
    return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types(certificates)}]`;
  }
  const key = keys.find(isKey);
  if (key === undefined) {
    if (keys.length === 0) return 'tls: failed to find any PEM data in key input';
    if (keys.some((block) => block.type === 'CERTIFICATE'))
      return 'tls: found a certificate rather than a key in the PEM for the private key';
    return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types(keys)}]`;
  }
  return mismatch(leaf, key);
}

const isKey = ({ type }: Block): boolean => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY');
const types = (blocks: readonly Block[]): string => blocks.map(({ type }) => type).join(' ');

function mismatch(leaf: Block, key: Block): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(leaf.pem);
  } catch {
    return 'x509: malformed certificate';
  }
  try {
    return certificate.checkPrivateKey(createPrivateKey(key.pem)) ? undefined : 'tls: private key does not match public key';
  } catch {
    return 'tls: failed to parse private key';
  }
}
