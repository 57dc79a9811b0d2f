/** Wires this machine as a node: pod network, service rules, DNS and the agent, all through a client. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { startAgent } from '../agent/agent.ts';
import type { KubeletServerOptions } from '../agent/options.ts';
import { type Logind, systemLogind } from '../agent/node/logind.ts';
import { gracePeriods, isMachineStopping } from '../agent/node/shutdown.ts';
import { followNodes } from '../agent/network/follow-nodes.ts';
import { startPodNetwork, type NodePodNetwork } from '../agent/network/node.ts';
import type { Backend } from '../agent/network/peers.ts';
import type { PodNetwork } from '../agent/network/pod-network.ts';
import type { Pod } from '../api/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Commands } from '../base/command.ts';
import { Lifecycle, running, type Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import { startShells } from '../base/shell.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import { refs } from '../client/refs.ts';
import type { DnsServer } from '../dns/dns.ts';
import { startNetworkPolicies } from '../proxy/policy/policies.ts';
import { resetNetworkPolicies } from '../proxy/policy/reset.ts';
import type { ProxyMode } from '../proxy/open-sink.ts';
import { startProxy, type Proxy } from '../proxy/proxy.ts';
import { protectedNetwork } from './protected-network.ts';
import { type NodeSettings, usualLogDirs } from './node-settings.ts';
import { assignedPodCIDRs } from './pod-cidrs.ts';

/** Behind the DNS Service's port 53. */
const usualDnsPort = 10053;

/** kube-proxy's own. */
const proxyPorts = { healthz: 10256, metrics: 10249 };

export interface NodeOptions extends NodeSettings {
  /** A client that acts as `system:NAME`. */
  readonly client: (name: string) => Client;
  readonly informers: Informers;
  readonly instance: string;
  readonly dataDir: string;
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly runtime: 'docker' | 'sim';
  /** Whether the cluster's DNS runs here. */
  readonly servesDns: boolean;
  readonly dockerSocket: string;
  /** Where files ask for pods; '' for nowhere. */
  readonly podManifestPath: string;
  /** Whether NetworkPolicies are enforced; without, the rules of an earlier process are taken away. */
  readonly networkPolicy: boolean;
  readonly proxyMode: ProxyMode;
  readonly clusterCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  /** How other nodes' pods are reached. */
  readonly backend: Backend;
  readonly kubelet: KubeletServerOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** With what the parts of the node run programs. */
type NodeParts = NodeOptions & { readonly commands: Commands };

/** Resolves when the node is registered and, on Docker, its network, rules and DNS stand. Stopping leaves containers and rules as they are. */
export async function startNode(settings: NodeOptions): Promise<Running> {
  const lifecycle = new Lifecycle();
  const options: NodeParts = { ...settings, commands: lifecycle.add(startShells()) };
  const abort = new AbortController();
  try {
    const network = options.runtime === 'docker' ? networkOf(options, abort.signal) : undefined;
    // The agent is the first to await it; a failure must not be unhandled before it does.
    network?.catch(() => undefined);
    const agent = startAgent({
      ...options,
      client: options.client(`node:${options.nodeName}`),
      logind: logindOf(options),
      logDirs: options.runtime === 'docker' ? usualLogDirs : undefined,
      storageDir: resolve(options.dataDir, 'storage'),
      ...(options.podManifestPath === '' ? {} : { manifests: { path: options.podManifestPath, parse: parseManifest } }),
      ...(network === undefined ? {} : { podNetwork: withPolicies(options, network, lifecycle) }),
    });
    const started = lifecycle.add(await agent);
    lifecycle.add(running(async () => ((await goesDown(options)) ? started.shutDown() : undefined)));
    lifecycle.add(running(() => abort.abort()));
    if (network !== undefined) await startServices(options, lifecycle.add(await network), lifecycle);
    else if (options.proxyMode === 'userspace') lifecycle.add(await serviceProxy(options));
    return lifecycle;
  } catch (error) {
    abort.abort();
    await lifecycle.stop();
    throw error;
  }
}

/** What knows all of a pod's fields is megabytes: only where there are files. */
async function parseManifest(text: string): Promise<Pod> {
  return (await import('./pod-manifest.ts')).podFromManifest(text);
}

/** Whether pods are to be ended before the agent stops. */
async function goesDown(options: NodeParts): Promise<boolean> {
  return gracePeriods(options).length > 0 && (options.shutdownOnStop || (await isMachineStopping(options.commands.run)));
}

/** Where systemd runs the machine. */
function logindOf({ runtime, instance, clock, commands }: NodeParts): Logind | undefined {
  if (runtime !== 'docker' || !existsSync('/run/systemd/system')) return undefined;
  return systemLogind({ commands, clock, dropIn: `/run/systemd/logind.conf.d/99-coracle-${instance}.conf` });
}

/** The pod network needs the ranges that the node controller gives the node once the agent has registered it. */
async function networkOf(options: NodeParts, signal: AbortSignal): Promise<NodePodNetwork> {
  const podCIDRs = await assignedPodCIDRs(options.informers, options.nodeName, signal);
  return startPodNetwork({ ...options, podCIDRs });
}

/** What containers wait for: their network, and the policies that select their pod. */
async function withPolicies(options: NodeParts, network: Promise<NodePodNetwork>, lifecycle: Lifecycle): Promise<PodNetwork> {
  if (options.networkPolicy) {
    const policies = lifecycle.add(startNetworkPolicies(options));
    return protectedNetwork(await network, policies);
  }
  await resetNetworkPolicies(options);
  return network;
}

async function startServices(options: NodeParts, network: NodePodNetwork, lifecycle: Lifecycle): Promise<void> {
  lifecycle.add(followNodes({ nodes: options.informers.of(refs.nodes), network, self: options.nodeName, logger: options.logger }));
  const proxy = lifecycle.add(await serviceProxy(options));
  await proxy.synced;
  if (options.servesDns) await startClusterDns(options, network, lifecycle);
}

function serviceProxy(options: NodeParts): Promise<Proxy> {
  const { proxyMode: mode } = options;
  return startProxy({ ...options, client: options.client('kube-proxy'), mode, healthPorts: proxyPorts });
}

async function startClusterDns(options: NodeOptions, network: NodePodNetwork, lifecycle: Lifecycle): Promise<void> {
  const { publishDnsService, startDns, usualStatusPort } = await import('../dns/dns.ts');
  const startAt = (port: number): Promise<DnsServer> =>
    startDns({
      ...options,
      client: options.client('dns'),
      listen: network.gatewayIPs.map((host) => ({ host, port })),
      statusPort: usualStatusPort,
    });
  // The same port at every start, so that flows that pods have open find the next server.
  const dns = lifecycle.add(await startAt(usualDnsPort).catch(() => startAt(0)));
  await publishDnsService({
    client: options.client('dns'),
    clusterDNS: options.clusterDNS,
    addresses: network.gatewayIPs,
    port: dns.ports[0] ?? 0,
    statusPort: usualStatusPort,
    nodeName: options.nodeName,
  });
  await dns.synced;
}
