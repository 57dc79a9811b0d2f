/** Wires this machine as a node: pod network, service rules, DNS and the agent, all through a client. */
import { startAgent } from '../agent/agent.ts';
import { startPodNetwork, type NodePodNetwork } from '../agent/network/node.ts';
import type { Clock } from '../base/clock.ts';
import { systemCommands } from '../base/command.ts';
import { Lifecycle, type Running } from '../base/lifecycle.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import type { Informers } from '../client/informer-factory.ts';
import { publishDnsService, startDns } from '../dns/dns.ts';
import { startProxy } from '../proxy/proxy.ts';
import type { KeyPair } from '../auth/certificates.ts';
import type { Runtime } from './setup/runtime.ts';
import { assignedPodCIDRs } from './pod-cidrs.ts';

export interface NodeOptions {
  /** A client that acts as `system:NAME`. */
  client(name: string): Client;
  readonly informers: Informers;
  readonly instance: string;
  readonly dataDir: string;
  readonly nodeName: string;
  readonly nodeIPs: readonly string[];
  readonly runtime: Runtime;
  readonly dockerSocket: string;
  readonly clusterCIDRs: readonly string[];
  readonly serviceCIDRs: readonly string[];
  readonly clusterDNS: readonly string[];
  readonly clusterDomain: string;
  readonly kubelet: { readonly port: number; readonly tls: KeyPair; readonly clientCA: string };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Resolves when the node is registered and its network stands. Stopping leaves containers and rules as they are. */
export async function startNode(options: NodeOptions): Promise<Running> {
  const lifecycle = new Lifecycle();
  try {
    const podNetwork = options.runtime === 'docker' ? lifecycle.add(startNetwork(options, lifecycle)) : undefined;
    lifecycle.add(
      await startAgent({
        ...options,
        client: options.client(`node:${options.nodeName}`),
        ...(podNetwork === undefined ? {} : { podNetwork: podNetwork.network }),
      }),
    );
    await podNetwork?.network;
    return lifecycle;
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}
