/** Tells nodes by an annotation how long they may keep Secrets and ConfigMaps, the longer the more nodes there are: pkg/controller/ttl. */
import { isReason } from '../../api/errors.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';

export const nodeTtlController: Controller = { name: 'ttl-controller', watches: ['nodes'], start };

const annotation = 'node.alpha.kubernetes.io/ttl';

/** Sizes of clusters overlap, so that one at a boundary does not swing. */
const steps = [
  { fewest: 0, most: 100, seconds: 0 },
  { fewest: 90, most: 500, seconds: 15 },
  { fewest: 450, most: 1000, seconds: 30 },
  { fewest: 900, most: 2000, seconds: 60 },
  { fewest: 1800, most: Infinity, seconds: 300 },
] as const;

/** The step for so many nodes, seen from the one before. */
export function stepFor(nodes: number, before: number): number {
  let step = before;
  while (nodes > (steps[step]?.most ?? Infinity)) step++;
  while (nodes < (steps[step]?.fewest ?? 0)) step--;
  return step;
}

function start({ client, informers, clock, logger, queues }: ControllerContext): Running {
  const lifecycle = new Lifecycle();
  const nodes = informers.of(refs.nodes);
  let count = 0;
  let step = 0;
  const loop = startReconciler({ name: nodeTtlController.name, clock, logger, queues, ready: nodes.synced, reconcile });

  async function reconcile(name: string): Promise<undefined> {
    const node = nodes.store.get(name);
    const wanted = String(steps[step]?.seconds ?? 0);
    const current = node?.metadata.annotations?.[annotation];
    if (node === undefined || current === wanted) return;
    await client
      .resource(refs.nodes)
      .patch('', name, { type: 'application/strategic-merge-patch+json', body: { metadata: { annotations: { [annotation]: wanted } } } })
      .catch((error: unknown) => {
        if (!isReason(error, 'NotFound')) throw error;
      });
  }

  /** Upstream waits for each node's next status; here all are looked at when the step changes. */
  const counted = (by: 1 | -1): void => {
    count += by;
    const next = stepFor(count, step);
    if (next === step) return;
    step = next;
    for (const { metadata } of nodes.store.values()) loop.enqueue(metadata.name);
  };
  lifecycle.add(
    nodes.handle({
      add: ({ metadata }) => (counted(1), loop.enqueue(metadata.name)),
      update: (old, { metadata }) => {
        if (old.metadata.annotations?.[annotation] !== metadata.annotations?.[annotation]) loop.enqueue(metadata.name);
      },
      delete: () => counted(-1),
    }),
  );
  lifecycle.add(loop);
  return lifecycle;
}
