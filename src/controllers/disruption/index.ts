import type { Pod, PodDisruptionBudget } from '../../api/generated/types.ts';
import { withSyncFailure } from '../../api/disruption.ts';
import { isReason } from '../../api/errors.ts';
import { goSelectorText, labelMatcher } from '../../api/label-selector.ts';
import { rfc3339 } from '../../base/clock.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { EventRecorder } from '../../client/events.ts';
import { referenceTo } from '../../client/events.ts';
import type { Informer } from '../../client/informer.ts';
import { indexers, keyOf } from '../../client/informer-store.ts';
import type { ReconcileResult, Reconciler } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { messageOf } from '../shared/pod-control.ts';
import { isPodReady } from '../shared/pods.ts';
import { countHealthy, disruptedPods, expectation, needsScale, nextStatus } from './budget.ts';
import { ScaleFinder } from './scale.ts';
import { hasStaleDisruption, withoutDisruption } from './stale.ts';

export const disruptionController: Controller = {
  name: 'disruption-controller',
  watches: ['poddisruptionbudgets', 'pods', 'replicationcontrollers', 'replicasets', 'deployments', 'statefulsets'],
  start: (context) => new DisruptionLoop(context).start(),
};

/** Pods whose changes are counted together, in ms for each: counting a budget of 10,000 pods takes its time. */
const gatherMsPerPod = 0.02;

class DisruptionLoop {
  readonly #context: ControllerContext;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #pods: Informer<Pod>;
  readonly #recorder: EventRecorder;
  readonly #scales: ScaleFinder;
  /** How many pods each budget had when it was last counted. */
  readonly #sizes = new Map<string, number>();

  constructor(context: ControllerContext) {
    const { informers, client } = context;
    this.#context = context;
    this.#budgets = informers.of(refs.podDisruptionBudgets);
    this.#pods = informers.of(refs.pods);
    this.#budgets.addIndexer('namespace', indexers.namespace);
    this.#pods.addIndexer('namespace', indexers.namespace);
    this.#recorder = context.recorder('controllermanager');
    this.#scales = new ScaleFinder(client, informers);
  }

  start(): Running {
    const { clock, logger, queues } = this.#context;
    const lifecycle = new Lifecycle();
    const ready = Promise.all([this.#budgets.synced, this.#pods.synced, this.#scales.synced]);
    const loop = lifecycle.add(
      startReconciler({ name: 'disruption-controller', clock, logger, queues, ready, reconcile: (key) => this.#reconcile(key) }),
    );
    const stale = lifecycle.add(
      startReconciler({ name: 'stale-pod-disruption', clock, logger, queues, ready, reconcile: (key) => this.#reconcileStale(key) }),
    );
    loop.watch(this.#budgets, (budget) => [keyOf(budget)]);
    lifecycle.add(this.#followPods(loop, stale));
    return lifecycle;
  }

  #followPods(loop: Reconciler, stale: Reconciler): Running {
    const enqueue = (pod: Pod): void =>
      this.#budgetsOf(pod).forEach((budget) => {
        loop.enqueueAfter(keyOf(budget), Math.floor((this.#sizes.get(keyOf(budget)) ?? 0) * gatherMsPerPod));
      });
    const see = (pod: Pod): void => {
      enqueue(pod);
      if (hasStaleDisruption(pod)) stale.enqueue(keyOf(pod));
    };
    return this.#pods.handle({
      add: (pod) => {
        see(pod);
        this.#tellSeveral(pod);
      },
      update: (old, pod) => {
        if (!concernsBudgets(old, pod)) return;
        if (!jsonEqual(old.metadata.labels, pod.metadata.labels)) enqueue(old);
        see(pod);
      },
      delete: enqueue,
    });
  }

  #budgetsOf(pod: Pod): PodDisruptionBudget[] {
    const budgets = [...this.#budgets.store.byIndex('namespace', pod.metadata.namespace ?? '')];
    return budgets.filter(({ spec }) => labelMatcher(spec.selector)(pod.metadata.labels));
  }

  #tellSeveral(pod: Pod): void {
    const budgets = this.#budgetsOf(pod);
    if (budgets.length < 2) return;
    const { namespace = '', name } = pod.metadata;
    const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${budgets[0]?.metadata.name ?? ''}" arbitrarily.`;
    this.#recorder.event(referenceTo(refs.pods, pod), 'Warning', 'MultiplePodDisruptionBudgets', message);
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const budget = this.#budgets.store.get(key);
    if (budget === undefined) {
      this.#sizes.delete(key);
      return undefined;
    }
    try {
      return await this.#count(budget);
    } catch (error) {
      if (isReason(error, 'Conflict')) throw error;
      this.#context.logger.warn({ err: error, budget: key }, 'a disruption budget cannot be worked out');
      await this.#write(budget, withSyncFailure(budget.status, messageOf(error), rfc3339(this.#context.clock.now())));
      return undefined;
    }
  }

  async #count(budget: PodDisruptionBudget): Promise<ReconcileResult | undefined> {
    const matches = labelMatcher(budget.spec.selector);
    const { namespace = '' } = budget.metadata;
    const pods = [...this.#pods.store.byIndex('namespace', namespace)].filter((pod) => matches(pod.metadata.labels));
    this.#sizes.set(keyOf(budget), pods.length);
    if (pods.length === 0) this.#event(budget, 'Normal', 'NoPods', 'No matching pods found');
    const scale = await this.#expectedScale(budget, pods);
    const now = this.#context.clock.now();
    const disrupted = disruptedPods(budget, pods, now);
    for (const pod of disrupted.overdue) {
      const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
      this.#recorder.event(referenceTo(refs.pods, pod), 'Warning', 'NotDeleted', message);
    }
    const counted = { ...expectation(budget, pods, scale), currentHealthy: countHealthy(pods, disrupted), disrupted };
    await this.#write(budget, nextStatus(budget, counted, now));
    return disrupted.recheckIn === undefined ? undefined : { requeueAfter: disrupted.recheckIn };
  }

  async #expectedScale(budget: PodDisruptionBudget, pods: readonly Pod[]): Promise<number> {
    if (!needsScale(budget)) return 0;
    try {
      const { replicas, unmanaged } = await this.#scales.expected(pods);
      if (unmanaged.length > 0) {
        const selector = goSelectorText(budget.spec.selector ?? {});
        const message =
          `Pods selected by this PodDisruptionBudget (selector: ${selector}) were found to be unmanaged. ` +
          'As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. ' +
          'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.';
        this.#event(budget, 'Warning', 'UnmanagedPods', message);
      }
      return replicas;
    } catch (error) {
      const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`;
      this.#event(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
      throw error;
    }
  }

  #event(budget: PodDisruptionBudget, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#recorder.event(referenceTo(refs.podDisruptionBudgets, budget), type, reason, message);
  }

  async #write(budget: PodDisruptionBudget, status: PodDisruptionBudget['status'] | undefined): Promise<void> {
    if (status === undefined || jsonEqual(status, budget.status)) return;
    await this.#context.client.resource(refs.podDisruptionBudgets).updateStatus({ ...budget, status });
  }

  /** A pod that was to be disrupted and stayed after all says so no more. */
  async #reconcileStale(key: string): Promise<ReconcileResult | undefined> {
    const pod = this.#pods.store.get(key);
    const { clock, client } = this.#context;
    if (pod === undefined || !hasStaleDisruption(pod)) return undefined;
    const { status, wait } = withoutDisruption(pod, clock.now());
    if (wait > 0) return { requeueAfter: wait };
    await client.resource(refs.pods).updateStatus({ ...pod, status });
    return undefined;
  }
}

/** Whether a change is one that the budgets' numbers may depend on. */
function concernsBudgets(old: Pod, pod: Pod): boolean {
  const [before, after] = [old.metadata, pod.metadata];
  return (
    before.uid !== after.uid ||
    before.deletionTimestamp !== after.deletionTimestamp ||
    isPodReady(old) !== isPodReady(pod) ||
    hasStaleDisruption(old) !== hasStaleDisruption(pod) ||
    !jsonEqual(before.labels, after.labels) ||
    !jsonEqual(before.ownerReferences, after.ownerReferences)
  );
}
