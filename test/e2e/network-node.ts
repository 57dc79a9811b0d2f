/** Pod network, service proxy and DNS of one node in one process, driven over stdin by network.test.ts: one JSON command a line, one JSON answer a line. */
import { createInterface } from 'node:readline';
import { startPodNetwork } from '../../src/agent/network/node.ts';
import { realClock } from '../../src/base/clock.ts';
import { systemCommands } from '../../src/base/command.ts';
import { createLogger } from '../../src/base/logger.ts';
import type { ResourceRef } from '../../src/client/client.ts';
import { createInformers } from '../../src/client/informer-factory.ts';
import { refs } from '../../src/client/refs.ts';
import { createFakeClient } from '../../src/client/testing/fake-client.ts';
import { publishDnsService, startDns } from '../../src/dns/dns.ts';
import { startProxy } from '../../src/proxy/proxy.ts';

interface Command {
  readonly attach?: { readonly uid: string; readonly pid: number };
  readonly seed?: { readonly resource: keyof typeof refs; readonly object: unknown };
}

const logger = createLogger('warn');
const clock = realClock;
const client = createFakeClient({ clock });
const commands = systemCommands();
const serviceCIDRs = ['10.43.0.0/16', 'fd43::/112'];
const clusterCIDRs = ['10.42.0.0/16', 'fd42::/56'];
const clusterDNS = ['10.43.0.10', 'fd43::a'];
const base = { client, clock, logger, informers: createInformers({ client, clock, logger }), serviceCIDRs, clusterCIDRs, commands };

client.seed(refs.namespaces, { metadata: { name: 'default' } });
client.seed(refs.namespaces, { metadata: { name: 'kube-system' } });
const network = await startPodNetwork({ ...base, instance: 'abcdef', podCIDRs: ['10.42.0.0/24', 'fd42::/64'], nodeIPs: [] });
const proxy = await startProxy({ ...base, instance: 'abcdef', nodeName: 'node-1' });
const dns = await startDns({
  ...base,
  listen: network.gatewayIPs.map((host) => ({ host, port: 0 })),
  clusterDomain: 'cluster.local',
  clusterDNS,
  upstreams: [],
});
await publishDnsService({ client, clusterDNS, addresses: network.gatewayIPs, port: dns.ports[0] ?? 0, nodeName: 'node-1' });
await Promise.all([proxy.synced, dns.synced]);

async function perform({ attach, seed }: Command): Promise<unknown> {
  if (attach !== undefined) return network.attach({ ...attach, namespace: 'default', name: attach.uid }, []);
  if (seed !== undefined) client.seed(refs[seed.resource] as ResourceRef<unknown>, seed.object);
  await new Promise((resolve) => setImmediate(resolve));
  await proxy.settled();
  return 'done';
}

const say = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`);
say('ready');
for await (const line of createInterface({ input: process.stdin })) {
  say(await perform(JSON.parse(line) as Command).catch((error: unknown) => ({ error: String(error) })));
}
