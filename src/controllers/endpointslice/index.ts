import { isReason } from '../../api/errors.ts';
import type { EndpointSlice } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { indexers, joinKey, keyOf } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { OwnWrites } from '../shared/own-writes.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { isManaged, ServiceIndex } from '../shared/service-endpoints.ts';
import { controllerName, managedBy, planSlices, serviceName } from './slices.ts';

export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  watches: ['services', 'pods', 'endpointslices', 'nodes'],
  start,
};

function start({ client, informers, clock, logger }: ControllerContext): Running {
  const lifecycle = new Lifecycle();
  const index = new ServiceIndex(informers.of(refs.services), informers.of(refs.pods));
  const slices = informers.of(refs.endpointSlices);
  const nodes = informers.of(refs.nodes);
  slices.addIndexer('service', indexers.label(serviceName));
  const writes = new OwnWrites(slices);
  const api = client.resource(refs.endpointSlices);

  async function reconcile(key: string): Promise<undefined> {
    const service = index.services.store.get(key);
    if (service === undefined || service.metadata.deletionTimestamp !== undefined || !isManaged(service) || !writes.areSeen(key)) return;
    const existing = [...slices.store.byIndex('service', key)].filter(
      (slice) => isOurs(slice) && slice.metadata.deletionTimestamp === undefined,
    );
    const plan = planSlices({ service, pods: index.podsOf(service), existing, nodeOf: (name) => nodes.store.get(name) });
    for (const slice of plan.create) {
      try {
        writes.created(key, await api.create(service.metadata.namespace ?? '', slice));
      } catch (error) {
        if (!isNamespaceTerminating(error)) throw error;
        return;
      }
    }
    for (const slice of plan.update) writes.created(key, await api.update(slice));
    for (const slice of plan.delete) {
      try {
        await api.delete(slice.metadata.namespace ?? '', slice.metadata.name);
      } catch (error) {
        if (!isReason(error, 'NotFound')) throw error;
      }
    }
  }

  const ready = Promise.all([index.services.synced, index.pods.synced, slices.synced, nodes.synced]);
  const loop = lifecycle.add(startReconciler({ name: 'endpointslice-controller', clock, logger, ready, reconcile }));
  loop.watch(index.services, (service) => [keyOf(service)]);
  loop.watch(slices, (slice) => serviceKey(slice));
  lifecycle.add(index.follow((key) => loop.enqueue(key)));
  // A pod may be seen before its node.
  lifecycle.add(
    nodes.handle({
      add: (node) => {
        for (const pod of index.pods.store.values())
          if (pod.spec.nodeName === node.metadata.name) index.selecting(pod).forEach((key) => loop.enqueue(key));
      },
    }),
  );
  return lifecycle;
}

function isOurs(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[managedBy] === controllerName;
}

function serviceKey(slice: EndpointSlice): readonly string[] {
  const name = slice.metadata.labels?.[serviceName];
  return name === undefined || !isOurs(slice) ? [] : [joinKey(slice.metadata.namespace ?? '', name)];
}
