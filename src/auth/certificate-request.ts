/**
 * Certificate requests (PKCS#10, RFC 2986) as a node makes them. Written out by hand: the library that signs certificates is
 * megabytes, and a node signs none.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface RequestOptions {
  readonly commonName: string;
  /** O= entries; groups of a client. */
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses the certificate is to be good for. */
  readonly hosts?: readonly string[];
}

/** A request and the key it is for (ECDSA P-256, PKCS#8), both PEM. */
export function createRequest({ commonName, organizations = [], hosts = [] }: RequestOptions): { request: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = sequence(...organizations.map((name) => nameEntry(oids.organization, name)), nameEntry(oids.commonName, commonName));
  const attributes = hosts.length === 0 ? Buffer.alloc(0) : extensionRequest(hosts);
  const content = sequence(
    encode(tags.integer, Buffer.from([0])),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    encode(tags.attributes, attributes),
  );
  const signature = encode(tags.bits, Buffer.concat([Buffer.from([0]), sign('sha256', content, privateKey)]));
  const request = sequence(content, sequence(oids.ecdsaWithSha256), signature);
  return { request: pem('CERTIFICATE REQUEST', request), key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

const tags = { integer: 0x02, bits: 0x03, octets: 0x04, utf8: 0x0c, sequence: 0x30, set: 0x31, attributes: 0xa0, dns: 0x82, ip: 0x87 };

/** Encoded whole. */
const oids = {
  commonName: Buffer.from('0603550403', 'hex'),
  organization: Buffer.from('060355040a', 'hex'),
  subjectAltName: Buffer.from('0603551d11', 'hex'),
  /** 1.2.840.113549.1.9.14 */
  extensionRequest: Buffer.from('06092a864886f70d01090e', 'hex'),
  /** 1.2.840.10045.4.3.2 */
  ecdsaWithSha256: Buffer.from('06082a8648ce3d040302', 'hex'),
};

/** One value of DER: tag, length, content. */
function encode(tag: number, ...content: readonly Buffer[]): Buffer {
  const { length } = Buffer.concat(content);
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), ...content]);
  const digits = Buffer.from(length.toString(16).padStart(length > 0xffff ? 6 : length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | digits.length]), digits, ...content]);
}

function sequence(...content: readonly Buffer[]): Buffer {
  return encode(tags.sequence, ...content);
}

function nameEntry(oid: Buffer, value: string): Buffer {
  return encode(tags.set, sequence(oid, encode(tags.utf8, Buffer.from(value))));
}

function extensionRequest(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIP(host) === 0 ? encode(tags.dns, Buffer.from(host, 'latin1')) : encode(tags.ip, Buffer.from(ipaddr.parse(host).toByteArray())),
  );
  const extension = sequence(oids.subjectAltName, encode(tags.octets, sequence(...names)));
  return sequence(oids.extensionRequest, encode(tags.set, sequence(extension)));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
