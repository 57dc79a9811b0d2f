/** `dns-server.ts KUBECONFIG PORT`: the cluster's DNS server alone, for dns.ts. */
import { readFileSync } from 'node:fs';
import { parseYaml } from '../../src/api/yaml.ts';
import { realClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import { httpsClient } from '../../src/client/https.ts';
import { startDns } from '../../src/dns/dns.ts';

const [kubeconfig = '', port = ''] = process.argv.slice(2);
interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}
const { clusters, users } = parseYaml(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
const [{ cluster }] = clusters;
const [{ user }] = users;
const pem = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();

const client = httpsClient({
  server: cluster['server'] ?? '',
  ca: pem(cluster['certificate-authority-data']),
  cert: pem(user['client-certificate-data']),
  key: pem(user['client-key-data']),
  userAgent: 'coracle-bench',
});
const dns = await startDns({
  client,
  clock: realClock,
  logger: createLogger('warn'),
  listen: [{ host: '127.0.0.1', port: Number(port) }],
  clusterDomain: 'cluster.local',
  serviceCIDRs: ['10.153.0.0/16', 'fd43:2::/112'],
  clusterCIDRs: ['10.152.0.0/16', 'fd42:2::/56'],
  upstreams: [{ host: '127.0.0.1', port: 9 }],
});
await dns.synced;
process.on('SIGTERM', () => void dns.stop().then(() => process.exit(0)));
