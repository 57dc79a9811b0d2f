/** The cluster's keys and certificates on disk (DATA/tls, keys readable by the owner only), made when missing and renewed when due. */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { KeyPair } from '../auth/certificates.ts';
import { writeFileAtomic } from './files.ts';

export interface Pki {
  /** Signs everything below; what clients and pods trust. */
  readonly authority: KeyPair;
  readonly server: KeyPair;
  /** The kubeconfig's client certificate: system:masters. */
  readonly admin: KeyPair;
  /** The API server towards the nodes. */
  readonly kubeletClient: KeyPair;
  /** PKCS#8 PEM key that signs service account tokens. */
  readonly serviceAccountKey: string;
  /** Issues a node's server certificate and keeps it in DATA/tls. */
  kubelet(nodeName: string, hosts: readonly string[]): Promise<KeyPair>;
  /** The certificate that Ingress shows for names without one of their own. */
  ingress(): Promise<KeyPair>;
}

export interface PkiOptions {
  readonly dataDir: string;
  /** Names and addresses of the API server. */
  readonly hosts: readonly string[];
  readonly now: number;
}

const leafDays = 365;
const renewBeforeMs = 90 * 86_400_000;

/** Opens or makes the cluster's certificates. Throws when files are there but unreadable. */
export async function openPki({ dataDir, hosts, now }: PkiOptions): Promise<Pki> {
  const dir = join(dataDir, 'tls');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const issuing = (): Promise<typeof import('../auth/certificates.ts')> => import('../auth/certificates.ts');

  const authority = readPair(dir, 'ca') ?? writePair(dir, 'ca', await (await issuing()).createAuthority('coracle-ca', now));
  const leaf = async (name: string, options: Omit<import('../auth/certificates.ts').LeafOptions, 'days'>): Promise<KeyPair> => {
    const kept = readPair(dir, name);
    if (kept !== undefined && isGood(kept, { authority, hosts: options.hosts ?? [], now })) return kept;
    return writePair(dir, name, await (await issuing()).issue(authority, { ...options, days: leafDays }, now));
  };
  const keyFile = join(dir, 'service-account.key');
  if (!existsSync(keyFile)) writeFileAtomic(keyFile, await (await issuing()).createSigningKey(), 0o600);

  return {
    authority,
    server: await leaf('server', { commonName: 'kube-apiserver', hosts, usage: 'server' }),
    admin: await leaf('admin', { commonName: 'system:admin', organizations: ['system:masters'], usage: 'client' }),
    kubeletClient: await leaf('kubelet-client', {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usage: 'client',
    }),
    serviceAccountKey: readFileSync(keyFile, 'utf8'),
    kubelet: (nodeName, nodeHosts) =>
      leaf(`kubelet-${nodeName}`, {
        commonName: `system:node:${nodeName}`,
        organizations: ['system:nodes'],
        hosts: nodeHosts,
        usage: 'both',
      }),
    ingress: () => leaf('ingress', { commonName: 'ingress.local', hosts: ['ingress.local'], usage: 'server' }),
  };
}

/** Still good for a while, signed by this authority and naming every host. */
function isGood(pair: KeyPair, { authority, hosts, now }: { authority: KeyPair; hosts: readonly string[]; now: number }): boolean {
  const certificate = new X509Certificate(pair.cert);
  return (
    new Date(certificate.validTo).getTime() - now > renewBeforeMs &&
    certificate.verify(new X509Certificate(authority.cert).publicKey) &&
    hosts.every((host) => isFor(certificate, host))
  );
}

/** Whether the certificate names this host (a name or an address). */
export function isFor(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}

/** Certificate and key NAME of a folder, when both are there. */
export function readPair(dir: string, name: string): KeyPair | undefined {
  const files = { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
  if (!existsSync(files.cert) || !existsSync(files.key)) return undefined;
  return { cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
}

/** Keeps certificate and key, the key for the owner only. */
export function writePair(dir: string, name: string, pair: KeyPair): KeyPair {
  writeFileAtomic(join(dir, `${name}.key`), pair.key, 0o600);
  writeFileAtomic(join(dir, `${name}.crt`), pair.cert, 0o644);
  return pair;
}
