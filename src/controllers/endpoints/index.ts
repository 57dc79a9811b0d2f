import { isReason } from '../../api/errors.ts';
import type { Endpoints, Service } from '../../api/generated/types.ts';
import type { New } from '../../api/object.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { keyOf, splitKey } from '../../client/informer-store.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { isHeadless, isManaged, ServiceIndex } from '../shared/service-endpoints.ts';
import { triggerTimeAnnotation, TriggerTimes } from '../shared/trigger-times.ts';
import { subsetsOf, truncated } from './subsets.ts';

const managedBy = 'endpoints.kubernetes.io/managed-by';
/** Set while there are more addresses than Endpoints may hold. */
const overCapacity = 'endpoints.kubernetes.io/over-capacity';
const headless = 'service.kubernetes.io/headless';

export const endpointsController: Controller = {
  name: 'endpoints-controller',
  watches: ['services', 'pods', 'endpoints'],
  start,
};

function start(context: ControllerContext): Running {
  const { client, informers, clock, logger, queues } = context;
  const lifecycle = new Lifecycle();
  const recorder = context.recorder('endpoint-controller');
  const index = new ServiceIndex(informers.of(refs.services), informers.of(refs.pods));
  const endpoints = informers.of(refs.endpoints);
  const api = client.resource(refs.endpoints);
  const times = new TriggerTimes();

  async function reconcile(key: string): Promise<undefined> {
    const service = index.services.store.get(key);
    if (service === undefined) {
      times.forget(key);
      await removeLeft(key);
      return;
    }
    if (!isManaged(service)) return;
    const current = endpoints.store.get(key);
    const pods = index.podsOf(service);
    const time = times.next(key, service, pods);
    const { [triggerTimeAnnotation]: _former, [overCapacity]: _full, ...kept } = current?.metadata.annotations ?? {};
    const subsets = subsetsOf(service, pods);
    const cut = truncated(subsets);
    const annotations: Record<string, string> = {
      ...kept,
      ...(time === undefined ? {} : { [triggerTimeAnnotation]: time }),
      ...(cut === undefined ? {} : { [overCapacity]: 'truncated' }),
    };
    const wanted = wantedEndpoints(service, cut ?? subsets);
    const annotated = Object.keys(annotations).length === 0 ? {} : { annotations };
    try {
      if (current === undefined)
        await api.create(service.metadata.namespace ?? '', { ...wanted, metadata: { ...wanted.metadata, ...annotated } });
      else if (
        !jsonEqual(current.subsets ?? [], wanted.subsets ?? []) ||
        !jsonEqual(current.metadata.labels, wanted.metadata.labels) ||
        current.metadata.annotations?.[overCapacity] !== annotations[overCapacity]
      ) {
        const { subsets: _former, ...rest } = current;
        const { labels = {} } = wanted.metadata;
        const next = wanted.subsets === undefined ? {} : { subsets: wanted.subsets };
        const { annotations: _before, ...metadata } = current.metadata;
        await api.update({ ...rest, metadata: { ...metadata, ...annotated, labels }, ...next });
      }
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      report(service, { isNew: current === undefined, error: error as Error });
      throw error;
    }
  }

  function report({ metadata }: Service, { isNew, error }: { readonly isNew: boolean; readonly error: Error }): void {
    const { namespace = '', name } = metadata;
    const about = { kind: 'Endpoints', apiVersion: 'v1', namespace, name };
    const [reason, what] = isNew
      ? ['FailedToCreateEndpoint', `Failed to create endpoint for service ${namespace}/${name}`]
      : ['FailedToUpdateEndpoint', `Failed to update endpoint ${namespace}/${name}`];
    recorder.event(about, 'Warning', reason, `${what}: ${error.message}`);
  }

  /** Endpoints have no owner reference: they go with their Service here. */
  async function removeLeft(key: string): Promise<void> {
    if (endpoints.store.get(key) === undefined) return;
    const { namespace, name } = splitKey(key);
    try {
      await api.delete(namespace, name);
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
  }

  const ready = Promise.all([index.services.synced, index.pods.synced, endpoints.synced]);
  const loop = lifecycle.add(startReconciler({ name: 'endpoints-controller', clock, logger, queues, ready, reconcile }));
  loop.watch(index.services, (service) => [keyOf(service)]);
  lifecycle.add(endpoints.handle({ delete: (object) => loop.enqueue(keyOf(object)) }));
  lifecycle.add(index.follow((key) => loop.enqueue(key)));
  return lifecycle;
}

function wantedEndpoints(service: Service, subsets: Endpoints['subsets']): New<Endpoints> {
  const { [headless]: _headless, ...own } = service.metadata.labels ?? {};
  const labels = { ...own, ...(isHeadless(service) ? { [headless]: '' } : {}), [managedBy]: 'endpoint-controller' };
  const metadata = { name: service.metadata.name, namespace: service.metadata.namespace ?? '', labels };
  // Without any the field is not there, as Go leaves empty ones out.
  return subsets === undefined || subsets.length === 0 ? { metadata } : { metadata, subsets };
}
