import { describe, expect, test } from '@jest/globals';
import type { Pod } from '../api/generated/types.ts';
import { ApiError } from '../api/errors.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { refs } from '../client/refs.ts';
import type { FakeClient } from '../client/testing/fake-client.ts';
import { createFakeClient } from '../client/testing/fake-client.ts';
import { settle } from '../client/testing/until.ts';
import type { SchedulerConfig } from './config/config.ts';
import { readSchedulerConfig } from './config/read-config.ts';
import { startScheduler } from './scheduler.ts';

interface Bench extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly client: FakeClient;
}

async function start(seed: (client: FakeClient) => void, config?: SchedulerConfig): Promise<Bench> {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  seed(client);
  const scheduler = startScheduler({ client, clock, logger: silentLogger, random: () => 0, ...(config === undefined ? {} : { config }) });
  await settle();
  return { clock, client, [Symbol.asyncDispose]: () => scheduler.stop() };
}

const node = (client: FakeClient, name: string, extra: { spec?: object; labels?: object; cpu?: string; pods?: string } = {}): void =>
  void client.seed(refs.nodes, {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...extra.labels } },
    spec: extra.spec ?? {},
    status: { allocatable: { cpu: extra.cpu ?? '2', memory: '4Gi', pods: extra.pods ?? '110' } },
  });
const pod = (client: FakeClient, name: string, spec: object = {}, meta: object = {}): void =>
  void client.seed(refs.pods, {
    metadata: { name, namespace: 'shop', ...meta },
    spec: { containers: [{ name: 'c' }], schedulerName: 'default-scheduler', ...spec },
  });
const cpu = (amount: string): object => ({ containers: [{ name: 'c', resources: { requests: { cpu: amount } } }] });
const nodeOf = (client: FakeClient, name: string): string | undefined => client.peek(refs.pods, `shop/${name}`)?.spec.nodeName;
const events = (client: FakeClient, reason: string) => client.all(refs.events).filter((event) => event.reason === reason);
const scheduled = (client: FakeClient, name: string) =>
  client.peek(refs.pods, `shop/${name}`)?.status.conditions?.find(({ type }) => type === 'PodScheduled');

describe('scheduler', () => {
  test('binds a pod and tells', async () => {
    await using bench = await start((client) => {
      node(client, 'n1');
      pod(client, 'a');
    });
    expect(nodeOf(bench.client, 'a')).toBe('n1');
    expect(bench.client.all(refs.events)).toMatchObject([
      {
        type: 'Normal',
        reason: 'Scheduled',
        action: 'Binding',
        message: 'Successfully assigned shop/a to n1',
        reportingComponent: 'default-scheduler',
      },
    ]);
  });

  test('says why a pod fits nowhere, in upstream words, and once', async () => {
    await using bench = await start((client) => {
      node(client, 'n1');
      node(client, 'n2', { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } });
      node(client, 'n3', { spec: { unschedulable: true } });
      pod(client, 'big', cpu('3'));
    });
    const message =
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. ' +
      'no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';
    expect(scheduled(bench.client, 'big')).toMatchObject({ status: 'False', reason: 'Unschedulable', message });
    expect(events(bench.client, 'FailedScheduling')).toMatchObject([{ type: 'Warning', message }]);
    expect(events(bench.client, 'SchedulingAdvice')).toMatchObject([
      { type: 'Normal', message: 'Closest is node n1: the pod would fit if it asked for 1 cpu less (it asks for 3, the node has 2).' },
    ]);
    const writes = bench.client.actions.length;
    await bench.clock.advance(200_000);
    expect(bench.client.actions).toHaveLength(writes);
  });

  test('what it says about many pods makes way for others; bindings never do', async () => {
    await using bench = await start((client) => {
      node(client, 'n1', { pods: '300' });
      for (let at = 0; at < 150; at += 1) pod(client, `big-${String(at)}`, cpu('3'));
    });
    const told = (): number =>
      bench.client.all(refs.pods).filter(({ status }) => status.conditions?.some((each) => each.status === 'False')).length;
    expect([told(), bench.client.all(refs.events).length]).toEqual([100, 100]);
    const failures = (): number => events(bench.client, 'FailedScheduling').length;
    pod(bench.client, 'small', cpu('1'));
    await settle();
    expect(nodeOf(bench.client, 'small')).toBe('n1');
    await bench.clock.advance(500);
    expect(told()).toBe(125);
    await bench.clock.advance(3000);
    expect([told(), failures()]).toEqual([150, 150]);
  });

  test('a pod that has found its place meanwhile is not called unschedulable', async () => {
    await using bench = await start((client) => {
      for (let at = 0; at < 110; at += 1) pod(client, `p${String(at)}`);
    });
    const denied = (): number =>
      bench.client.all(refs.pods).filter(({ status }) => status.conditions?.some((each) => each.status === 'False')).length;
    expect(denied()).toBe(100);
    node(bench.client, 'n1', { pods: '300' });
    await settle();
    await bench.clock.advance(5_000);
    expect(bench.client.all(refs.pods).every(({ spec }) => spec.nodeName === 'n1')).toBe(true);
    expect(denied()).toBe(0);
  });

  test('no node at all', async () => {
    await using bench = await start((client) => pod(client, 'a'));
    expect(scheduled(bench.client, 'a')?.message).toBe('no nodes available to schedule pods');
    node(bench.client, 'n1');
    await settle();
    expect(nodeOf(bench.client, 'a')).toBe('n1');
  });

  test('counts requests of pods it has just decided on', async () => {
    await using bench = await start((client) => {
      node(client, 'n1', { cpu: '2' });
      for (const name of ['a', 'b', 'c']) pod(client, name, cpu('1'));
    });
    const placed = ['a', 'b', 'c'].filter((name) => nodeOf(bench.client, name) === 'n1');
    expect(placed).toHaveLength(2);
    await bench.client.resource(refs.pods).delete('shop', placed[0] ?? '', { gracePeriodSeconds: 0 });
    await settle();
    expect(['a', 'b', 'c'].filter((name) => nodeOf(bench.client, name) === 'n1')).toHaveLength(2);
  });

  test('spreads pods without requests over nodes', async () => {
    await using bench = await start((client) => {
      for (const name of ['n1', 'n2', 'n3']) node(client, name);
      for (let at = 0; at < 9; at += 1) pod(client, `p${String(at)}`);
    });
    const counts = new Map<string, number>();
    for (const { spec } of bench.client.all(refs.pods)) counts.set(spec.nodeName ?? '', (counts.get(spec.nodeName ?? '') ?? 0) + 1);
    expect([...counts.values()]).toEqual([3, 3, 3]);
  });

  test.each([
    ['nodeSelector', { nodeSelector: { disk: 'ssd' } }],
    [
      'node affinity',
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }],
            },
          },
        },
      },
    ],
    [
      'preferred node affinity',
      {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
            ],
          },
        },
      },
    ],
  ])('%s', async (_what, spec) => {
    await using bench = await start((client) => {
      node(client, 'n1');
      node(client, 'n2', { labels: { disk: 'ssd' } });
      node(client, 'n3');
      pod(client, 'a', spec);
    });
    expect(nodeOf(bench.client, 'a')).toBe('n2');
  });

  test('a gated pod waits until its gates are gone', async () => {
    await using bench = await start((client) => {
      node(client, 'n1');
      pod(client, 'a', { schedulingGates: [{ name: 'wait' }] });
    });
    expect(nodeOf(bench.client, 'a')).toBeUndefined();
    await bench.client
      .resource(refs.pods)
      .patch('shop', 'a', { type: 'application/merge-patch+json', body: { spec: { schedulingGates: null } } });
    await settle();
    expect(nodeOf(bench.client, 'a')).toBe('n1');
  });

  test('leaves pods of other schedulers alone', async () => {
    await using bench = await start((client) => {
      node(client, 'n1');
      pod(client, 'a', { schedulerName: 'mine' });
    });
    expect(nodeOf(bench.client, 'a')).toBeUndefined();
  });

  test('higher priority goes first', async () => {
    await using bench = await start((client) => {
      node(client, 'n1', { cpu: '1' });
      pod(client, 'low', { ...cpu('1'), priority: 1 });
      pod(client, 'high', { ...cpu('1'), priority: 10 });
    });
    expect(nodeOf(bench.client, 'high')).toBe('n1');
    expect(scheduled(bench.client, 'low')?.message).toContain('1 No preemption victims found for incoming pod');
  });

  test('makes room by removing the least important pods', async () => {
    await using bench = await start((client) => {
      node(client, 'n1', { cpu: '2' });
      pod(client, 'low', { ...cpu('1'), priority: 1 });
      pod(client, 'middle', { ...cpu('1'), priority: 5 });
    });
    pod(bench.client, 'high', { ...cpu('1'), priority: 10 });
    await settle();
    expect(bench.client.peek(refs.pods, 'shop/low')?.metadata.deletionTimestamp).toBeDefined();
    expect(bench.client.peek(refs.pods, 'shop/middle')?.metadata.deletionTimestamp).toBeUndefined();
    expect(bench.client.peek(refs.pods, 'shop/high')?.status.nominatedNodeName).toBe('n1');
    const uid = bench.client.peek(refs.pods, 'shop/high')?.metadata.uid ?? '';
    expect(events(bench.client, 'Preempted')).toMatchObject([
      { action: 'Preempting', message: `Preempted by pod ${uid} on node n1`, involvedObject: { name: 'low' }, related: { name: 'high' } },
    ]);
    bench.client.remove(refs.pods as never, 'shop/low');
    await settle();
    expect(nodeOf(bench.client, 'high')).toBe('n1');
  });

  test('room being made is kept for the pod it is made for', async () => {
    await using bench = await start((client) => {
      node(client, 'n1', { cpu: '2' });
      pod(client, 'low-1', { ...cpu('1'), priority: 1 });
      pod(client, 'low-2', { ...cpu('1'), priority: 1 });
    });
    pod(bench.client, 'high', { ...cpu('2'), priority: 10 });
    await settle();
    bench.client.remove(refs.pods as never, 'shop/low-1');
    pod(bench.client, 'late', { ...cpu('1'), priority: 1 });
    await settle();
    expect(nodeOf(bench.client, 'late')).toBeUndefined();
    expect(bench.client.actions.filter(({ verb }) => verb === 'delete')).toHaveLength(2);
    bench.client.remove(refs.pods as never, 'shop/low-2');
    await settle();
    expect(nodeOf(bench.client, 'high')).toBe('n1');
    expect(nodeOf(bench.client, 'late')).toBeUndefined();
  });

  test('room kept for a pod that goes is free again', async () => {
    await using bench = await start((client) => {
      node(client, 'n1', { cpu: '1' });
      pod(client, 'low', { ...cpu('1'), priority: 1 });
    });
    pod(bench.client, 'high', { ...cpu('1'), priority: 10 });
    await settle();
    pod(bench.client, 'late', { ...cpu('1'), priority: 1 });
    bench.client.remove(refs.pods as never, 'shop/low');
    bench.client.remove(refs.pods as never, 'shop/high');
    await bench.clock.advance(10_000);
    await settle();
    expect(nodeOf(bench.client, 'late')).toBe('n1');
  });

  test('a failed binding is tried again and takes no room meanwhile', async () => {
    await using bench = await start((client) => {
      node(client, 'n1', { cpu: '1' });
      let failures = 1;
      client.fail = ({ subresource }) => (subresource === 'binding' && failures-- > 0 ? new ApiError('InternalError', 'boom') : undefined);
      pod(client, 'a', cpu('1'));
    });
    expect(scheduled(bench.client, 'a')).toMatchObject({ status: 'False', reason: 'SchedulerError' });
    await bench.clock.advance(2000);
    await settle();
    expect(nodeOf(bench.client, 'a')).toBe('n1');
  });

  test('host ports keep pods apart', async () => {
    const spec = { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }] };
    await using bench = await start((client) => {
      node(client, 'n1');
      pod(client, 'a', spec);
      pod(client, 'b', spec);
    });
    const waiting = bench.client.all(refs.pods).filter((one: Pod) => one.spec.nodeName === undefined);
    expect(waiting).toHaveLength(1);
    expect(waiting[0]?.status.conditions?.[0]?.message).toContain("1 node(s) didn't have free ports for the requested pod ports");
  });

  test('required anti-affinity puts one on each host', async () => {
    const labels = { app: 'db' };
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } };
    const spec = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
    await using bench = await start((client) => {
      node(client, 'n1');
      node(client, 'n2');
      for (const name of ['a', 'b', 'c']) pod(client, name, spec, { labels });
    });
    const placed = bench.client.all(refs.pods).map((one) => one.spec.nodeName);
    expect(new Set(placed)).toEqual(new Set(['n1', 'n2', undefined]));
  });

  test('required affinity: the first of a group starts it, the others follow', async () => {
    const labels = { app: 'cache' };
    const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } };
    const spec = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } };
    await using bench = await start((client) => {
      for (const name of ['n1', 'n2', 'n3']) node(client, name);
      for (const name of ['a', 'b', 'c']) pod(client, name, spec, { labels });
    });
    expect(new Set(bench.client.all(refs.pods).map((one) => one.spec.nodeName)).size).toBe(1);
  });

  test('a hard spread constraint holds', async () => {
    const labels = { app: 'web' };
    const constraint = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: labels } };
    await using bench = await start((client) => {
      node(client, 'n1', { labels: { zone: 'a' } });
      node(client, 'n2', { labels: { zone: 'b' }, pods: '1' });
      for (const name of ['a', 'b', 'c', 'd']) pod(client, name, { topologySpreadConstraints: [constraint] }, { labels });
    });
    const placed = bench.client.all(refs.pods).map((one) => one.spec.nodeName);
    expect(placed.filter((name) => name === 'n1')).toHaveLength(2);
    expect(placed.filter((name) => name === 'n2')).toHaveLength(1);
  });

  test('volumes that wait for the pod are bound before it, on a node that can use them', async () => {
    const hosts = {
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n2'] }] }] },
    };
    const storage = { accessModes: ['ReadWriteOnce'], storageClassName: 'late' };
    await using bench = await start((client) => {
      node(client, 'n1');
      node(client, 'n2');
      client.seed(refs.storageClasses, {
        metadata: { name: 'late' },
        provisioner: 'kubernetes.io/no-provisioner',
        volumeBindingMode: 'WaitForFirstConsumer',
      });
      client.seed(refs.persistentVolumes, {
        metadata: { name: 'v' },
        spec: { ...storage, capacity: { storage: '1Gi' }, nodeAffinity: hosts },
        status: { phase: 'Available' },
      });
      client.seed(refs.persistentVolumeClaims, {
        metadata: { name: 'c', namespace: 'shop' },
        spec: { ...storage, resources: { requests: { storage: '1Gi' } } },
        status: { phase: 'Pending' },
      });
      pod(client, 'a', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }] });
    });
    const { client } = bench;
    expect(client.peek(refs.persistentVolumes, 'v')?.spec.claimRef).toMatchObject({ namespace: 'shop', name: 'c' });
    expect([nodeOf(client, 'a'), client.peek(refs.pods, 'shop/a')?.status.nominatedNodeName]).toEqual([undefined, 'n2']);
    // What the controller for volumes does next.
    await client.resource(refs.persistentVolumeClaims).patch('shop', 'c', {
      type: 'application/merge-patch+json',
      body: { metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }, spec: { volumeName: 'v' } },
    });
    await settle();
    expect(nodeOf(client, 'a')).toBe('n2');
  });

  test('a volume that is never bound: the pod is tried again, and its volume is free for others', async () => {
    await using bench = await start((client) => {
      node(client, 'n1');
      client.seed(refs.storageClasses, {
        metadata: { name: 'late' },
        provisioner: 'example.com/disk',
        volumeBindingMode: 'WaitForFirstConsumer',
      });
      client.seed(refs.persistentVolumeClaims, {
        metadata: { name: 'c', namespace: 'shop' },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'late', resources: { requests: { storage: '1Gi' } } },
        status: { phase: 'Pending' },
      });
      pod(client, 'a', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }] });
    });
    const { client, clock } = bench;
    const selected = (): string | undefined =>
      client.peek(refs.persistentVolumeClaims, 'shop/c')?.metadata.annotations?.['volume.kubernetes.io/selected-node'];
    expect(selected()).toBe('n1');
    await clock.advance(600_000);
    await settle();
    expect(scheduled(client, 'a')).toMatchObject({ reason: 'SchedulerError', message: 'binding volumes: context deadline exceeded' });
    expect(nodeOf(client, 'a')).toBeUndefined();
  });

  test('several profiles; pods of other names are nobody’s', async () => {
    const packing = readSchedulerConfig(`
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}]
  plugins: {score: {disabled: [{name: NodeResourcesBalancedAllocation}]}}
`);
    await using bench = await start((client) => {
      node(client, 'n1', { cpu: '4' });
      node(client, 'n2', { cpu: '4' });
      pod(client, 'there', { ...cpu('1'), nodeName: 'n2' });
    }, packing);
    pod(bench.client, 'usual', cpu('1'));
    await settle();
    pod(bench.client, 'packed', { ...cpu('500m'), schedulerName: 'packing', nodeSelector: {} });
    pod(bench.client, 'third', { ...cpu('1'), schedulerName: 'third' });
    await settle();
    expect([nodeOf(bench.client, 'usual'), nodeOf(bench.client, 'third')]).toEqual(['n1', undefined]);
    expect(events(bench.client, 'Scheduled').map(({ reportingComponent }) => reportingComponent)).toEqual(['default-scheduler', 'packing']);
  });
});
