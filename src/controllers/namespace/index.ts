/** Empties namespaces that are being deleted, pods first, and then lets them go: pkg/controller/namespace. */
import { isReason } from '../../api/errors.ts';
import type { Namespace } from '../../api/generated/types.ts';
import type { KubeObject } from '../../api/object.ts';
import { jsonEqual } from '../../base/json-equal.ts';
import type { Running } from '../../base/lifecycle.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import type { Client, DiscoveredResource } from '../../client/client.ts';
import type { ReconcileResult } from '../../client/reconcile.ts';
import { startReconciler } from '../../client/reconcile.ts';
import { refs } from '../../client/refs.ts';
import type { Controller, ControllerContext } from '../shared/controller.ts';
import { messageOf } from '../shared/pod-control.ts';
import type { Remains } from './conditions.ts';
import { namespaceConditions } from './conditions.ts';

export const namespaceController: Controller = { name: 'namespace-controller', watches: ['namespaces', 'pods'], start };

/** How long content with finalizers is given before the next look, in ms (upstream: half of 15 s, plus one). */
const finalizerWaitMs = 8000;

function start({ client, informers, clock, logger, queues }: ControllerContext): Running {
  const lifecycle = new Lifecycle();
  const namespaces = informers.of(refs.namespaces);
  const pods = informers.of(refs.pods);

  async function reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cached = namespaces.store.get(key);
    if (cached?.metadata.deletionTimestamp === undefined) return undefined;
    const namespace = await markTerminating(client, cached);
    if (namespace === undefined || (namespace.spec.finalizers ?? []).length === 0) return undefined;
    const remains = await deleteContent(client, key);
    const conditions = namespaceConditions(namespace.status.conditions ?? [], remains, clock.now());
    let current = namespace;
    if (!jsonEqual(conditions, namespace.status.conditions ?? []) && (remains.resources.size > 0 || remains.errors.length > 0)) {
      current = await client.resource(refs.namespaces).updateStatus({ ...namespace, status: { ...namespace.status, conditions } });
    }
    if (remains.errors.length > 0) throw new Error(remains.errors.join(', '));
    if (remains.resources.size > 0) return { requeueAfter: finalizerWaitMs };
    await finalize(client, current);
    return undefined;
  }

  const ready = Promise.all([namespaces.synced, pods.synced]);
  // Upstream's rate limiter for namespaces: 100 ms to 60 s.
  const backoff = { initialMs: 100, maxMs: 60_000 };
  const loop = lifecycle.add(
    startReconciler({ name: 'namespace-controller', clock, logger, queues, ready, reconcile, concurrency: 10, backoff }),
  );
  loop.watch(namespaces, (namespace) => (namespace.metadata.deletionTimestamp === undefined ? [] : [namespace.metadata.name]));
  // Pods take longest to go: the last one's end is what everything else waits for.
  lifecycle.add(
    pods.handle({
      delete: (pod) => {
        const namespace = namespaces.store.get(pod.metadata.namespace ?? '');
        if (namespace?.metadata.deletionTimestamp !== undefined) loop.enqueue(namespace.metadata.name);
      },
    }),
  );
  return lifecycle;
}

/** The newest state with phase Terminating; undefined when it is gone. */
async function markTerminating(client: Client, cached: Namespace): Promise<Namespace | undefined> {
  const api = client.resource(refs.namespaces);
  try {
    const namespace = await api.get('', cached.metadata.name);
    if (namespace.metadata.uid !== cached.metadata.uid || namespace.metadata.deletionTimestamp === undefined) return undefined;
    if (namespace.status.phase === 'Terminating') return namespace;
    return await api.updateStatus({ ...namespace, status: { ...namespace.status, phase: 'Terminating' } });
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function finalize(client: Client, namespace: Namespace): Promise<void> {
  const finalizers = (namespace.spec.finalizers ?? []).filter((name) => name !== 'kubernetes');
  const body = { ...namespace, apiVersion: 'v1', kind: 'Namespace', spec: { ...namespace.spec, finalizers } };
  try {
    await client.resource(refs.namespaces).updateSubresource('', namespace.metadata.name, 'finalize', body);
  } catch (error) {
    if (!isReason(error, 'NotFound')) throw error;
  }
}

/** Deletes everything in a namespace; nothing else is touched while pods are left. */
async function deleteContent(client: Client, namespace: string): Promise<Remains> {
  const remains = {
    resources: new Map<string, number>(),
    finalizers: new Map<string, number>(),
    errors: [] as string[],
    discoveryError: undefined,
  };
  const resources = distinct(await client.discover());
  const isPods = (resource: DiscoveredResource): boolean => resource.group === '' && resource.resource === 'pods';
  for (const resource of resources.filter(isPods)) await deleteKind(client, { resource, namespace, remains });
  if (remains.resources.size > 0) return remains;
  await Promise.all(
    resources.filter((resource) => !isPods(resource)).map((resource) => deleteKind(client, { resource, namespace, remains })),
  );
  return remains;
}

/** Namespaced kinds that can be listed and deleted; a kind served in several versions counts once. */
function distinct(resources: readonly DiscoveredResource[]): DiscoveredResource[] {
  const seen = new Map<string, DiscoveredResource>();
  for (const resource of resources) {
    if (!resource.namespaced || !resource.verbs.includes('list') || !resource.verbs.includes('delete')) continue;
    const key = `${resource.group}/${resource.resource}`;
    if (!seen.has(key)) seen.set(key, resource);
  }
  return [...seen.values()];
}

interface KindOptions {
  readonly resource: DiscoveredResource;
  readonly namespace: string;
  readonly remains: { resources: Map<string, number>; finalizers: Map<string, number>; errors: string[] };
}

async function deleteKind(client: Client, { resource, namespace, remains }: KindOptions): Promise<void> {
  const api = client.resource<KubeObject>(resource);
  try {
    if ((await api.list({ namespace, limit: 1 })).items.length === 0) return;
    if (resource.verbs.includes('deletecollection')) await api.deleteCollection({ namespace }, { propagationPolicy: 'Background' });
    else
      for (const { metadata } of (await api.list({ namespace })).items)
        await api.delete(namespace, metadata.name, { propagationPolicy: 'Background' });
    const left = (await api.list({ namespace })).items;
    if (left.length === 0) return;
    remains.resources.set(`${resource.resource}.${resource.group}`, left.length);
    for (const { metadata } of left)
      for (const finalizer of metadata.finalizers ?? []) remains.finalizers.set(finalizer, (remains.finalizers.get(finalizer) ?? 0) + 1);
  } catch (error) {
    if (isReason(error, 'NotFound') || isReason(error, 'MethodNotAllowed')) return;
    remains.errors.push(messageOf(error));
  }
}
