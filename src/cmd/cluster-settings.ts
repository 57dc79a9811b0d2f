import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asBackend, type Backend } from '../agent/network/peers.ts';
import type { Client } from '../client/client.ts';
import { refs } from '../client/refs.ts';
import { writeFileAtomic } from './files.ts';
import { isAway } from './until-reached.ts';

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

/** The server's, or while it is away those that were read last (DATA/cluster.json). */
export async function readClusterSettings(client: Client, dataDir: string): Promise<ClusterSettings> {
  const file = join(dataDir, 'cluster.json');
  try {
    const settings = await fetchClusterSettings(client);
    writeFileAtomic(file, JSON.stringify(settings), 0o600);
    return settings;
  } catch (error) {
    if (!isAway(error) || !existsSync(file)) throw error;
    return JSON.parse(readFileSync(file, 'utf8')) as ClusterSettings;
  }
}

async function fetchClusterSettings(client: Client): Promise<ClusterSettings> {
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
