/** A node's way into a cluster: find the authority by the token, get certificates by request, learn the cluster's settings. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { asBackend, type Backend } from '../agent/network/peers.ts';
import type { CertificateSigningRequest } from '../api/generated/types.ts';
import type { KeyPair } from '../auth/certificates.ts';
import type { Client, ResourceRef } from '../client/client.ts';
import { refs } from '../client/refs.ts';
import { isFor, readPair, writePair } from './pki.ts';
import { fingerprintOf, type JoinToken } from './join-token.ts';
import { UsageError } from './usage-error.ts';

/**
 * The PEM of the authority that the server shows, checked against the token's fingerprint. Throws {@link UsageError} when the
 * server cannot be reached or is another cluster's.
 */
export function discoverAuthority(server: URL, { fingerprint }: JoinToken): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: server.hostname.replaceAll(/[[\]]/g, ''),
      port: Number(server.port || 443),
      rejectUnauthorized: false,
      timeout: 10_000,
    });
    const fail = (why: string): void => {
      socket.destroy();
      reject(new UsageError(`--server ${server.origin}: ${why}`));
    };
    socket.on('timeout', () => fail('does not answer'));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(`cannot be reached (${error.code ?? error.message})`));
    socket.on('secureConnect', () => {
      const authority = topOf(socket.getPeerCertificate(true));
      if (fingerprint !== undefined && fingerprintOf(authority.raw) !== fingerprint) return fail('is not the cluster of this token');
      socket.end();
      resolve(new X509Certificate(authority.raw).toString());
    });
  });
}

function topOf(certificate: DetailedPeerCertificate): DetailedPeerCertificate {
  const { issuerCertificate } = certificate;
  return (issuerCertificate as DetailedPeerCertificate | undefined) === undefined || issuerCertificate === certificate
    ? certificate
    : topOf(issuerCertificate);
}

const requests: ResourceRef<CertificateSigningRequest> = {
  group: 'certificates.k8s.io',
  version: 'v1',
  resource: 'certificatesigningrequests',
  kind: 'CertificateSigningRequest',
  namespaced: false,
};

export interface NodeCertificateOptions {
  readonly client: Client;
  readonly dataDir: string;
  /** Name of the files. */
  readonly name: string;
  readonly nodeName: string;
  readonly use: 'client' | 'serving';
  readonly hosts: readonly string[];
  readonly now: number;
}

/** The kept certificate while two thirds of its life are left, else a new one by request. */
export async function nodeCertificate(options: NodeCertificateOptions): Promise<KeyPair> {
  const dir = join(options.dataDir, 'tls');
  const kept = readPair(dir, options.name);
  return kept !== undefined && isFresh(kept, options) ? kept : renewedCertificate(options);
}

/** A new one by request, whatever is kept; it is kept from now on. */
export async function renewedCertificate(options: NodeCertificateOptions): Promise<KeyPair> {
  const dir = join(options.dataDir, 'tls');
  const { createRequest } = await import('../auth/certificates.ts');
  const { request, key } = await createRequest({
    commonName: `system:node:${options.nodeName}`,
    organizations: ['system:nodes'],
    hosts: options.hosts,
  });
  return writePair(dir, options.name, { key, cert: await requestCertificate(options, request) });
}

function isFresh({ cert }: KeyPair, { hosts, now }: NodeCertificateOptions): boolean {
  const certificate = new X509Certificate(cert);
  const end = new Date(certificate.validTo).getTime();
  const life = end - new Date(certificate.validFrom).getTime();
  return end - now > life / 3 && hosts.every((host) => isFor(certificate, host));
}

async function requestCertificate({ client, nodeName, use }: NodeCertificateOptions, request: string): Promise<string> {
  const resource = client.resource(requests);
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
      end: (error) => granted.reject(error ?? new Error(`the watch of certificate request ${name} ended before it was granted`)),
    },
  );
  try {
    return await granted.promise;
  } finally {
    await watch.stop();
  }
}

/** What a node must know of its cluster; kept in the ConfigMap kube-system/coracle-cluster. */
export interface ClusterSettings {
  readonly clusterCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  readonly backend: Backend;
}

const place = { namespace: 'kube-system', name: 'coracle-cluster' };

/** Writes the settings where joining nodes read them. */
export async function publishClusterSettings(client: Client, settings: ClusterSettings): Promise<void> {
  const data = {
    clusterCIDRs: settings.clusterCIDRs.join(','),
    serviceCIDRs: settings.serviceCIDRs.join(','),
    clusterDNS: settings.clusterDNS.join(','),
    clusterDomain: settings.clusterDomain,
    flannelBackend: settings.backend,
  };
  await client
    .resource(refs.configMaps)
    .create(place.namespace, { metadata: { name: place.name }, data })
    .catch(() =>
      client.resource(refs.configMaps).patch(place.namespace, place.name, { type: 'application/merge-patch+json', body: { data } }),
    );
}

export async function readClusterSettings(client: Client): Promise<ClusterSettings> {
  const { data = {} } = await client.resource(refs.configMaps).get(place.namespace, place.name);
  const list = (name: string): string[] => (data[name] ?? '').split(',').filter((text) => text !== '');
  return {
    clusterCIDRs: list('clusterCIDRs'),
    serviceCIDRs: list('serviceCIDRs'),
    clusterDNS: list('clusterDNS'),
    clusterDomain: data['clusterDomain'] ?? 'cluster.local',
    backend: asBackend(data['flannelBackend']),
  };
}
