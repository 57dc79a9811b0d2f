/** Keeps the routes to other nodes' pods as the Node objects say (host gateway: nodes of one network segment). */
import type { Node } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Informer } from '../../client/informer.ts';
import type { NodePodNetwork } from './node.ts';
import type { NodeAddresses } from './plumbing.ts';
import { nodeRoutes } from './plumbing.ts';

export interface FollowNodesOptions {
  readonly nodes: Informer<Node>;
  readonly network: NodePodNetwork;
  /** This node, which needs no route. */
  readonly self: string;
  readonly logger: Logger;
}

/** Stopping leaves the routes. */
export function followNodes({ nodes, network, self, logger }: FollowNodesOptions): Running {
  let applied = '[]';
  let last: Promise<void> = Promise.resolve();
  const update = (): void => {
    const routes = nodeRoutes([...nodes.store.values()].map(addressesOf), self);
    const text = JSON.stringify(routes);
    // A node's heartbeat changes nothing here.
    if (text === applied) return;
    applied = text;
    last = last
      .then(() => network.setNodeRoutes(routes))
      .catch((error: unknown) => logger.warn({ err: error, routes }, 'cannot set the routes to other nodes'));
  };
  const handler = nodes.handle({ add: update, update, delete: update });
  return running(async () => {
    await handler.stop();
    await last;
  });
}

export function addressesOf(node: Node): NodeAddresses {
  return {
    name: node.metadata.name,
    podCIDRs: node.spec.podCIDRs ?? [],
    internalIPs: (node.status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
  };
}
