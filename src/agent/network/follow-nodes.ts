/** Tells the pod network which other nodes there are, as the Node objects say. */
import type { Node } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { running } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/logger.ts';
import type { Informer } from '../../client/informer.ts';
import type { NodePodNetwork } from './node.ts';
import { addressesOf } from './peers.ts';

export interface FollowNodesOptions {
  readonly nodes: Informer<Node>;
  readonly network: Pick<NodePodNetwork, 'setPeers'>;
  /** This node, which needs no route. */
  readonly self: string;
  readonly logger: Logger;
}

/** Stopping leaves the routes. */
export function followNodes({ nodes, network, self, logger }: FollowNodesOptions): Running {
  let applied = '';
  let last: Promise<void> = Promise.resolve();
  const update = (): void => {
    // Before the list is complete, routes of an earlier process would be taken for those of nodes that are gone.
    if (!nodes.hasSynced) return;
    const all = [...nodes.store.values()].map(addressesOf).sort((a, b) => (a.name < b.name ? -1 : 1));
    const own = all.find((node) => node.name === self);
    const text = JSON.stringify(all);
    // A node's heartbeat changes nothing here.
    if (own === undefined || text === applied) return;
    applied = text;
    const peers = all.filter((node) => node !== own);
    last = last
      .then(() => network.setPeers(own, peers))
      .catch((error: unknown) => logger.warn({ err: error, peers: peers.map(({ name }) => name) }, 'cannot set the routes to other nodes'));
  };
  const handler = nodes.handle({ add: update, update, delete: update });
  void nodes.synced.then(update);
  return running(async () => {
    await handler.stop();
    await last;
  });
}
