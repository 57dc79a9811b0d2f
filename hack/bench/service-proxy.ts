/** Coracle's service proxy alone in a process, for `bench --services`: service-proxy.ts KUBECONFIG NODE-NAME. Runs until its input ends. */
import { realClock } from '../../src/base/clock.ts';
import { systemCommands } from '../../src/base/command.ts';
import { createLogger } from '../../src/base/logger.ts';
import { startProxy } from '../../src/proxy/proxy.ts';
import { clientOf } from '../../test/support/client.ts';

const [, , kubeconfig = '', nodeName = ''] = process.argv;
const client = clientOf(kubeconfig, 'kube-proxy');
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
