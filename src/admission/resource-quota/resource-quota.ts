/** Nothing is made beyond what a namespace's quotas allow (apiserver pkg/admission/plugin/resourcequota). */
import type { Pod, ResourceQuota } from '../../api/generated/types.ts';
import { cloneJson } from '../../api/json.ts';
import { type Amounts, addTo, parseAmounts } from '../../api/pod-resources.ts';
import { type Quantity, zeroQuantity } from '../../api/quantity.ts';
import { isTerminating, quotaConcerns } from '../../api/quota/scopes.ts';
import { podConstraintFault, quotaNames, quotaUsage } from '../../api/quota/usage.ts';
import { realClock } from '../../base/clock.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../registry/admission.ts';
import { systemUser } from '../../registry/context.ts';
import type { AdmissionDeps } from '../shared/deps.ts';
import { objectsOf, storeOf } from '../shared/read.ts';
import { isOf, refuse } from '../shared/request.ts';
import { entryOf } from '../../api/entry-of.ts';

const resourceQuotas = { group: '', version: 'v1', resource: 'resourcequotas' } as const;

/** What a request adds to a quota's usage; only names that the quota limits. */
interface Charge {
  readonly quota: ResourceQuota;
  readonly amounts: Amounts;
}

export function resourceQuota({ registry, clock = realClock }: AdmissionDeps): AdmissionPlugin {
  const context = { user: systemUser('apiserver'), warn: (): void => undefined };
  return { name: 'ResourceQuota', validate: (request) => (concerns(request) ? check(request) : undefined) };

  async function check(request: AdmissionRequest): Promise<void> {
    const quotas = await objectsOf<ResourceQuota>(registry(), resourceQuotas, request.namespace);
    if (quotas.length === 0) return;
    const charges = quotas.flatMap((quota) => chargeOf(request, quota, clock.now()) ?? []);
    for (const charge of charges) checkCharge(request, charge);
    if (request.context.dryRun === true) return;
    for (const charge of charges) await book(request, charge);
  }

  /** Adds to the quota's usage, checking again against the state that is written over. */
  async function book(request: AdmissionRequest, { quota, amounts }: Charge): Promise<void> {
    await storeOf(registry(), resourceQuotas)?.update(
      {
        namespace: request.namespace,
        name: quota.metadata.name,
        subresource: 'status',
        retryOnConflict: true,
        update(current) {
          const next = cloneJson(current ?? quota) as unknown as ResourceQuota;
          checkCharge(request, { quota: next, amounts });
          next.status = { ...next.status, used: { ...next.status?.used, ...texts(added(next, amounts)) } };
          return next;
        },
      },
      context,
    );
  }
}

/** Undefined: the quota has nothing to do with the request. Throws 403. */
function chargeOf(request: AdmissionRequest, quota: ResourceQuota, now: number): Charge | undefined {
  const { definition, object, old, operation } = request;
  if (object === undefined || !quotaConcerns(quota, definition, object)) return undefined;
  const names = quotaNames(definition, Object.keys(quota.status?.hard ?? {}));
  const fault = isOf(definition, '', 'pods') ? podConstraintFault(object as unknown as Pod, names) : undefined;
  if (fault !== undefined) throw refuse(request, `failed quota: ${quota.metadata.name}: ${fault}`);
  if (names.some((name) => entryOf(quota.status?.used, name) === undefined)) {
    throw refuse(request, `status unknown for quota: ${quota.metadata.name}, resources: ${[...names].sort().join(',')}`);
  }
  const usage = quotaUsage(definition, object, now);
  const negative = [...usage].filter(([, quantity]) => quantity.sign < 0).map(([name]) => name);
  if (negative.length > 0) throw refuse(request, `quota usage is negative for resource(s): ${negative.sort().join(',')}`);
  const counted = operation === 'UPDATE' && old !== undefined && quotaConcerns(quota, definition, old);
  const before: Amounts = counted ? quotaUsage(definition, old, now) : new Map<string, Quantity>();
  const amounts: Amounts = new Map();
  for (const name of names) {
    const after = usage.get(name);
    const more = before.get(name) === undefined ? after : after?.sub(before.get(name) ?? zeroQuantity);
    if (more !== undefined && more.sign > 0) amounts.set(name, more);
  }
  return amounts.size === 0 ? undefined : { quota, amounts };
}

function checkCharge(request: AdmissionRequest, { quota, amounts }: Charge): void {
  if (request.subresource === 'status') return;
  const hard = parseAmounts(quota.status?.hard);
  const exceeded = [...added(quota, amounts)].filter(([name, total]) => total.compare(hard.get(name) ?? total) > 0).map(([name]) => name);
  if (exceeded.length === 0) return;
  const shown = (all: ReadonlyMap<string, Quantity>): string =>
    exceeded
      .sort()
      .map((name) => `${name}=${all.get(name)?.toString() ?? '0'}`)
      .join(',');
  const used = parseAmounts(quota.status?.used);
  throw refuse(
    request,
    `exceeded quota: ${quota.metadata.name}, requested: ${shown(amounts)}, used: ${shown(used)}, limited: ${shown(hard)}`,
  );
}

/** The usage there would be, of what is charged. */
function added({ status }: ResourceQuota, amounts: Amounts): Amounts {
  const used = parseAmounts(status?.used);
  const total: Amounts = new Map([...amounts.keys()].flatMap((name) => (used.has(name) ? [[name, used.get(name) ?? zeroQuantity]] : [])));
  addTo(total, amounts);
  return total;
}

function texts(amounts: Amounts): Record<string, string> {
  return Object.fromEntries([...amounts].map(([name, quantity]) => [name, quantity.toString()]));
}

/** What can use a quota up: new objects of any kind, and changes of some. */
function concerns({ definition, operation, subresource, namespace, object, old }: AdmissionRequest): boolean {
  if (namespace === '' || !definition.namespaced || object === undefined || definition.virtual !== undefined) return false;
  if (isOf(definition, '', 'events') || isOf(definition, 'events.k8s.io', 'events') || isOf(definition, '', 'bindings')) return false;
  if (operation === 'CREATE') return subresource === '';
  if (operation !== 'UPDATE' || old === undefined) return false;
  if (isOf(definition, '', 'pods')) {
    if (subresource === 'resize') return true;
    return subresource === '' && isTerminating((object as unknown as Pod).spec) !== isTerminating((old as unknown as Pod).spec);
  }
  if (isOf(definition, '', 'persistentvolumeclaims')) return subresource === '' || subresource === 'status';
  return isOf(definition, '', 'services') && subresource === '';
}
