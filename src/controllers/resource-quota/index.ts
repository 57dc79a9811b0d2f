/** Keeps each quota's status: its limits and what is used of them: pkg/controller/resourcequota/resource_quota_controller.go. */
import type { ResourceQuota } from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import { parseQuantity } from '../../api/quantity.ts';
import { quotaKinds, quotaStatus } from '../../api/quota/status.ts';
import type { GroupResource } from '../../api/quota/usage.ts';
import { quotaNames } from '../../api/quota/usage.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { Informer } from '../../client/informer.ts';
import { indexers, keyOf } from '../../client/informer-store.ts';
import type { ReconcileResult, Reconciler } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { CountedKinds } from './kinds.ts';

export const resourceQuotaController: Controller = {
  name: 'resourcequota-controller',
  watches: ['resourcequotas', '*'],
  start: (context) => new QuotaLoop(context).start(),
};

/** Deletions that come together are counted together: at least so many ms, and more for each object that is counted. */
const gatherMs = 50;
const gatherMsPerObject = 0.1;
/** Admission charges before the object is there: a count that found less is made again after this, in ms. */
const secondLookMs = 5_000;
/** How long what somebody else wrote into a status may stand (upstream's resync period), in ms. */
const resyncMs = 300_000;

/** How long after a custom kind was defined or changed it is looked for, in ms. */
const servedMs = 500;

type Amounts = Readonly<Record<string, string>>;

class QuotaLoop {
  readonly #context: ControllerContext;
  readonly #quotas: Informer<ResourceQuota>;
  /** How many objects each quota had when it was last counted. */
  readonly #sizes = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#quotas = context.informers.of(refs.resourceQuotas);
    this.#quotas.addIndexer('namespace', indexers.namespace);
  }

  start(): Running {
    const { clock, logger, queues } = this.#context;
    const lifecycle = new Lifecycle();
    const kinds = lifecycle.add(
      new CountedKinds(this.#context, {
        cares: (namespace) => [...this.#quotas.store.byIndex('namespace', namespace)].length > 0,
        released: (kind, namespace) => {
          for (const quota of this.#concerned(kind, namespace)) loop.enqueueAfter(keyOf(quota), this.#gather(keyOf(quota)));
        },
        kindsChanged: () => {
          for (const quota of this.#quotas.store.values()) if (isIncomplete(quota)) loop.enqueueAfter(keyOf(quota), servedMs);
        },
      }),
    );
    const reconcile = (key: string): Promise<ReconcileResult | undefined> => this.#reconcile(key, kinds);
    const loop: Reconciler = lifecycle.add(
      startReconciler({ name: 'resourcequota-controller', clock, logger, queues, ready: this.#quotas.synced, reconcile }),
    );
    lifecycle.add(
      this.#quotas.handle({
        add: (quota) => loop.enqueue(keyOf(quota)),
        update: (old, quota) => {
          if (!jsonEqual(old.spec, quota.spec)) loop.enqueue(keyOf(quota));
          else if (!jsonEqual(old.status, quota.status)) loop.enqueueAfter(keyOf(quota), resyncMs);
        },
      }),
    );
    return lifecycle;
  }

  #gather(key: string): number {
    return Math.max(gatherMs, Math.floor((this.#sizes.get(key) ?? 0) * gatherMsPerObject));
  }

  #concerned(kind: GroupResource, namespace: string): ResourceQuota[] {
    const quotas = [...this.#quotas.store.byIndex('namespace', namespace)];
    return quotas.filter(({ spec }) => quotaNames(kind, Object.keys(spec.hard ?? {})).length > 0);
  }

  async #reconcile(key: string, kinds: CountedKinds): Promise<ReconcileResult | undefined> {
    const quota = this.#quotas.store.get(key);
    if (quota === undefined) {
      this.#sizes.delete(key);
      return undefined;
    }
    const objects = await kinds.objectsIn(quota.metadata.namespace ?? '', quotaKinds(quota));
    this.#sizes.set(
      key,
      objects.reduce((sum, { items }) => sum + items.length, 0),
    );
    const now = this.#context.clock.now();
    const status = quotaStatus(quota, objects, now);
    const changed = !sameAmounts(status.hard, quota.status.hard) || !sameAmounts(status.used, quota.status.used);
    if (changed) await this.#context.client.resource(refs.resourceQuotas).updateStatus({ ...quota, status });
    const less = Object.entries(status.used).some(([name, used]) => isLess(used, quota.status.used?.[name]));
    const next = Math.min(less ? secondLookMs : Infinity, nextRelease(objects, now));
    return next === Infinity ? undefined : { requeueAfter: next };
  }
}

/** Whether something it limits is used up by no kind that is known. */
function isIncomplete({ spec, status }: ResourceQuota): boolean {
  return Object.keys(spec.hard ?? {}).some((name) => status.used?.[name] === undefined);
}

function isLess(used: string, before: string | undefined): boolean {
  return before !== undefined && parseQuantity(used).compare(parseQuantity(before)) < 0;
}

function sameAmounts(wanted: Amounts, stored: Amounts | undefined): boolean {
  if (stored === undefined || Object.keys(wanted).length !== Object.keys(stored).length) return false;
  return Object.entries(wanted).every(([name, amount]) => {
    const other = stored[name];
    return other !== undefined && (other === amount || parseQuantity(amount).compare(parseQuantity(other)) === 0);
  });
}

/** Ms until the next pod that should have ended by then stops to count; Infinity: none is going. */
function nextRelease(objects: readonly { readonly kind: GroupResource; readonly items: readonly KubeObject[] }[], now: number): number {
  const pods = objects.find(({ kind }) => kind.group === '' && kind.resource === 'pods')?.items ?? [];
  const ends = pods.flatMap(({ metadata: { deletionTimestamp, deletionGracePeriodSeconds } }) => {
    if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return [];
    const end = Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000 + 1;
    return end > now ? [end - now] : [];
  });
  return Math.min(Infinity, ...ends);
}
