/** Deletes Jobs so many seconds after they finished: pkg/controller/ttlafterfinished. */
import { isReason } from '../../api/errors.ts';
import type { Job } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { keyOf, splitKey } from '../../client/informer-store.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { endOf } from '../shared/job-conditions.ts';

export const ttlAfterFinishedController: Controller = {
  name: 'ttl-after-finished-controller',
  watches: ['jobs'],
  start,
};

function start({ client, clock, logger, queues, informers }: ControllerContext): Running {
  const jobs = informers.of(refs.jobs);
  const loop = startReconciler({
    name: 'ttl-after-finished-controller',
    clock,
    logger,
    queues,
    ready: jobs.synced,
    reconcile,
  });
  loop.watch(jobs, (job) => (expiresAt(job) === undefined ? [] : [keyOf(job)]));

  async function reconcile(key: string): Promise<ReconcileResult | undefined> {
    const job = jobs.store.get(key);
    const wait = job === undefined ? undefined : untilExpiry(job);
    if (wait === undefined || wait > 0) return wait === undefined ? undefined : { requeueAfter: wait };
    const { namespace, name } = splitKey(key);
    // The TTL may just have been raised: what counts is what is stored.
    try {
      const fresh = await client.resource(refs.jobs).get(namespace, name);
      const left = untilExpiry(fresh);
      if (left === undefined || left > 0) return left === undefined ? undefined : { requeueAfter: left };
      const preconditions = { uid: fresh.metadata.uid };
      await client.resource(refs.jobs).delete(namespace, name, { propagationPolicy: 'Foreground', preconditions });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
    return undefined;
  }

  function untilExpiry(job: Job): number | undefined {
    const at = expiresAt(job);
    return at === undefined ? undefined : at - clock.now();
  }

  return loop;
}

/** In ms since the epoch; undefined when the Job is not (or no longer) to be deleted for its age. */
function expiresAt(job: Job): number | undefined {
  const { ttlSecondsAfterFinished: ttl } = job.spec;
  const finished = endOf(job)?.lastTransitionTime;
  if (job.metadata.deletionTimestamp !== undefined || ttl === undefined || finished === undefined) return undefined;
  return Date.parse(finished) + ttl * 1000;
}
