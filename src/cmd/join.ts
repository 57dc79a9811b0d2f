/** A node's way into a cluster: find the authority by the token, get certificates by request. */
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { createRequest } from '../auth/certificate-request.ts';
import type { KeyPair } from '../auth/certificates.ts';
import type { Client } from '../client/client.ts';
import { httpsClient, type HttpsClient } from '../client/https.ts';
import { refs } from '../client/refs.ts';
import { type ClusterSettings, readClusterSettings } from './cluster-settings.ts';
import { writeFileAtomic } from './files.ts';
import { isFor, readPair, writePair } from './pki.ts';
import { fingerprintOf, type JoinToken } from './join-token.ts';
import { UsageError } from './usage-error.ts';

export interface Member {
  readonly servers: readonly URL[];
  readonly joinToken: JoinToken;
  readonly dataDir: string;
  readonly nodeName: string;
  /** Names and addresses under which it serves. */
  readonly hosts: readonly string[];
  readonly userAgent: string;
  readonly now: number;
}

export interface Joined {
  /** PEM of the cluster's authority. */
  readonly ca: string;
  /** As the node itself. */
  readonly client: HttpsClient;
  readonly own: NodeCertificate;
  readonly serving: NodeCertificate;
  readonly clusterSettings: ClusterSettings;
}

/** What an earlier join has kept in `dataDir` is used as it is; nothing else needs a server then. */
export async function joinCluster({ servers, joinToken, dataDir, nodeName, hosts, userAgent, now }: Member): Promise<Joined> {
  const ca = await authorityOf(servers, joinToken, dataDir);
  const connection = { server: servers.map(({ origin }) => origin), ca, userAgent };
  const ownOptions = { dataDir, nodeName, name: `node-client-${nodeName}`, use: 'client', hosts: [] } as const;
  const servingOptions = { dataDir, nodeName, name: `node-serving-${nodeName}`, use: 'serving', hosts } as const;
  await using joiner = httpsClient({ ...connection, token: joinToken.secret });
  const own = await nodeCertificate({ ...ownOptions, client: joiner }, now);
  const client = httpsClient({ ...connection, ...own.pair });
  try {
    const serving = await nodeCertificate({ ...servingOptions, client }, now);
    const clusterSettings = await readClusterSettings(client, dataDir);
    const renew = (): Promise<KeyPair> => renewedCertificate({ ...ownOptions, client });
    return { ca, client, own: { ...own, renew }, serving, clusterSettings };
  } catch (error) {
    await client.stop();
    throw error;
  }
}

function lost(message: string): Error {
  return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
}

/**
 * The PEM of the authority that the server shows, checked against the token's fingerprint. Rejects with {@link UsageError} when the
 * server is another cluster's, or cannot be reached (then the network's error is its cause).
 */
function discoverAuthority(server: URL, { fingerprint }: JoinToken): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: server.hostname.replaceAll(/[[\]]/g, ''),
      port: Number(server.port || 443),
      rejectUnauthorized: false,
      timeout: 10_000,
    });
    const fail = (why: string, cause?: Error): void => {
      socket.destroy();
      reject(new UsageError(`--server ${server.origin}: ${why}`, { cause }));
    };
    socket.on('timeout', () => fail('does not answer', lost('no answer')));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(`cannot be reached (${error.code ?? error.message})`, error));
    socket.on('secureConnect', () => {
      const authority = topOf(socket.getPeerCertificate(true));
      if (fingerprint !== undefined && fingerprintOf(authority.raw) !== fingerprint) return fail('is not the cluster of this token');
      socket.end();
      resolve(new X509Certificate(authority.raw).toString());
    });
  });
}

/** As {@link discoverAuthority}, of the first server that answers; one that was found before is kept in `dataDir` and needs no server. */
async function authorityOf(servers: readonly URL[], joinToken: JoinToken, dataDir: string): Promise<string> {
  const file = join(dataDir, 'tls', 'server-ca.crt');
  const kept = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  if (kept !== undefined && fingerprintOf(new X509Certificate(kept).raw) === joinToken.fingerprint) return kept;
  const failures: unknown[] = [];
  for (const server of servers) {
    try {
      const authority = await discoverAuthority(server, joinToken);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileAtomic(file, authority, 0o644);
      return authority;
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

function topOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate {
  const { issuerCertificate } = certificate;
  return (issuerCertificate as DetailedPeerCertificate | undefined) === undefined || issuerCertificate === certificate
    ? certificate
    : topOf(issuerCertificate);
}

interface NodeCertificateOptions {
  readonly client: Client;
  readonly dataDir: string;
  /** Name of the files. */
  readonly name: string;
  readonly nodeName: string;
  readonly use: 'client' | 'serving';
  readonly hosts: readonly string[];
}

export interface NodeCertificate {
  readonly pair: KeyPair;
  /** A new one by request, kept from now on. */
  readonly renew: () => Promise<KeyPair>;
}

/** What is kept serves, without a server, as long as it is good for another hour: whoever uses it renews it in time. */
async function nodeCertificate(options: NodeCertificateOptions, now: number): Promise<NodeCertificate> {
  const renew = (): Promise<KeyPair> => renewedCertificate(options);
  const kept = readPair(join(options.dataDir, 'tls'), options.name);
  return { pair: kept !== undefined && isGood(kept, options, now) ? kept : await renew(), renew };
}

async function renewedCertificate(options: NodeCertificateOptions): Promise<KeyPair> {
  const { request, key } = createRequest({
    commonName: `system:node:${options.nodeName}`,
    organizations: ['system:nodes'],
    hosts: options.hosts,
  });
  return writePair(join(options.dataDir, 'tls'), options.name, { key, cert: await requestCertificate(options, request) });
}

function isGood({ cert }: KeyPair, { hosts }: NodeCertificateOptions, now: number): boolean {
  const certificate = new X509Certificate(cert);
  return new Date(certificate.validTo).getTime() - now > 3_600_000 && hosts.every((host) => isFor(certificate, host));
}

async function requestCertificate({ client, nodeName, use }: NodeCertificateOptions, request: string): Promise<string> {
  const resource = client.resource(refs.certificateSigningRequests);
  const created = await resource.create('', {
    metadata: { generateName: use === 'client' ? `node-csr-${nodeName}-` : `csr-${nodeName}-` },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: use === 'client' ? 'kubernetes.io/kube-apiserver-client-kubelet' : 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', use === 'client' ? 'client auth' : 'server auth'],
    },
  });
  const { name } = created.metadata;
  const granted = Promise.withResolvers<string>();
  const watch = await resource.watch(
    { fieldSelector: `metadata.name=${name}`, resourceVersion: '0' },
    {
      event: (event) => {
        if (event.type === 'BOOKMARK') return;
        const { certificate, conditions = [] } = event.object.status;
        if (certificate !== undefined && certificate !== '') granted.resolve(Buffer.from(certificate, 'base64').toString());
        const refused = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
        if (refused !== undefined)
          granted.reject(new UsageError(`the server refused the node's certificate request ${name}: ${refused.message ?? ''}`));
      },
      end: (error) => granted.reject(error ?? lost(`the watch of certificate request ${name} ended before it was granted`)),
    },
  );
  try {
    return await granted.promise;
  } finally {
    await watch.stop();
  }
}
