import { ApiError, isReason } from '../../api/errors.ts';
import type { EndpointSlice, Node, Service } from '../../api/generated/types.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { ResourceClient } from '../../client/client.ts';
import { referenceTo } from '../../client/events.ts';
import { indexers, joinKey, keyOf } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { OwnWrites } from '../shared/own-writes.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { isManaged, ServiceIndex } from '../shared/service-endpoints.ts';
import { TriggerTimes } from '../shared/trigger-times.ts';
import { TopologyHints } from './topology-hints.ts';
import type { SlicePlan } from './slices.ts';
import { controllerName, managedBy, planSlices, serviceName } from './slices.ts';

export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  watches: ['services', 'pods', 'endpointslices', 'nodes'],
  start,
};

function start(context: ControllerContext): Running {
  const { client, informers, clock, logger, queues } = context;
  const lifecycle = new Lifecycle();
  const index = new ServiceIndex(informers.of(refs.services), informers.of(refs.pods));
  const slices = informers.of(refs.endpointSlices);
  const nodes = informers.of(refs.nodes);
  slices.addIndexer('service', indexers.label(serviceName));
  index.pods.addIndexer('node', indexers.nodeName);
  const writes = new OwnWrites(slices);
  const api = client.resource(refs.endpointSlices);
  const times = new TriggerTimes();
  const topology = new TopologyHints();
  const events = context.recorder('endpoint-slice-controller');

  async function reconcile(key: string): Promise<undefined> {
    const service = index.services.store.get(key);
    if (service === undefined) {
      times.forget(key);
      topology.forget(key);
      return;
    }
    if (service.metadata.deletionTimestamp !== undefined || !isManaged(service) || !writes.areSeen(key)) return;
    const existing = [...slices.store.byIndex('service', key)].filter(
      (slice) => isOurs(slice) && slice.metadata.deletionTimestamp === undefined,
    );
    const pods = index.podsOf(service);
    const triggerTime = times.next(key, service, pods);
    const plan = planSlices({ service, pods, existing, nodeOf: (name) => nodes.store.get(name), shares: topology.shares, triggerTime });
    tell(service, topology.note(key, plan.topology));
    try {
      await write(api, plan, { service, written: (slice) => writes.created(key, slice) });
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      const { namespace = '', name } = service.metadata;
      const message = `Error updating Endpoint Slices for Service ${namespace}/${name}: ${(error as Error).message}`;
      events.event(referenceTo(refs.services, service), 'Warning', 'FailedToUpdateEndpointSlices', message);
      throw error;
    }
  }

  function tell(service: Service, told: readonly { enabled: boolean; message: string }[]): void {
    for (const { enabled, message } of told) {
      const reason = enabled ? 'TopologyAwareHintsEnabled' : 'TopologyAwareHintsDisabled';
      events.event(referenceTo(refs.services, service), enabled ? 'Normal' : 'Warning', reason, message);
    }
  }

  const ready = Promise.all([index.services.synced, index.pods.synced, slices.synced, nodes.synced]);
  const loop = lifecycle.add(startReconciler({ name: 'endpointslice-controller', clock, logger, queues, ready, reconcile }));
  loop.watch(index.services, (service) => [keyOf(service)]);
  loop.watch(slices, (slice) => serviceKey(slice));
  lifecycle.add(index.follow((key) => loop.enqueue(key)));
  // A pod may be seen before its node, and the node before its zone.
  const onNode = (node: Node): void => {
    for (const pod of index.pods.store.byIndex('node', node.metadata.name)) index.selecting(pod).forEach((key) => loop.enqueue(key));
  };
  const onNodes = (): void => {
    topology.setNodes(nodes.store.values());
    topology.overloaded().forEach((key) => loop.enqueue(key));
  };
  lifecycle.add(
    nodes.handle({
      add: (node) => {
        onNode(node);
        onNodes();
      },
      update: (old, node) => {
        if (zoneOf(old) !== zoneOf(node)) onNode(node);
        if (zoneOf(old) !== zoneOf(node) || isReady(old) !== isReady(node)) onNodes();
      },
      delete: onNodes,
    }),
  );
  return lifecycle;
}

function zoneOf(node: Node): string | undefined {
  return node.metadata.labels?.['topology.kubernetes.io/zone'];
}

function isReady(node: Node): boolean {
  return node.status.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
}

function isOurs(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[managedBy] === controllerName;
}

function serviceKey(slice: EndpointSlice): readonly string[] {
  const name = slice.metadata.labels?.[serviceName];
  return name === undefined || !isOurs(slice) ? [] : [joinKey(slice.metadata.namespace ?? '', name)];
}

interface Writing {
  readonly service: Service;
  readonly written: (slice: EndpointSlice) => void;
}

/** Rejects with what could not be done, in upstream's words; the reason of the refusal stays the cause's. */
async function write(api: ResourceClient<EndpointSlice>, plan: SlicePlan, { service, written }: Writing): Promise<void> {
  const { namespace = '', name } = service.metadata;
  const attempt = async (what: string, act: () => Promise<EndpointSlice | undefined>): Promise<void> => {
    try {
      const slice = await act();
      if (slice !== undefined) written(slice);
    } catch (error) {
      if (isNamespaceTerminating(error) || !(error instanceof ApiError)) throw error;
      const message = `failed to ${what} EndpointSlice for Service ${namespace}/${name}: ${error.message}`;
      throw new ApiError(error.reason, message, { cause: error });
    }
  };
  for (const slice of plan.create) await attempt('create', () => api.create(namespace, slice));
  for (const slice of plan.update) await attempt(`update ${slice.metadata.name}`, () => api.update(slice));
  for (const slice of plan.delete)
    await attempt(`delete ${slice.metadata.name}`, () =>
      api.delete(namespace, slice.metadata.name).then(
        () => undefined,
        (error: unknown) => {
          if (!isReason(error, 'NotFound')) throw error;
          return undefined;
        },
      ),
    );
}
