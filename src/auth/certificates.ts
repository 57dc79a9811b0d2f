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
  const hosts = options.hosts ?? [];
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const cert = await signLeaf(authority, {
    subject: distinguishedName(options.commonName, options.organizations),
    publicKey: keys.publicKey,
    ...validity(now, options.days),
    bits: x509.KeyUsageFlags.digitalSignature,
    purposes: { server: [serverAuth], client: [clientAuth], both: [serverAuth, clientAuth] }[options.usage],
    names: hosts.length === 0 ? undefined : alternativeNames(hosts),
  });
  return { cert, key: await exportKey(keys.privateKey) };
}

interface Leaf {
  readonly subject: x509.JsonName;
  readonly publicKey: webcrypto.CryptoKey | x509.PublicKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly bits: number;
  readonly purposes: readonly string[];
  readonly names: x509.SubjectAlternativeNameExtension | undefined;
}

async function signLeaf(authority: KeyPair, leaf: Leaf): Promise<string> {
  const issuer = new x509.X509Certificate(authority.cert);
  const signingKey = await crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), algorithm, false, ['sign']);
  const { bits, purposes, names, ...rest } = leaf;
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    issuer: issuer.subjectName,
    ...rest,
    signingAlgorithm: algorithm,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(bits === 0 ? [] : [new x509.KeyUsagesExtension(bits, true)]),
      ...(purposes.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension([...purposes])]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      ...(names === undefined ? [] : [names]),
    ],
  });
  return cert.toString('pem') + '\n';
}

function alternativeNames(hosts: readonly string[]): x509.SubjectAlternativeNameExtension {
  return new x509.SubjectAlternativeNameExtension(hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })));
}

/** What a PKCS#10 request asks for. */
export interface RequestContent {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
  /** Mail addresses and URIs. */
  readonly others: readonly { readonly type: 'email' | 'url'; readonly value: string }[];
}

/** Reads a request (PEM); throws when it is none or its signature is wrong. */
export async function readRequest(request: string): Promise<RequestContent> {
  const parsed = new x509.Pkcs10CertificateRequest(request);
  if (!(await parsed.verify())) throw new Error('the request is not signed by its own key');
  const names = alternativeNamesOf(parsed);
  return {
    commonName: parsed.subjectName.getField('CN')[0] ?? '',
    organizations: parsed.subjectName.getField('O'),
    hosts: names.filter(({ type }) => type === 'dns' || type === 'ip').map(({ value }) => value),
    others: names.flatMap(({ type, value }) => (type === 'email' || type === 'url' ? { type, value } : [])),
  };
}

function alternativeNamesOf({ extensions }: x509.Pkcs10CertificateRequest): readonly x509.GeneralName[] {
  return extensions.find((extension) => extension instanceof x509.SubjectAlternativeNameExtension)?.names.items ?? [];
}

/** Bits and purposes by certificates/v1's names (pkg/controller/certificates/authority). */
const keyBits: Readonly<Record<string, x509.KeyUsageFlags>> = {
  signing: x509.KeyUsageFlags.digitalSignature,
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'content commitment': x509.KeyUsageFlags.nonRepudiation,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement,
  'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'encipher only': x509.KeyUsageFlags.encipherOnly,
  'decipher only': x509.KeyUsageFlags.decipherOnly,
};
const purposes: Readonly<Record<string, string>> = {
  'server auth': x509.ExtendedKeyUsage.serverAuth,
  'client auth': x509.ExtendedKeyUsage.clientAuth,
};

export interface SignOptions {
  /** As certificates/v1 names them; what signers here do not allow is left out. */
  readonly usages: readonly string[];
  readonly seconds: number;
  readonly now: number;
}

const backdateMs = 5 * 60_000;
/** Certificates for less time than this end no earlier for having begun earlier. */
const shortMs = 8 * 3_600_000;

/**
 * The certificate (PEM) for a request somebody has approved. Of the request only subject, alternative names and key are taken over
 * (upstream's PermissiveSigningPolicy); it ends when the authority does at the latest.
 */
export async function signRequest(authority: KeyPair, request: string, { usages, seconds, now }: SignOptions): Promise<string> {
  await readRequest(request);
  const parsed = new x509.Pkcs10CertificateRequest(request);
  const ms = seconds * 1000;
  const end = now + ms - (ms < shortMs ? 0 : backdateMs);
  const names = alternativeNamesOf(parsed);
  return signLeaf(authority, {
    subject: parsed.subjectName.toJSON(),
    publicKey: parsed.publicKey,
    notBefore: new Date(now - backdateMs),
    notAfter: new Date(Math.min(end, new x509.X509Certificate(authority.cert).notAfter.getTime())),
    bits: usages.reduce((sum, usage) => sum | (keyBits[usage] ?? 0), 0),
    purposes: usages.flatMap((usage) => purposes[usage] ?? []),
    names: names.length === 0 ? undefined : new x509.SubjectAlternativeNameExtension(names.map(({ type, value }) => ({ type, value }))),
  });
}

/** A fresh signing key for service account tokens, PKCS#8 PEM. */
export async function createSigningKey(): Promise<string> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return exportKey(keys.privateKey);
}
