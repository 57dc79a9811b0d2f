/** Gives each node its pod CIDRs, one a family: pkg/controller/nodeipam/ipam/range_allocator.go. */
import { isReason } from '../../api/errors.ts';
import type { Node } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle, running } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { CidrPool } from './cidrs.ts';

export const nodeIpamController: Controller = { name: 'node-ipam-controller', watches: ['nodes'], start };

function start(context: ControllerContext): Running {
  const { client, informers, clock, logger, queues, settings } = context;
  if (settings.clusterCIDRs.length === 0) return running(() => undefined);
  const lifecycle = new Lifecycle();
  const nodes = informers.of(refs.nodes);
  const pools = settings.clusterCIDRs.map((text) => new CidrPool(text));
  const recorder = context.recorder('cidrAllocator');

  async function reconcile(name: string): Promise<undefined> {
    const node = nodes.store.get(name);
    if (node === undefined || cidrsOf(node).length > 0) return;
    const podCIDRs = pools.map((pool) => pool.allocate());
    const given = podCIDRs.filter((cidr) => cidr !== undefined);
    try {
      if (given.length < pools.length) {
        recorder.event(referenceTo(refs.nodes, node), 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
        throw new Error(`no pod CIDR is left for node ${name}`);
      }
      const body = { metadata: { uid: node.metadata.uid }, spec: { podCIDR: given[0], podCIDRs: given } };
      await client.resource(refs.nodes).patch('', name, { type: 'application/merge-patch+json', body });
    } catch (error) {
      given.forEach((cidr, at) => pools[at]?.release(cidr));
      if (!isReason(error, 'NotFound')) throw error;
    }
  }

  // One at a time, after the CIDRs of all known nodes are marked.
  lifecycle.add(
    nodes.handle({
      add: (node) => occupy(node),
      update: (_old, node) => occupy(node),
      delete: (node) => cidrsOf(node).forEach((cidr) => pools.forEach((pool) => pool.release(cidr))),
    }),
  );
  const loop = lifecycle.add(
    startReconciler({ name: 'node-ipam-controller', clock, logger, queues, ready: nodes.synced, reconcile, concurrency: 1 }),
  );
  loop.watch(nodes, (node) => (cidrsOf(node).length === 0 ? [node.metadata.name] : []));
  return lifecycle;

  function occupy(node: Node): void {
    for (const cidr of cidrsOf(node)) for (const pool of pools) pool.occupy(cidr);
  }
}

function cidrsOf(node: Node): readonly string[] {
  if (node.spec.podCIDRs !== undefined && node.spec.podCIDRs.length > 0) return node.spec.podCIDRs;
  return (node.spec.podCIDR ?? '') === '' ? [] : [node.spec.podCIDR ?? ''];
}
