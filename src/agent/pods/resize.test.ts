/** Resources that change while a pod runs: the whole agent over the simulated runtime, on a node of 8 CPUs. */
import { describe, expect, test } from '@jest/globals';
import type { Pod } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { startInformer } from '../../client/informer.ts';
import { refs } from '../../client/refs.ts';
import { testContainer, testPod } from '../testing/pods.ts';
import { simAgent } from '../testing/sim-agent.ts';
import { resizeMessage, withAllocation, allocationOf } from './allocation.ts';
import type { TaskHost } from './container-tasks.ts';
import { containerSpecs } from './model.ts';
import { compareResizes, type Resizing } from './pending-resizes.ts';
import type { ContainerRecord } from './record.ts';
import { PodResizer } from './resizer.ts';

const web = (cpu: string, parts: object = {}) => ({
  containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu }, limits: { cpu } }, ...parts }],
});

test('a resize that fits is made without a restart, and told by events and conditions', async () => {
  const { start, create, respec, container, condition, events, pod } = simAgent();
  const agent = await start();
  await create({ spec: web('1') });
  expect(container()).toMatchObject({ allocatedResources: { cpu: '1' }, resources: { limits: { cpu: '1' } } });
  expect(pod().status).toMatchObject({ allocatedResources: { cpu: '1' }, resources: { requests: { cpu: '1' }, limits: { cpu: '1' } } });
  await respec(web('2'));
  expect(container()).toMatchObject({ restartCount: 0, allocatedResources: { cpu: '2' }, resources: { requests: { cpu: '2' } } });
  expect(condition('PodResizePending')).toBeUndefined();
  expect(condition('PodResizeInProgress')).toBeUndefined();
  const text = '{"containers":[{"name":"web","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"2"}}}],"generation":2}';
  expect(events()).toContainEqual(['ResizeStarted', `Pod resize started: ${text}`]);
  expect(events()).toContainEqual(['ResizeCompleted', `Pod resize completed: ${text}`]);
  await agent.stop();
});

test('a generation is only observed when its resources were decided about', async () => {
  const { start, create, respec, client, clock } = simAgent();
  const agent = await start();
  await create({ spec: web('1') });
  const seen: [number | undefined, boolean, unknown][] = [];
  const informer = startInformer(refs.pods, { client, clock, logger: silentLogger });
  informer.handle({
    update: (_old, { status }) => {
      const resizing = status.conditions?.some(({ type }) => type === 'PodResizeInProgress') ?? false;
      seen.push([status.observedGeneration, resizing, status.containerStatuses?.[0]?.resources?.requests?.['cpu']]);
    },
  });
  await respec(web('2'));
  expect(seen.filter(([generation, resizing]) => generation === 2 && !resizing)).toEqual([[2, false, '2']]);
  await informer.stop();
  await agent.stop();
});

test('a container whose policy says so is started again, whatever its restart policy', async () => {
  const { start, create, respec, container, events } = simAgent();
  const agent = await start();
  const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
  await create({ spec: { restartPolicy: 'OnFailure', ...web('1', { resizePolicy }) } });
  await respec(web('2', { resizePolicy }));
  expect(container()).toMatchObject({ restartCount: 1, state: { running: {} }, resources: { limits: { cpu: '2' } } });
  expect(events()).toContainEqual(['Killing', 'Container web resize requires restart']);
  await agent.stop();
});

test('without room it waits, and is made when another pod goes', async () => {
  const { start, create, respec, container, condition, reasons, pods, settle, pod } = simAgent();
  const agent = await start();
  await create({ metadata: { name: 'big' }, spec: web('5') });
  await create({ spec: web('1') });
  await respec(web('4'));
  expect(condition('PodResizePending')).toMatchObject({
    status: 'True',
    reason: 'Deferred',
    message: "Node didn't have enough resource: cpu, requested: 4000, used: 5000, capacity: 8000",
    observedGeneration: 2,
  });
  expect(container()).toMatchObject({ allocatedResources: { cpu: '1' }, resources: { limits: { cpu: '1' } } });
  expect(reasons()).toContain('ResizeDeferred');
  const big = pod('big');
  await pods.update({ ...big, metadata: { ...big.metadata, deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 } });
  await settle();
  expect(condition('PodResizePending')).toBeUndefined();
  expect(container()).toMatchObject({ restartCount: 0, resources: { limits: { cpu: '4' } } });
  await agent.stop();
});

test('a wish that is taken back leaves no condition; a waiting pod takes no more room than it has', async () => {
  const { start, create, respec, condition, container } = simAgent();
  const agent = await start();
  await create({ spec: web('1') });
  await respec(web('9'));
  expect(condition('PodResizePending')).toMatchObject({ reason: 'Deferred' });
  await create({ metadata: { name: 'second' }, spec: web('7') });
  expect(container('web', 'second')).toMatchObject({ ready: true });
  await respec(web('1'));
  expect(condition('PodResizePending')).toBeUndefined();
  await agent.stop();
});

test('an agent that is started again goes on with what was allocated', async () => {
  const { start, create, respec, condition, container, settle, id } = simAgent();
  const agent = await start();
  await create({ spec: web('1') });
  await respec(web('9'));
  const [before, since] = [id(), condition('PodResizePending')?.lastTransitionTime];
  await agent.stop();
  const next = await start();
  await settle();
  expect(id()).toBe(before);
  expect(container()).toMatchObject({ restartCount: 0, allocatedResources: { cpu: '1' } });
  expect(condition('PodResizePending')).toMatchObject({ reason: 'Deferred', lastTransitionTime: since });
  await next.stop();
});

test('a change that the runtime refuses is told, and tried again', async () => {
  const { start, create, respec, condition, events, runtime, advance, container } = simAgent();
  const agent = await start();
  await create({ spec: web('1') });
  const update = runtime.updateResources.bind(runtime);
  runtime.updateResources = () => Promise.reject(new Error('no'));
  await respec(web('2'));
  expect(condition('PodResizeInProgress')).toMatchObject({ status: 'True', reason: 'Error', message: 'no', observedGeneration: 2 });
  expect(container()).toMatchObject({ allocatedResources: { cpu: '2' }, resources: { requests: { cpu: '1' } } });
  expect(events().find(([reason]) => reason === 'ResizeError')?.[1]).toContain('"error":"no"');
  runtime.updateResources = update;
  await advance(10_000);
  expect(condition('PodResizeInProgress')).toBeUndefined();
  expect(container()).toMatchObject({ resources: { requests: { cpu: '2' } } });
  await agent.stop();
});

describe('pure parts', () => {
  test('amounts that mean the same are no change', () => {
    const pod = testPod({ spec: web('1') });
    expect(withAllocation(pod, allocationOf(testPod({ spec: web('1000m') })))).toBe(pod);
    expect(withAllocation(pod, allocationOf(testPod({ spec: web('2') }))).spec.containers[0]?.resources?.limits).toEqual({ cpu: '2' });
  });

  test('the message of an event', () => {
    expect(resizeMessage('Pod resize error', testPod({ metadata: { generation: 3 }, spec: web('1') }), 'why')).toBe(
      'Pod resize error: {"containers":[{"name":"web","resources":{"requests":{"cpu":"1"},"limits":{"cpu":"1"}}}],"generation":3,"error":"why"}',
    );
  });

  test('the order of those that wait: smaller ones, priority, QoS class, time', () => {
    const pending = (name: string, from: string, to: string, parts: object = {}): Resizing & { name: string } => ({
      name,
      pod: testPod({ spec: web(from) }),
      wanted: testPod({ spec: { ...web(to), ...parts } }),
      active: true,
      resizeWaits: true,
      resizePendingSince: undefined,
      settleResize: () => undefined,
    });
    const early = { ...pending('early', '1', '2'), resizePendingSince: '2026-01-01T00:00:00Z' };
    const all = [pending('late', '1', '2'), early, pending('first', '1', '2', { priority: 5 }), pending('less', '2', '1')];
    expect(all.sort(compareResizes).map(({ name }) => name)).toEqual(['less', 'first', 'early', 'late']);
  });
});

test('the group of a pod has room for a container that starts again before it does, and shrinks when it has', async () => {
  const wants = (cpu: string) => testPod({ spec: web(cpu), status: { qosClass: 'Burstable' } });
  const written: (number | undefined)[] = [];
  const wakes: (() => void)[] = [];
  const runtime = { real: true, updateResources: async () => undefined };
  const host = {
    pod: wants('1'),
    deps: { runtime, clock: new FakeClock(), machineMemory: 1 << 30 },
    wake: () => wakes.splice(0).forEach((tell) => tell()),
  };
  const limit = async (_parent: string, { cpuQuota }: { cpuQuota?: number | undefined }) => void written.push(cpuQuota);
  const resizer = new PodResizer(host as unknown as TaskHost, limit);
  await resizer.limitPod();
  const record = (pod: Pod, parts: object) =>
    ({
      spec: containerSpecs(pod)[0],
      name: 'web',
      actuated: { limits: { cpu: '1' }, requests: { cpu: '1' } },
      ...parts,
    }) as unknown as ContainerRecord;
  const apply = async (of: ContainerRecord): Promise<void> => {
    const done = new Promise<void>((resolve) => wakes.push(resolve));
    resizer.apply([of]);
    await done;
  };
  host.pod = wants('2');
  const ending = record(host.pod, { busy: true, restartDue: true, current: testContainer() });
  expect(resizer.inProgress([ending])).toBe(true);
  await apply(ending);
  expect(written).toEqual([100_000, 200_000]);
  host.pod = wants('500m');
  resizer.apply([ending]);
  expect(resizer.inProgress([])).toBe(true);
  const amounts = { cpu: '500m' };
  await apply(record(host.pod, { current: testContainer(), actuated: { limits: amounts, requests: amounts } }));
  expect(written.at(-1)).toBe(50_000);
  expect(resizer.inProgress([])).toBe(false);
});
