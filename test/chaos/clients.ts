/** A client for a kubeconfig with a client certificate, as `coracle server` writes it. */
import { readFileSync } from 'node:fs';
import { parseYaml } from '../../src/api/yaml.ts';
import type { Running } from '../../src/base/lifecycle.ts';
import type { Client } from '../../src/client/client.ts';
import { httpsClient } from '../../src/client/https.ts';

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } }];
  readonly users: readonly [{ readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } }];
}

export function clientOf(kubeconfig: string): Client & Running {
  const { clusters, users } = parseYaml(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const { cluster } = clusters[0];
  const { user } = users[0];
  const plain = (text: string): string => Buffer.from(text, 'base64').toString();
  return httpsClient({
    server: cluster.server,
    ca: plain(cluster['certificate-authority-data']),
    cert: plain(user['client-certificate-data']),
    key: plain(user['client-key-data']),
    userAgent: 'coracle-chaos',
  });
}
