/** Controllers and scheduler over the real registry and admission, with memory storage and nodes that are only objects. */
import { expect, test } from '@jest/globals';
import { admissionPlugins } from '../admission/index.ts';
import { startLocalPath } from '../agent/local-path/index.ts';
import { inProcessClient } from '../apiserver/in-process.ts';
import type { Node, Pod } from '../api/generated/types.ts';
import { realClock } from '../base/clock.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import { silentLogger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { createInformers } from '../client/informer-factory.ts';
import type { Informer } from '../client/informer.ts';
import { refs } from '../client/refs.ts';
import { systemUser } from '../registry/context.ts';
import type { DynamicRegistry } from '../registry/registry.ts';
import { createRegistry } from '../registry/registry.ts';
import { builtinResources } from '../resources/index.ts';
import { makeServiceCIDR } from '../resources/testing/deps.ts';
import { startScheduler } from '../scheduler/scheduler.ts';
import { openMemory } from '../storage/memory/memory.ts';
import { startControllers } from './index.ts';

const clock = realClock;
const logger = silentLogger;

async function startCluster() {
  const lifecycle = new Lifecycle();
  const storage = lifecycle.add(openMemory({ clock }));
  const unused = (): never => {
    throw new Error('not part of this test');
  };
  const reviews = { reviewToken: unused, reviewAccess: unused, reviewRules: unused, issueToken: unused };
  const registry: DynamicRegistry = lifecycle.add(
    await createRegistry({
      storage,
      definitions: builtinResources({
        clock,
        serviceCIDRs: ['10.43.0.0/16', 'fd43::/112'],
        reviews,
        stores: (...name) => registry.lookup(...name),
      }),
      admission: admissionPlugins({ registry: () => registry }),
      clock,
      logger,
    }),
  );
  await makeServiceCIDR(registry, ['10.43.0.0/16', 'fd43::/112']);
  const client = (name: string): Client => inProcessClient(registry, systemUser(name));
  const admin = client('admin');
  await admin.resource(refs.namespaces).create('', { metadata: { name: 'default' }, spec: {} });
  const informers = lifecycle.add(createInformers({ client: client('informers'), clock, logger }));
  const controllers = lifecycle.add(
    startControllers({ client, informers, clock, logger, clusterCIDRs: ['10.42.0.0/16', 'fd42::/56'], serviceCIDRs: [], rootCA: 'PEM' }),
  );
  lifecycle.add(startScheduler({ client: client('kube-scheduler'), informers, clock, logger }));
  await controllers.synced;
  await admin.resource(refs.nodes).create('', { metadata: { name: 'n1' }, spec: {} });
  const status = { allocatable: { cpu: '8', memory: '16Gi', pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] };
  await admin.resource(refs.nodes).patch('', 'n1', { type: 'application/merge-patch+json', subresource: 'status', body: { status } });
  return { admin, informers, lifecycle };
}

/** Resolves when what an informer shows passes. */
async function until<T>(informer: Informer<T>, passes: (all: T[]) => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const look = (): void => {
    if (passes([...informer.store.values()])) resolve(undefined);
  };
  const handler = informer.handle({ add: look, update: look, delete: look });
  look();
  await promise;
  await handler.stop();
}

test('a Deployment, its Service and its namespace, from creation to the end', async () => {
  const { admin, informers, lifecycle } = await startCluster();
  await using _stopped = lifecycle;
  const nodes = informers.of(refs.nodes);
  await until(nodes, (all: Node[]) => all.some(({ spec }) => spec.podCIDRs?.length === 2 && (spec.taints ?? []).length === 0));
  await admin.resource(refs.namespaces).create('', { metadata: { name: 'shop' }, spec: {} });
  await until(informers.of(refs.serviceAccounts), (all) => all.some(({ metadata }) => metadata.namespace === 'shop'));
  const labels = { app: 'web' };
  await admin.resource(refs.deployments).create('shop', {
    metadata: { name: 'web' },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    },
  });
  const service = { selector: labels, ports: [{ port: 80 }], ipFamilyPolicy: 'PreferDualStack' };
  await admin.resource(refs.services).create('shop', { metadata: { name: 'web' }, spec: service });

  const pods = informers.of(refs.pods);
  await until(pods, (all) => all.filter(({ spec }) => spec.nodeName === 'n1').length === 3);
  const running = (pod: Pod, at: number): Pod => ({
    ...pod,
    status: {
      ...pod.status,
      phase: 'Running',
      podIP: `10.42.0.${String(at)}`,
      podIPs: [{ ip: `10.42.0.${String(at)}` }],
      conditions: [...(pod.status.conditions ?? []), { type: 'Ready', status: 'True' }],
    },
  });
  let at = 2;
  for (const pod of [...pods.store.values()]) await admin.resource(refs.pods).updateStatus(running(pod, (at += 1)));
  await until(informers.of(refs.deployments), (all) => all.some(({ status }) => status.availableReplicas === 3));
  await until(informers.of(refs.endpointSlices), (all) =>
    all.some(({ endpoints }) => endpoints?.filter(({ conditions }) => conditions?.ready).length === 3),
  );
  const deployment = await admin.resource(refs.deployments).get('shop', 'web');
  expect(deployment.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' });
  expect(deployment.status.conditions?.find(({ type }) => type === 'Progressing')?.reason).toBe('NewReplicaSetAvailable');

  await admin.resource(refs.namespaces).delete('', 'shop');
  await until(pods, (all) => all.every(({ metadata }) => metadata.deletionTimestamp !== undefined));
  for (const { metadata } of [...pods.store.values()])
    await admin.resource(refs.pods).delete('shop', metadata.name, { gracePeriodSeconds: 0 });
  await until(informers.of(refs.namespaces), (all) => !all.some(({ metadata }) => metadata.name === 'shop'));
  for (const ref of [refs.deployments, refs.replicaSets, refs.pods, refs.services, refs.endpointSlices, refs.configMaps]) {
    expect((await admin.resource<unknown>(ref as never).list({ namespace: 'shop' })).items).toEqual([]);
  }
});

/** A kubelet that only says that pods run, and lets go of those that are deleted. */
function playKubelet(admin: Client, pods: Informer<Pod>): Promise<unknown>[] {
  const pending: Promise<unknown>[] = [];
  const see = (pod: Pod): void => {
    const { namespace = '', name, deletionTimestamp } = pod.metadata;
    if ((pod.spec.nodeName ?? '') === '') return;
    const ignore = (): undefined => undefined;
    if (deletionTimestamp !== undefined) {
      pending.push(admin.resource(refs.pods).delete(namespace, name, { gracePeriodSeconds: 0 }).catch(ignore));
    } else if (pod.status.phase !== 'Running') {
      const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
      const patch = { type: 'application/strategic-merge-patch+json', subresource: 'status', body: { status } } as const;
      pending.push(admin.resource(refs.pods).patch(namespace, name, patch).catch(ignore));
    }
  };
  pods.handle({ add: see, update: (_old, pod) => see(pod) });
  return pending;
}

test('a StatefulSet with claims, its budget and its quota', async () => {
  const { admin, informers, lifecycle } = await startCluster();
  await using _stopped = lifecycle;
  lifecycle.add(startLocalPath({ client: admin, informers, clock, logger, nodeName: 'n1', root: '/none', real: false }));
  const class_ = { provisioner: 'coracle.io/local-path', volumeBindingMode: 'WaitForFirstConsumer', reclaimPolicy: 'Delete' };
  await admin.resource(refs.storageClasses).create('', { metadata: { name: 'local-path' }, ...class_ });
  await admin.resource(refs.nodes).patch('', 'n1', {
    type: 'application/merge-patch+json',
    body: { metadata: { labels: { 'kubernetes.io/hostname': 'n1' } } },
  });
  await admin.resource(refs.namespaces).create('', { metadata: { name: 'shop' }, spec: {} });
  await until(informers.of(refs.serviceAccounts), (all) => all.some(({ metadata }) => metadata.namespace === 'shop'));
  const quotas = informers.of(refs.resourceQuotas);
  await admin
    .resource(refs.resourceQuotas)
    .create('shop', { metadata: { name: 'q' }, spec: { hard: { pods: '2', 'requests.storage': '5Gi' } } });
  await until(quotas, ([quota]) => quota?.status.used?.['pods'] === '0');
  const pods = informers.of(refs.pods);
  const kubelet = playKubelet(admin, pods);
  const labels = { app: 'db' };
  const selector = { matchLabels: labels };
  await admin.resource(refs.podDisruptionBudgets).create('shop', { metadata: { name: 'db' }, spec: { selector, maxUnavailable: 1 } });
  const claim = { accessModes: ['ReadWriteOnce'], storageClassName: 'local-path', resources: { requests: { storage: '1Gi' } } };
  await admin.resource(refs.statefulSets).create('shop', {
    metadata: { name: 'db' },
    spec: {
      replicas: 2,
      serviceName: 'db',
      selector,
      template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }] as never,
    },
  });
  await until(informers.of(refs.statefulSets), ([set]) => set?.status.availableReplicas === 2);
  await until(informers.of(refs.persistentVolumes), (all) => all.filter(({ status }) => status.phase === 'Bound').length === 2);
  await until(informers.of(refs.podDisruptionBudgets), ([budget]) => budget?.status.disruptionsAllowed === 1);
  expect((await admin.resource(refs.resourceQuotas).get('shop', 'q')).status.used).toEqual({ pods: '2', 'requests.storage': '2Gi' });

  const evict = (name: string): Promise<unknown> =>
    admin.resource(refs.pods).createSubresource('shop', name, 'eviction', { metadata: { name, namespace: 'shop' } });
  const before = (await admin.resource(refs.pods).get('shop', 'db-1')).metadata.uid;
  await evict('db-1');
  await expect(evict('db-0')).rejects.toMatchObject({ code: 429 });
  await until(pods, (all) =>
    all.some(({ metadata, status }) => metadata.name === 'db-1' && metadata.uid !== before && status.phase === 'Running'),
  );

  await admin.resource(refs.statefulSets).patch('shop', 'db', { type: 'application/merge-patch+json', body: { spec: { replicas: 1 } } });
  await until(informers.of(refs.persistentVolumeClaims), (all) => all.length === 1);
  await until(informers.of(refs.persistentVolumes), (all) => all.length === 1);
  await until(quotas, ([quota]) => quota?.status.used?.['requests.storage'] === '1Gi' && quota.status.used['pods'] === '1');
  await admin.resource(refs.statefulSets).delete('shop', 'db', { propagationPolicy: 'Background' });
  await until(informers.of(refs.persistentVolumes), (all) => all.length === 0);
  await Promise.all(kubelet);
});
