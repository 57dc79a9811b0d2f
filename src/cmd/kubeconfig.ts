/** The admin's kubeconfig: written beside the data, merged into the user's own on request. */
import { existsSync, readFileSync } from 'node:fs';
import { parseYaml, stringifyYaml } from '../api/yaml.ts';
import type { KeyPair } from '../auth/certificates.ts';
import { UsageError } from './usage-error.ts';

export interface KubeconfigEntry {
  /** Name of cluster, user and context. */
  readonly name: string;
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly client: KeyPair;
}

/** The entry of a document that {@link kubeconfigText} wrote. */
export function readKubeconfig(text: string): KubeconfigEntry {
  const document = parseYaml(text) as {
    clusters: [{ name: string; cluster: { server: string; 'certificate-authority-data': string } }];
    users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
  };
  const [{ name, cluster }] = document.clusters;
  const [{ user }] = document.users;
  const plain = (encoded: string): string => Buffer.from(encoded, 'base64').toString();
  return {
    name,
    server: cluster.server,
    authority: plain(cluster['certificate-authority-data']),
    client: { cert: plain(user['client-certificate-data']), key: plain(user['client-key-data']) },
  };
}

interface Named {
  name: string;
  [field: string]: unknown;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig document with this one entry. */
export function kubeconfigText(entry: KubeconfigEntry): string {
  return stringifyYaml(merged({}, entry));
}

/**
 * The user's kubeconfig with the entry put in (replacing one of the same name) and made current; everything else stays.
 * Throws {@link UsageError} when the file is no kubeconfig.
 */
export function mergeKubeconfig(file: string, entry: KubeconfigEntry): string {
  let document: unknown = {};
  if (existsSync(file)) {
    try {
      document = parseYaml(readFileSync(file, 'utf8')) ?? {};
    } catch (error) {
      throw new UsageError(`${file} is not valid YAML; nothing was changed`, { cause: error });
    }
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new UsageError(`${file} is not a kubeconfig; nothing was changed`);
  return stringifyYaml(merged(document as Record<string, unknown>, entry));
}

function merged(document: Record<string, unknown>, entry: KubeconfigEntry): Record<string, unknown> {
  const { name, server, authority, client } = entry;
  const put = (list: unknown, item: Named): Named[] => [...((list ?? []) as Named[]).filter((other) => other.name !== name), item];
  return {
    apiVersion: 'v1',
    kind: 'Config',
    ...document,
    clusters: put(document['clusters'], { name, cluster: { server, 'certificate-authority-data': base64(authority) } }),
    users: put(document['users'], {
      name,
      user: { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) },
    }),
    contexts: put(document['contexts'], { name, context: { cluster: name, user: name } }),
    'current-context': name,
  };
}
