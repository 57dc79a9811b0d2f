/** The whole agent over the simulated runtime and a fake client: no file, no container, no clock but the test's. */
import { describe, expect, test } from '@jest/globals';
import type { Pod } from '../api/generated/types.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { refs } from '../client/refs.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import { startAgent } from './agent.ts';
import { t0, testPod } from './testing/pods.ts';

async function setUp() {
  const clock = new FakeClock(t0);
  const client = createFakeClient({ clock });
  const options = {
    nodeName: 'n1',
    nodeIPs: ['1.2.3.4'],
    runtime: 'sim',
    instance: 'abcdef',
    dataDir: '/nonexistent',
    clusterDNS: [],
    clusterDomain: 'cluster.local',
  } as const;
  const agent = await startAgent({ ...options, client, clock, logger: silentLogger, capacity: { cpu: '32' } });
  /** Lets everything happen that is to happen without time passing. */
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 20; round += 1) await clock.advance(0);
  };
  const create = async (parts: Parameters<typeof testPod>[0] = {}): Promise<void> => {
    const { metadata, spec, status } = testPod(parts);
    await client.resource(refs.pods).create('ns', {
      metadata: { name: metadata.name, namespace: 'ns', ...(metadata.annotations ? { annotations: metadata.annotations } : {}) },
      spec,
      status,
    });
    await settle();
  };
  const pod = (): Pod | undefined => client.peek(refs.pods, 'ns/p');
  const reasons = (): string[] => client.all(refs.events).map((event) => event.reason ?? '');
  return { clock, client, agent, settle, create, pod, reasons };
}

test('the node is registered, and its lease renewed', async () => {
  const { client, clock, agent } = await setUp();
  expect(client.peek(refs.nodes, 'n1')).toMatchObject({
    metadata: { labels: { 'kubernetes.io/hostname': 'n1', 'kubernetes.io/os': 'linux' } },
    status: {
      capacity: { cpu: '32', pods: '110' },
      addresses: [
        { type: 'InternalIP', address: '1.2.3.4' },
        { type: 'Hostname', address: 'n1' },
      ],
    },
  });
  expect(client.peek(refs.nodes, 'n1')?.status.conditions).toContainEqual(
    expect.objectContaining({ type: 'Ready', status: 'True', reason: 'KubeletReady' }),
  );
  const renewed = () => client.peek(refs.leases, 'kube-node-lease/n1')?.spec.renewTime;
  const first = renewed();
  await clock.advance(10_000);
  expect(renewed()).not.toBe(first);
  await agent.stop();
});

describe('a pod', () => {
  test('runs, and is ready', async () => {
    const { create, pod, agent, reasons } = await setUp();
    await create();
    expect(pod()?.status).toMatchObject({
      phase: 'Running',
      hostIP: '1.2.3.4',
      podIP: expect.stringMatching(/^10\./),
      containerStatuses: [{ ready: true, restartCount: 0 }],
    });
    expect(pod()?.status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
    expect(reasons()).toEqual(['Pulled', 'Created', 'Started']);
    await agent.stop();
  });

  test('takes its time to start', async () => {
    const { create, pod, agent, clock, settle } = await setUp();
    await create({ metadata: { annotations: { 'sim.coracle.io/start-ms': '3000' } } });
    expect(pod()?.status).toMatchObject({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }] });
    await clock.advance(3000);
    await settle();
    expect(pod()?.status.phase).toBe('Running');
    await agent.stop();
  });

  test('succeeds when its container does', async () => {
    const { create, pod, agent, clock, settle } = await setUp();
    await create({ metadata: { annotations: { 'sim.coracle.io/exit-ms': '1000' } }, spec: { restartPolicy: 'Never' } });
    await clock.advance(1000);
    await settle();
    expect(pod()?.status).toMatchObject({
      phase: 'Succeeded',
      containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
    });
    await agent.stop();
  });

  test('that somebody declared to have failed is stopped, and stays for all to see', async () => {
    const { client, create, pod, agent, clock, settle } = await setUp();
    await create();
    const running = pod();
    if (running === undefined) throw new Error('no pod');
    await client.resource(refs.pods).updateStatus({ ...running, status: { ...running.status, phase: 'Failed' } });
    await settle();
    await clock.advance(31_000);
    await settle();
    expect(pod()?.status).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: {} } }] });
    await agent.stop();
  });

  test('that the node cannot take has failed, and goes when it is deleted', async () => {
    const { client, create, pod, agent, settle, reasons } = await setUp();
    await create({ spec: { containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu: '33' } } }] } });
    expect(pod()?.status).toMatchObject({
      phase: 'Failed',
      reason: 'OutOfcpu',
      message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 33000, used: 0, capacity: 32000",
    });
    expect(pod()?.status.containerStatuses).toBeUndefined();
    expect(reasons()).toEqual(['OutOfcpu']);
    await client.resource(refs.pods).delete('ns', 'p');
    await settle();
    expect(pod()).toBeUndefined();
    await agent.stop();
  });

  test('that crashes is started at once, then after 10 s, with the last end in its status', async () => {
    const { create, pod, agent, clock, settle, reasons } = await setUp();
    await create({ metadata: { annotations: { 'sim.coracle.io/exit-ms': '1000', 'sim.coracle.io/exit-code': '2' } } });
    await clock.advance(1000);
    await settle();
    expect(pod()?.status.containerStatuses).toMatchObject([
      { restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 2 } } },
    ]);
    await clock.advance(1000);
    await settle();
    expect(pod()?.status.containerStatuses).toMatchObject([
      {
        restartCount: 1,
        ready: false,
        state: {
          waiting: {
            reason: 'CrashLoopBackOff',
            message: expect.stringMatching(/^back-off 10s restarting failed container=web pod=p_ns\(/),
          },
        },
      },
    ]);
    expect(reasons()).toContain('BackOff');
    await clock.advance(10_000);
    await settle();
    expect(pod()?.status.containerStatuses).toMatchObject([{ restartCount: 2 }]);
    await agent.stop();
  });

  test('init containers go first', async () => {
    const { create, pod, agent } = await setUp();
    await create({ spec: { initContainers: [{ name: 'i', image: 'i:1' }] } });
    expect(pod()?.status).toMatchObject({
      phase: 'Running',
      initContainerStatuses: [{ ready: true, state: { terminated: { exitCode: 0 } } }],
    });
    await agent.stop();
  });

  test('waits for a ConfigMap its environment names, and starts when it comes', async () => {
    const { create, pod, client, agent, settle } = await setUp();
    await create({ spec: { containers: [{ name: 'web', image: 'web:1', envFrom: [{ configMapRef: { name: 'cm' } }] }] } });
    expect(pod()?.status.containerStatuses).toMatchObject([
      { state: { waiting: { reason: 'CreateContainerConfigError', message: 'configmap "cm" not found' } } },
    ]);
    await client.resource(refs.configMaps).create('ns', { metadata: { name: 'cm', namespace: 'ns' }, data: {} });
    await settle();
    expect(pod()?.status.phase).toBe('Running');
    await agent.stop();
  });

  test('past its deadline has failed', async () => {
    const { create, pod, agent, clock, settle } = await setUp();
    await create({ spec: { activeDeadlineSeconds: 5 } });
    await clock.advance(5000);
    await settle();
    expect(pod()?.status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' });
    await agent.stop();
  });

  test('that is deleted is stopped, then its object goes', async () => {
    const { create, pod, client, agent, settle, reasons } = await setUp();
    await create();
    const current = pod();
    if (current === undefined) throw new Error('no pod');
    const deletion = { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 };
    await client.resource(refs.pods).update({ ...current, metadata: { ...current.metadata, ...deletion } });
    await settle();
    expect(pod()).toBeUndefined();
    expect(reasons()).toContain('Killing');
    await agent.stop();
  });

  test('a container whose image changes is replaced', async () => {
    const { create, pod, client, agent, settle } = await setUp();
    await create();
    const current = pod();
    if (current === undefined) throw new Error('no pod');
    await client.resource(refs.pods).update({ ...current, spec: { ...current.spec, containers: [{ name: 'web', image: 'web:2' }] } });
    await settle();
    expect(pod()?.status.containerStatuses).toMatchObject([{ image: 'web:2', restartCount: 1, ready: true }]);
    await agent.stop();
  });
});
