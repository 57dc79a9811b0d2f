/** `dns-server.ts KUBECONFIG PORT`: the cluster's DNS server alone, for dns.ts. */
import { realClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import { startDns } from '../../src/dns/dns.ts';
import { clientOf } from '../../test/support/client.ts';

const [kubeconfig = '', port = ''] = process.argv.slice(2);
const client = clientOf(kubeconfig, 'coracle-bench');
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
