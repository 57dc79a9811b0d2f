/** pods/eviction: a delete that asks the disruption budgets first. pkg/registry/core/pod/storage/eviction.go. */
import { cloneJson } from '../../../api/json.ts';
import { disruptionAllowed, withDisruptionAllowed } from '../../../api/disruption.ts';
import { ApiError, badRequest, isReason } from '../../../api/errors.ts';
import type { Eviction, Pod, PodDisruptionBudget } from '../../../api/generated/types.ts';
import { labelMatcher } from '../../../api/label-selector.ts';
import type { KubeObject } from '../../../api/object.ts';
import { rfc3339 } from '../../../base/clock.ts';
import type { Subresource, SubresourceRequest } from '../../../registry/definition.ts';
import type { DeleteRequest, ResourceStore } from '../../../registry/store.ts';
import type { ResourceDeps } from '../../deps.ts';
import { podCondition, setPodCondition } from '../../shared/pod/conditions.ts';

const maxDisruptedPods = 2000;

export function eviction(deps: ResourceDeps): Subresource<Pod> {
  return {
    name: 'eviction',
    kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
    prepareForUpdate: () => undefined,
    validateUpdate: () => [],
    create: (request) => evict(request, deps),
  };
}

async function evict(request: SubresourceRequest, deps: ResourceDeps): Promise<KubeObject> {
  const body = request.body as unknown as Eviction;
  if (body.metadata.name !== request.name) throw badRequest('name in URL does not match name in Eviction object');
  const options = deleteRequest(body, request);
  const pod = await evictFreely({ request, options, deps });
  if (pod !== undefined) await evictWithinBudget(pod, { request, options, deps });
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as unknown as KubeObject;
}

interface EvictionCall {
  readonly request: SubresourceRequest;
  readonly options: DeleteRequest;
  readonly deps: ResourceDeps;
}

/** Most looks at a pod that changes meanwhile. */
const maxAttempts = 20;

/** Evicts a pod no budget counts; returns one that has to ask first. */
async function evictFreely({ request, options, deps }: EvictionCall): Promise<Pod | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const entry = await request.store.get(request.namespace, request.name);
    const pod = entry.object as unknown as Pod;
    if (!mayIgnoreBudgets(pod)) return pod;
    // A pending pod must not have started meanwhile.
    const strict = pod.status.phase === 'Pending' && pod.metadata.deletionTimestamp === undefined;
    try {
      await markAndDelete(request, strict ? onlyAt(pod, options) : options, rfc3339(deps.clock.now()));
      return undefined;
    } catch (error) {
      const mayRetry = options.preconditions?.resourceVersion === undefined && attempt < maxAttempts;
      if (!isReason(error, 'Conflict') || !mayRetry) throw error;
    }
  }
}

async function evictWithinBudget(pod: Pod, { request, options, deps }: EvictionCall): Promise<void> {
  const now = rfc3339(deps.clock.now());
  const budget = await budgetOf(pod, deps);
  if (budget === undefined) return markAndDelete(request, options, now);
  const counted = await consume(budget, pod, { request, deps, dryRun: options.dryRun ?? false });
  if (counted === 'healthy') return markAndDelete(request, options, now);
  try {
    await markAndDelete(
      request,
      { ...options, preconditions: { ...options.preconditions, resourceVersion: pod.metadata.resourceVersion } },
      now,
    );
  } catch (error) {
    if (!isReason(error, 'Conflict') || options.preconditions?.resourceVersion !== undefined) throw error;
    throw stillProcessed(budget.metadata.name);
  }
}

function onlyAt(pod: Pod, options: DeleteRequest): DeleteRequest {
  const { resourceVersion } = pod.metadata;
  return { ...options, preconditions: { resourceVersion, ...options.preconditions } };
}

function deleteRequest({ deleteOptions }: Eviction, { context }: SubresourceRequest): DeleteRequest {
  const dryRun = context.dryRun === true || (deleteOptions?.dryRun ?? []).includes('All');
  const { uid, resourceVersion } = deleteOptions?.preconditions ?? {};
  const conditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  return {
    dryRun,
    ...(deleteOptions?.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: deleteOptions.gracePeriodSeconds }),
    ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions: conditions }),
  };
}

function mayIgnoreBudgets({ status, metadata }: Pod): boolean {
  return (
    status.phase === 'Succeeded' || status.phase === 'Failed' || status.phase === 'Pending' || metadata.deletionTimestamp !== undefined
  );
}

async function budgetOf(pod: Pod, deps: ResourceDeps): Promise<PodDisruptionBudget | undefined> {
  const store = deps.stores('policy', 'v1', 'poddisruptionbudgets');
  const listed = await store?.list({ namespace: pod.metadata.namespace ?? '' });
  const budgets = (listed?.entries ?? [])
    .map((entry) => entry.object as unknown as PodDisruptionBudget)
    .filter((budget) => budget.spec.selector !== undefined && labelMatcher(budget.spec.selector)(pod.metadata.labels));
  if (budgets.length > 1) {
    throw new ApiError('Unknown', 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  }
  return budgets[0];
}

interface Consumption {
  readonly request: SubresourceRequest;
  readonly deps: ResourceDeps;
  readonly dryRun: boolean;
}

/** Takes one disruption from the budget (429 when there is none); an unready pod that nobody counts on costs nothing. */
async function consume(budget: PodDisruptionBudget, pod: Pod, { request, deps, dryRun }: Consumption): Promise<'healthy' | 'unhealthy'> {
  if (podCondition(pod, 'Ready')?.status !== 'True') {
    const { currentHealthy = 0, desiredHealthy = 0 } = budget.status;
    if (budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (currentHealthy >= desiredHealthy && desiredHealthy > 0))
      return 'unhealthy';
  }
  const store = deps.stores('policy', 'v1', 'poddisruptionbudgets') as ResourceStore;
  const now = rfc3339(deps.clock.now());
  await store.update(
    {
      name: budget.metadata.name,
      namespace: budget.metadata.namespace ?? '',
      subresource: 'status',
      retryOnConflict: true,
      dryRun,
      update: (current) => decremented(current as unknown as PodDisruptionBudget, pod.metadata.name, now),
    },
    request.context,
  );
  return 'healthy';
}

function decremented(current: PodDisruptionBudget, podName: string, now: string): KubeObject {
  const { name, generation = 0 } = current.metadata;
  if ((current.status.observedGeneration ?? 0) < generation) throw stillProcessed(name);
  const { disruptionsAllowed = 0, disruptedPods = {} } = current.status;
  if (Object.keys(disruptedPods).length > maxDisruptedPods) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw new ApiError('Forbidden', `poddisruptionbudget.policy "${name}" is forbidden: ${why}`, {
      details: { name, group: 'policy', kind: 'poddisruptionbudget' },
    });
  }
  if (disruptionsAllowed <= 0) throw violation(whyNot(current));
  const budget = cloneJson(current);
  const status = { ...budget.status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods: { ...disruptedPods, [podName]: now } };
  budget.status = disruptionsAllowed === 1 ? withDisruptionAllowed(status, now) : status;
  return budget;
}

/** 429; clients are told when to come back only where time alone helps. */
function violation(message: string, retryAfterSeconds?: number): ApiError {
  const causes = [{ reason: 'DisruptionBudget', message }];
  return new ApiError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    details: { causes, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
  });
}

function stillProcessed(name: string): ApiError {
  return violation(`The disruption budget ${name} is still being processed by the server.`, 10);
}

function whyNot({ metadata: { name }, status }: PodDisruptionBudget): string {
  const condition = status.conditions?.find(({ type, status: value }) => type === disruptionAllowed && value === 'False');
  const { currentHealthy = 0, desiredHealthy = 0 } = status;
  const said = condition?.message ?? '';
  const refusal = `The disruption budget ${name} does not allow evicting pods currently`;
  if (said !== '' && condition?.reason === 'SyncFailed') return `${refusal} because it failed sync: ${said}`;
  if (currentHealthy <= desiredHealthy) {
    return `The disruption budget ${name} needs ${String(desiredHealthy)} healthy pods and has ${String(currentHealthy)} currently`;
  }
  return said === '' ? refusal : `${refusal} (${condition?.reason ?? ''}): ${said}`;
}

async function markAndDelete({ name, namespace, store, context }: SubresourceRequest, options: DeleteRequest, now: string): Promise<void> {
  let preconditions = options.preconditions;
  if (options.dryRun !== true) {
    const { entry } = await store.update(
      { name, namespace, subresource: 'eviction', retryOnConflict: true, update: (current) => marked(current, options, now) },
      context,
    );
    if (preconditions?.resourceVersion !== undefined) preconditions = { ...preconditions, resourceVersion: String(entry.revision) };
  }
  await store.delete(namespace, name, { ...options, ...(preconditions === undefined ? {} : { preconditions }) }, context);
}

function marked(current: KubeObject | undefined, { preconditions }: DeleteRequest, now: string): KubeObject {
  const pod = cloneJson(current) as unknown as Pod;
  const { name, uid, resourceVersion } = pod.metadata;
  const refuse = (why: string): ApiError =>
    new ApiError('Conflict', `Operation cannot be fulfilled on Pod "${name}": ${why}`, { details: { name, kind: 'Pod' } });
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    throw refuse(
      `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  const wanted = preconditions?.resourceVersion;
  if (wanted !== undefined && wanted !== resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${wanted}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
  setPodCondition(
    pod.status,
    { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' },
    now,
  );
  return pod;
}
