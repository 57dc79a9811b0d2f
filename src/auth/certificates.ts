/**
 * The cluster's own certificate authority: makes X.509 certificates and keys (ECDSA P-256), as PEM text.
 * The X.509 library takes a tenth of a second to load, so this module is imported only when something has to be issued.
 */
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** A certificate with its private key (PKCS#8), both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface LeafOptions {
  readonly commonName: string;
  /** O= entries; groups of a client. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses the certificate is good for. */
  readonly hosts?: readonly string[];
  readonly usage: 'server' | 'client' | 'both';
  readonly days: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return Buffer.from(bytes).toString('hex');
}

/** Valid from an hour ago (clocks differ) for `days`. */
function validity(now: number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + days * dayMs) };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY') + '\n';
}

/** A distinguished name with each value escaped by the library. */
function distinguishedName(commonName: string, organizations: readonly string[] = []): x509.JsonName {
  return [...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }];
}

/** A self-signed authority that may issue leaves only. */
export async function createAuthority(commonName: string, now: number, days = 3650): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: distinguishedName(commonName),
    ...validity(now, days),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: cert.toString('pem') + '\n', key: await exportKey(keys.privateKey) };
}

/** A leaf certificate with a key of its own, signed by `authority`. */
export async function issue(authority: KeyPair, options: LeafOptions, now: number): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const subject = distinguishedName(options.commonName, options.organizations);
  const cert = await sign(authority, { ...options, subject, hosts: options.hosts ?? [], publicKey: keys.publicKey }, now);
  return { cert, key: await exportKey(keys.privateKey) };
}

interface Leaf {
  readonly subject: x509.JsonName;
  readonly hosts: readonly string[];
  readonly publicKey: webcrypto.CryptoKey | x509.PublicKey;
  readonly usage: LeafOptions['usage'];
  readonly days: number;
}

async function sign(authority: KeyPair, leaf: Leaf, now: number): Promise<string> {
  const issuer = new x509.X509Certificate(authority.cert);
  const signingKey = await crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), algorithm, false, ['sign']);
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const usages = { server: [serverAuth], client: [clientAuth], both: [serverAuth, clientAuth] };
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: leaf.subject,
    issuer: issuer.subjectName,
    ...validity(now, leaf.days),
    signingAlgorithm: algorithm,
    publicKey: leaf.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages[leaf.usage]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(leaf.hosts.length === 0 ? [] : [alternativeNames(leaf.hosts)]),
    ],
  });
  return cert.toString('pem') + '\n';
}

function alternativeNames(hosts: readonly string[]): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension(hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })));
}

/** A PKCS#10 request and the key it is for, both PEM. */
export async function createRequest(
  options: Pick<LeafOptions, 'commonName' | 'organizations' | 'hosts'>,
): Promise<{ request: string; key: string }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const hosts = options.hosts ?? [];
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: distinguishedName(options.commonName, options.organizations),
    keys,
    signingAlgorithm: algorithm,
    extensions: hosts.length === 0 ? [] : [alternativeNames(hosts)],
  });
  return { request: request.toString('pem') + '\n', key: await exportKey(keys.privateKey) };
}

/** What a PKCS#10 request asks for. */
export interface RequestContent {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly hosts: readonly string[];
}

/** Reads a request (PEM); throws when it is none or its signature is wrong. */
export async function readRequest(request: string): Promise<RequestContent> {
  const parsed = new x509.Pkcs10CertificateRequest(request);
  if (!(await parsed.verify())) throw new Error('the request is not signed by its own key');
  const names = parsed.extensions.find((extension) => extension instanceof x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  return {
    commonName: parsed.subjectName.getField('CN')[0] ?? '',
    organizations: parsed.subjectName.getField('O'),
    hosts: names.filter(({ type }) => type === 'dns' || type === 'ip').map(({ value }) => value),
  };
}

/** The certificate (PEM) for a request somebody has approved. Nothing of the request but subject, names and key is taken over. */
export async function signRequest(
  authority: KeyPair,
  request: string,
  options: Pick<LeafOptions, 'usage' | 'days'> & { readonly now: number },
): Promise<string> {
  const content = await readRequest(request);
  const { publicKey } = new x509.Pkcs10CertificateRequest(request);
  const subject = distinguishedName(content.commonName, content.organizations);
  return sign(authority, { ...options, subject, hosts: content.hosts, publicKey }, options.now);
}

/** A fresh signing key for service account tokens, PKCS#8 PEM. */
export async function createSigningKey(): Promise<string> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return exportKey(keys.privateKey);
}
