/** Controllers and scheduler over the real registry and admission, with memory storage and nodes that are only objects. */
import { expect, test } from '@jest/globals';
import { admissionPlugins } from '../admission/index.ts';
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
