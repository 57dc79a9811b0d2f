/** Mirrors Endpoints that people keep by hand into EndpointSlices, for Services without a selector: pkg/controller/endpointslicemirroring. */
import { isReason } from '../../api/errors.ts';
import type { Endpoints, EndpointSlice } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { referenceTo } from '../../client/events.ts';
import { indexers, joinKey, keyOf } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { OwnWrites } from '../shared/own-writes.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { managedBy, mirrorName, planMirror, serviceName, type MirrorPlan } from './mirror.ts';

export const endpointSliceMirroringController: Controller = {
  name: 'endpointslice-mirroring-controller',
  watches: ['endpoints', 'services', 'endpointslices'],
  start,
};

function start(context: ControllerContext): Running {
  const { client, informers, clock, logger, queues } = context;
  const services = informers.of(refs.services);
  const endpoints = informers.of(refs.endpoints);
  const slices = informers.of(refs.endpointSlices);
  slices.addIndexer('service', indexers.label(serviceName));
  const writes = new OwnWrites(slices);
  const events = context.recorder(mirrorName);
  const api = client.resource(refs.endpointSlices);

  async function reconcile(key: string): Promise<undefined> {
    if (!writes.areSeen(key)) return;
    const existing = [...slices.store.byIndex('service', key)].filter((slice) => isOurs(slice));
    const source = endpoints.store.get(key);
    const service = services.store.get(key);
    if (source === undefined || !isMirrored(source) || service === undefined || service.spec.selector !== undefined) {
      await write(key, { create: [], update: [], delete: existing });
      return;
    }
    const plan = planMirror(source, existing);
    if (plan.invalid > 0) {
      const message = `Skipped ${String(plan.invalid)} invalid IP addresses when mirroring to EndpointSlices`;
      events.event(referenceTo(refs.endpoints, source), 'Warning', 'InvalidIPAddress', message);
    }
    if (plan.tooMany > 0) {
      const message = `A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. ${String(plan.invalid + plan.tooMany)} addresses were skipped`;
      events.event(referenceTo(refs.endpoints, source), 'Warning', 'TooManyAddressesToMirror', message);
    }
    await write(key, source.metadata.deletionTimestamp === undefined ? plan : { ...plan, create: [] });
  }

  async function write(key: string, plan: Pick<MirrorPlan, 'create' | 'update' | 'delete'>): Promise<void> {
    try {
      for (const slice of plan.create) writes.created(key, await api.create(slice.metadata.namespace ?? '', slice));
      for (const slice of plan.update) writes.created(key, await api.update(slice));
      for (const slice of plan.delete) {
        writes.deleting(key, slice);
        await api.delete(slice.metadata.namespace ?? '', slice.metadata.name).catch((error: unknown) => {
          writes.notDeleted(key, slice);
          if (!isReason(error, 'NotFound')) throw error;
        });
      }
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  }

  const ready = Promise.all([services.synced, endpoints.synced, slices.synced]);
  const loop = startReconciler({ name: 'endpointslice-mirroring-controller', clock, logger, queues, ready, reconcile });
  loop.watch(endpoints, (object) => [keyOf(object)]);
  loop.watch(services, (service) => [keyOf(service)]);
  loop.watch(slices, (slice) =>
    isOurs(slice) ? [joinKey(slice.metadata.namespace ?? '', slice.metadata.labels?.[serviceName] ?? '')] : [],
  );
  return loop;
}

function isOurs(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[managedBy] === mirrorName && slice.metadata.labels[serviceName] !== undefined;
}

/** Not those that say so, nor those that leader election keeps its lock in. */
function isMirrored({ metadata: { labels, annotations } }: Endpoints): boolean {
  return (
    labels?.['endpointslice.kubernetes.io/skip-mirror'] !== 'true' &&
    annotations?.['control-plane.alpha.kubernetes.io/leader'] === undefined
  );
}
