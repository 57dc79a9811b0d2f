/** Coracle's service proxy alone in a process, for `bench --services`: service-proxy.ts KUBECONFIG NODE-NAME. Runs until its input ends. */
import { readFileSync } from 'node:fs';
import { parseYaml } from '../../src/api/yaml.ts';
import { realClock } from '../../src/base/clock.ts';
import { systemCommands } from '../../src/base/command.ts';
import { createLogger } from '../../src/base/logger.ts';
import { httpsClient } from '../../src/client/https.ts';
import { startProxy } from '../../src/proxy/proxy.ts';

const [, , kubeconfig = '', nodeName = ''] = process.argv;
const document = parseYaml(readFileSync(kubeconfig, 'utf8')) as {
  clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
  users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
};
const [{ cluster }] = document.clusters;
const [{ user }] = document.users;
const plain = (text: string): string => Buffer.from(text, 'base64').toString();
const client = httpsClient({
  server: cluster.server,
  ca: plain(cluster['certificate-authority-data']),
  cert: plain(user['client-certificate-data']),
  key: plain(user['client-key-data']),
  userAgent: 'kube-proxy',
});
const proxy = await startProxy({
  client,
  clock: realClock,
  logger: createLogger('warn'),
  instance: 'beac00',
  nodeName,
  clusterCIDRs: ['10.152.0.0/16'],
  serviceCIDRs: ['10.153.0.0/16'],
  commands: systemCommands(),
  healthPorts: { healthz: 10256, metrics: 10249 },
});
await proxy.synced;
process.stdin.resume().on('end', () => void proxy.stop().then(() => process.exit(0)));
