/** Says of ServiceCIDRs that they are ready, and keeps those that are deleted while Services use them: pkg/controller/servicecidrs. */
import { isReason } from '../../api/errors.ts';
import type { Condition, ServiceCIDR } from '../../api/generated/types.ts';
import { rangesOf, rangesOverlap } from '../../api/service-range.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Running } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import { type ReconcileResult, startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { cidrsHolding, isDeletable, isOfServices } from './deletable.ts';

const name = 'service-cidr-controller';
const finalizer = 'networking.k8s.io/service-cidr-finalizer';
/** From the deletion on: until then every server knows of it and gives out no more of its addresses. */
const graceMs = 10_000;

export const serviceCIDRController: Controller = { name, watches: ['servicecidrs', 'ipaddresses'], start };

function start(context: ControllerContext): Running {
  const { client, informers, clock, logger, queues } = context;
  const cidrs = informers.of(refs.serviceCIDRs);
  const addresses = informers.of(refs.ipAddresses);
  const events = context.recorder(name);
  const api = client.resource(refs.serviceCIDRs);
  const all = (): ServiceCIDR[] => [...cidrs.store.values()];

  async function reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cidr = cidrs.store.get(key);
    if (cidr === undefined) return undefined;
    if (cidr.metadata.deletionTimestamp !== undefined) return finish(cidr, cidr.metadata.deletionTimestamp);
    if (cidr.metadata.finalizers?.includes(finalizer) !== true) await patchFinalizers(cidr, { finalizers: [finalizer] });
    try {
      await setReady(cidr, { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' });
    } catch (error) {
      const message = 'The ServiceCIDR Status can not be set to Ready=True';
      events.event(referenceTo(refs.serviceCIDRs, cidr), 'Warning', 'KubernetesServiceCIDRError', message);
      throw error;
    }
    return undefined;
  }

  async function finish(cidr: ServiceCIDR, since: string): Promise<ReconcileResult | undefined> {
    if (!isDeletable(cidr, all(), addresses.store.values())) {
      const message = 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR';
      await setReady(cidr, { status: 'False', reason: 'Terminating', message });
      return undefined;
    }
    const requeueAfter = graceMs - (clock.now() - Date.parse(since));
    if (requeueAfter > 0) return { requeueAfter };
    if (cidr.metadata.finalizers?.includes(finalizer) === true)
      await patchFinalizers(cidr, { '$deleteFromPrimitiveList/finalizers': [finalizer] });
    return undefined;
  }

  async function patchFinalizers(cidr: ServiceCIDR, metadata: object): Promise<void> {
    const patch = { type: 'application/strategic-merge-patch+json', body: { metadata } } as const;
    await api.patch('', cidr.metadata.name, patch).catch((error: unknown) => {
      if (!isReason(error, 'NotFound')) throw error;
    });
  }

  async function setReady(cidr: ServiceCIDR, wanted: Pick<Condition, 'status' | 'reason' | 'message'>): Promise<void> {
    const { status, reason, message } = cidr.status.conditions?.find(({ type }) => type === 'Ready') ?? {};
    if (status === wanted.status && reason === wanted.reason && message === wanted.message) return;
    const condition = { type: 'Ready', ...wanted, lastTransitionTime: rfc3339(clock.now()) };
    const metadata = { name: cidr.metadata.name };
    const body = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata, status: { conditions: [condition] } };
    const patch = { type: 'application/apply-patch+yaml', body, subresource: 'status', fieldManager: name, force: true } as const;
    await api.patch('', metadata.name, patch);
  }

  const ready = Promise.all([cidrs.synced, addresses.synced]);
  const loop = startReconciler({ name, clock, logger, queues, ready, reconcile });
  loop.watch(cidrs, (cidr) => [cidr.metadata.name, ...overlapping(cidr, all())]);
  // Addresses matter to those alone that wait for them to go.
  loop.watch(addresses, (address) => (isOfServices(address) ? cidrsHolding(address.metadata.name, all().filter(isGoing)).map(nameOf) : []));
  return loop;
}

const nameOf = ({ metadata }: ServiceCIDR): string => metadata.name;
const isGoing = ({ metadata }: ServiceCIDR): boolean => metadata.deletionTimestamp !== undefined;

/** Whether these can go may depend on the one. */
function overlapping(cidr: ServiceCIDR, all: readonly ServiceCIDR[]): string[] {
  const ranges = rangesOf(cidr);
  return all
    .filter((other) => isGoing(other) && rangesOf(other).some((range) => ranges.some((own) => rangesOverlap(own, range))))
    .map(nameOf);
}
