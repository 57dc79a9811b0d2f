import { describe, expect, test } from '@jest/globals';
import type { PodStatus } from '../../api/generated/types.ts';
import { exited, t0, testContainer, testPod, testSpec, testView } from '../testing/pods.ts';
import { podStatus } from './status.ts';
import type { StatusInput } from './status.ts';

function status(parts: Partial<StatusInput>): PodStatus {
  return podStatus({
    pod: testPod(),
    views: [testView()],
    podIPs: ['10.0.0.2', 'fd00::2'],
    hostIPs: ['1.2.3.4'],
    sandboxReady: true,
    scheme: 'docker',
    now: t0 + 5000,
    ended: undefined,
    terminal: false,
    message: () => '',
    ...parts,
  });
}
const ready = testView(testSpec(), { current: testContainer(), started: true, ready: true });
const condition = (of: PodStatus, type: string): unknown => of.conditions?.find((candidate) => candidate.type === type);

test('a pod that runs', () => {
  const result = status({ views: [ready] });
  expect(result).toMatchObject({
    phase: 'Running',
    observedGeneration: 1,
    podIP: '10.0.0.2',
    podIPs: [{ ip: '10.0.0.2' }, { ip: 'fd00::2' }],
    hostIP: '1.2.3.4',
    hostIPs: [{ ip: '1.2.3.4' }],
    startTime: '2026-01-01T00:00:00Z',
    containerStatuses: [
      {
        name: 'web',
        ready: true,
        started: true,
        restartCount: 0,
        containerID: 'docker://c1',
        imageID: 'sha256:1',
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        lastState: {},
      },
    ],
  });
  expect(condition(result, 'Ready')).toEqual({
    type: 'Ready',
    status: 'True',
    observedGeneration: 1,
    lastTransitionTime: '2026-01-01T00:00:05Z',
  });
});

test('a transition keeps its time as long as the status stays', () => {
  const before = { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:01Z' }] };
  expect(condition(status({ pod: testPod({ status: before }), views: [ready] }), 'Ready')).toMatchObject({
    lastTransitionTime: '2026-01-01T00:00:01Z',
  });
});

test('conditions of others stay', () => {
  const pod = testPod({ status: { conditions: [{ type: 'DisruptionTarget', status: 'True' }] } });
  expect(condition(status({ pod }), 'DisruptionTarget')).toEqual({ type: 'DisruptionTarget', status: 'True' });
});

test('before anything runs', () => {
  const result = status({ podIPs: [], sandboxReady: false });
  expect(result.phase).toBe('Pending');
  expect(result).not.toHaveProperty('podIP');
  expect(result.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'ContainerCreating' } });
  expect(condition(result, 'PodReadyToStartContainers')).toMatchObject({ status: 'False' });
  expect(condition(result, 'Ready')).toMatchObject({
    status: 'False',
    reason: 'ContainersNotReady',
    message: 'containers with unready status: [web]',
  });
});

test('with init containers everything waits for them', () => {
  const views = [testView(testSpec('i', 'init'), { current: testContainer({ name: 'i' }) }), testView()];
  const result = status({ views, pod: testPod({ spec: { initContainers: [{ name: 'i' }], containers: [{ name: 'web' }] } }) });
  expect(result.phase).toBe('Pending');
  expect(result.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
  expect(condition(result, 'Initialized')).toMatchObject({ status: 'False', message: 'containers with incomplete status: [i]' });
});

test('a crash loop shows how the container ended last', () => {
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 10s' };
  const result = status({ views: [testView(testSpec(), { current: exited(3, { restartCount: 2 }), waiting })], message: () => 'bye' });
  expect(result.phase).toBe('Running');
  expect(result.containerStatuses?.[0]).toMatchObject({
    restartCount: 2,
    ready: false,
    state: { waiting },
    lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'bye', finishedAt: '2026-01-01T00:00:01Z' } },
  });
});

describe('phases of ended pods', () => {
  const ended = (code: number): ReturnType<typeof testView> => testView(testSpec(), { current: exited(code) });
  test.each([
    ['Never', [0], 'Succeeded'],
    ['Never', [0, 1], 'Failed'],
    ['OnFailure', [0], 'Succeeded'],
    ['OnFailure', [1], 'Running'],
    ['Always', [0], 'Running'],
  ])('%s %j: %s', (restartPolicy, codes, phase) => {
    expect(status({ pod: testPod({ spec: { restartPolicy } }), views: codes.map(ended) }).phase).toBe(phase);
  });

  test('a failed init container ends a pod that may not restart', () => {
    const views = [testView(testSpec('i', 'init'), { current: exited(1, { name: 'i' }) }), testView()];
    expect(status({ pod: testPod({ spec: { restartPolicy: 'Never' } }), views }).phase).toBe('Failed');
  });

  test('no pod is over while a sidecar runs', () => {
    const pod = testPod({ spec: { restartPolicy: 'Never' }, status: { phase: 'Running' } });
    const side = testView(testSpec('s', 'sidecar'), { current: testContainer({ name: 's' }), started: true });
    expect(status({ pod, views: [side, ended(0)] }).phase).toBe('Running');
  });

  test('a deleted pod whose container was killed has failed', () => {
    expect(status({ views: [ended(137)], terminal: true }).phase).toBe('Failed');
    expect(status({ views: [ended(0)], terminal: true }).phase).toBe('Succeeded');
  });

  test('a pod that was ended tells why', () => {
    const why = { reason: 'DeadlineExceeded', message: 'too long' };
    expect(status({ views: [ended(137)], terminal: true, ended: why })).toMatchObject({ phase: 'Failed', ...why });
  });
});

test.each([
  [{ oomKilled: true, exitCode: 137 }, 'OOMKilled'],
  [{ exitCode: 0 }, 'Completed'],
  [{ exitCode: 128, startError: 'no such file' }, 'StartError'],
])('reason of an end: %j', (parts, reason) => {
  const result = status({
    pod: testPod({ spec: { restartPolicy: 'Never' } }),
    views: [testView(testSpec(), { current: exited(0, parts) })],
  });
  expect(result.containerStatuses?.[0]?.state?.terminated).toMatchObject({ reason });
});

test('readiness gates hold Ready back, not ContainersReady', () => {
  const pod = testPod({ spec: { readinessGates: [{ conditionType: 'x/y' }] } });
  const result = status({ pod, views: [ready] });
  expect(condition(result, 'Ready')).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' });
  expect(condition(result, 'ContainersReady')).toMatchObject({ status: 'True' });
});

test('as whom a container runs, also when it has ended', () => {
  const user = { uid: 1000, gid: 1000, groups: [1000, 50_000] };
  const ended = testView(testSpec(), { current: exited(0, { user }) });
  expect(status({ views: [ended] }).containerStatuses?.[0]?.user).toEqual({
    linux: { uid: 1000, gid: 1000, supplementalGroups: [1000, 50_000] },
  });
});

test('what the containers of a pod leave to say has bounds, counted in bytes', () => {
  const specs = ['a', 'b', 'c'].map((name) => testSpec(name));
  const pod = testPod({ spec: { containers: specs.map(({ container }) => container) } });
  const views = specs.map((spec, at) => testView(spec, { current: exited(0, { id: `c${at}`, name: spec.container.name }) }));
  const result = status({ pod, views, message: () => 'é'.repeat(4000) });
  expect(Buffer.byteLength(result.containerStatuses?.[0]?.state?.terminated?.message ?? '')).toBe(4096);
});
