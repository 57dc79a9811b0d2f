import { describe, expect, test } from '@jest/globals';
import type { Job, Pod } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { endPod, removePod, runPod } from '../testing/kubelet.ts';
import { jobController } from './index.ts';
import { indexOf, isTracked } from './pods.ts';

export function makeJob(spec: object = {}): object {
  return {
    metadata: { name: 'work', namespace: 'shop', uid: 'job', generation: 1 },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      podReplacementPolicy: 'TerminatingOrFailed',
      selector: { matchLabels: { 'controller-uid': 'job' } },
      template: {
        metadata: { labels: { 'controller-uid': 'job' } },
        spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' },
      },
      ...spec,
    },
    status: {},
  };
}

const startJob = (spec: object = {}): Promise<Bench> =>
  startBench([jobController], { seed: (client) => void client.seed(refs.jobs, makeJob(spec)) });
const job = (bench: Bench): Job => bench.client.peek(refs.jobs, 'shop/work') as Job;
const pods = (bench: Bench): Pod[] => bench.client.all(refs.pods);
const living = (bench: Bench): Pod[] =>
  pods(bench).filter((pod) => pod.metadata.deletionTimestamp === undefined && !['Succeeded', 'Failed'].includes(pod.status.phase ?? ''));
const first = (bench: Bench): Pod => living(bench)[0] as Pod;
const condition = (bench: Bench, type: string) => job(bench).status.conditions?.find((one) => one.type === type);
const events = (bench: Bench): string[] => bench.client.all(refs.events).map((event) => `${event.reason ?? ''}: ${event.message ?? ''}`);
const pass = async (bench: Bench, ms = 2000): Promise<void> => {
  await bench.clock.advance(ms);
  await bench.settle();
};
const patch = async (bench: Bench, body: object): Promise<void> => {
  await bench.client.resource(refs.jobs).patch('shop', 'work', { type: 'application/merge-patch+json', body });
  await bench.settle();
  await pass(bench, 200);
};

describe('plain Jobs', () => {
  test('one pod that succeeds completes the Job', async () => {
    await using bench = await startJob();
    expect(pods(bench)).toHaveLength(1);
    const pod = first(bench);
    expect(pod.metadata).toMatchObject({
      generateName: 'work-',
      finalizers: ['batch.kubernetes.io/job-tracking'],
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'work', uid: 'job', controller: true, blockOwnerDeletion: true }],
    });
    expect(job(bench).status).toEqual({
      startTime: rfc3339(Date.UTC(2026, 0, 1)),
      active: 1,
      ready: 0,
      terminating: 0,
      uncountedTerminatedPods: {},
    });
    await runPod(bench, pod);
    await pass(bench);
    expect(job(bench).status).toMatchObject({ active: 1, ready: 1 });
    await endPod(bench, pod, 0);
    await pass(bench);
    expect(job(bench).status).toMatchObject({ ready: 0, terminating: 0, succeeded: 1, uncountedTerminatedPods: {} });
    expect(job(bench).status.active).toBeUndefined();
    const text = { status: 'True', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
    expect(job(bench).status.conditions).toMatchObject([
      { type: 'SuccessCriteriaMet', ...text },
      { type: 'Complete', ...text },
    ]);
    expect(job(bench).status.completionTime).toBeDefined();
    expect(pods(bench).some(isTracked)).toBe(false);
    expect(events(bench)).toEqual([`SuccessfulCreate: Created pod: ${pod.metadata.name}`, 'Completed: Job completed']);
    const writes = bench.client.actions.length;
    await pass(bench, 3_600_000);
    expect(bench.client.actions).toHaveLength(writes);
  });

  test('never more pods than are left to complete', async () => {
    await using bench = await startJob({ parallelism: 3, completions: 4 });
    expect(living(bench)).toHaveLength(3);
    for (const pod of living(bench)) await endPod(bench, pod, 0);
    await pass(bench);
    expect(living(bench)).toHaveLength(1);
    expect(job(bench).status).toMatchObject({ succeeded: 3, active: 1 });
    await endPod(bench, first(bench), 0);
    await pass(bench);
    expect(condition(bench, 'Complete')?.status).toBe('True');
    expect(pods(bench)).toHaveLength(4);
  });

  test('a work queue (no completions) is done when one succeeded and the rest ended', async () => {
    await using bench = await startJob({ parallelism: 3, completions: undefined });
    const [one, two, three] = living(bench) as [Pod, Pod, Pod];
    await endPod(bench, one, 0);
    await pass(bench);
    expect(living(bench)).toHaveLength(2);
    await endPod(bench, two, 1);
    await pass(bench);
    expect(living(bench)).toHaveLength(1);
    await endPod(bench, three, 0);
    await pass(bench);
    expect(condition(bench, 'Complete')?.status).toBe('True');
    expect(job(bench).status).toMatchObject({ succeeded: 2, failed: 1 });
  });

  test('failed pods are replaced after 10, 20, 40 s; beyond backoffLimit the Job fails', async () => {
    await using bench = await startJob({ backoffLimit: 2 });
    for (const [round, wait] of [10_000, 20_000].entries()) {
      await endPod(bench, first(bench), 1);
      await pass(bench, wait - 500);
      expect(living(bench)).toHaveLength(0);
      expect(job(bench).status.failed).toBe(round + 1);
      await pass(bench, 1500);
      expect(living(bench)).toHaveLength(1);
    }
    await endPod(bench, first(bench), 1);
    await pass(bench);
    const text = { status: 'True', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
    expect(job(bench).status.conditions).toMatchObject([
      { type: 'FailureTarget', ...text },
      { type: 'Failed', ...text },
    ]);
    expect(job(bench).status.failed).toBe(3);
    expect(events(bench)).toContain('BackoffLimitExceeded: Job has reached the specified backoff limit');
  });

  test('activeDeadlineSeconds ends the Job, whose pods then count as failed', async () => {
    await using bench = await startJob({ activeDeadlineSeconds: 30, parallelism: 2, completions: 2 });
    for (const pod of living(bench)) await runPod(bench, pod);
    await pass(bench, 30_500);
    expect(condition(bench, 'FailureTarget')).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    });
    expect(condition(bench, 'Failed')).toBeUndefined();
    expect(job(bench).status.terminating).toBe(2);
    for (const pod of pods(bench)) await removePod(bench, pod);
    await pass(bench);
    expect(condition(bench, 'Failed')?.reason).toBe('DeadlineExceeded');
    expect(job(bench).status).toMatchObject({ failed: 2, terminating: 0 });
    expect(pods(bench)).toHaveLength(0);
  });

  test('fewer parallelism removes pods that have come the least far, uncounted', async () => {
    await using bench = await startJob({ parallelism: 3, completions: 5 });
    const [running] = living(bench) as [Pod];
    await runPod(bench, running);
    await pass(bench, 200);
    await patch(bench, { spec: { parallelism: 1 } });
    expect(living(bench).map((pod) => pod.metadata.name)).toEqual([running.metadata.name]);
    await pass(bench);
    expect(job(bench).status.failed).toBeUndefined();
    expect(pods(bench)).toHaveLength(1);
  });

  test('restarts in place count against backoffLimit', async () => {
    await using bench = await startJob({
      backoffLimit: 1,
      template: { metadata: { labels: { 'controller-uid': 'job' } }, spec: { containers: [], restartPolicy: 'OnFailure' } },
    });
    const containerStatuses = [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 1 }];
    await bench.client.resource(refs.pods).updateStatus({ ...first(bench), status: { phase: 'Running', containerStatuses } });
    await pass(bench);
    expect(condition(bench, 'FailureTarget')?.reason).toBe('BackoffLimitExceeded');
  });

  test('managedBy of somebody else: hands off', async () => {
    await using bench = await startJob({ managedBy: 'example.com/other' });
    expect(bench.client.actions).toEqual([]);
  });
});

describe('suspending', () => {
  test('takes the pods away uncounted; resuming starts the clock anew', async () => {
    await using bench = await startJob({ parallelism: 2, completions: 2, activeDeadlineSeconds: 100 });
    await patch(bench, { spec: { suspend: true } });
    await pass(bench);
    expect(pods(bench)).toHaveLength(0);
    expect(job(bench).status).toMatchObject({ ready: 0, terminating: 0, conditions: [{ type: 'Suspended', status: 'True' }] });
    expect(job(bench).status.startTime).toBeUndefined();
    await pass(bench, 500_000);
    await patch(bench, { spec: { suspend: false } });
    expect(living(bench)).toHaveLength(2);
    expect(condition(bench, 'Suspended')).toMatchObject({ status: 'False', reason: 'JobResumed', message: 'Job resumed' });
    expect(Date.parse(job(bench).status.startTime ?? '')).toBeGreaterThan(Date.UTC(2026, 0, 1) + 400_000);
    expect(condition(bench, 'FailureTarget')).toBeUndefined();
    expect(events(bench)).toEqual(expect.arrayContaining(['Suspended: Job suspended', 'Resumed: Job resumed']));
  });

  test('a Job made suspended starts nothing', async () => {
    await using bench = await startJob({ suspend: true });
    expect(pods(bench)).toHaveLength(0);
    expect(job(bench).status.startTime).toBeUndefined();
  });
});

describe('indexed Jobs', () => {
  const indexed = { completionMode: 'Indexed', completions: 4, parallelism: 2 };
  const byIndex = (bench: Bench, index: number): Pod => living(bench).find((pod) => indexOf(pod) === index) as Pod;

  test('each pod knows its index; completedIndexes tells what succeeded', async () => {
    await using bench = await startJob(indexed);
    const [pod] = living(bench) as [Pod];
    expect(pod.metadata.generateName).toBe('work-0-');
    expect(pod.metadata.labels).toMatchObject({ 'batch.kubernetes.io/job-completion-index': '0' });
    expect(pod.spec.hostname).toBe('work-0');
    expect(pod.spec.containers[0]?.env).toEqual([
      {
        name: 'JOB_COMPLETION_INDEX',
        valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" } },
      },
    ]);
    await endPod(bench, byIndex(bench, 1), 0);
    await pass(bench);
    expect(job(bench).status).toMatchObject({ completedIndexes: '1', succeeded: 1 });
    expect(living(bench).map(indexOf)).toEqual([0, 2]);
    for (const index of [0, 2]) await endPod(bench, byIndex(bench, index), 0);
    await pass(bench);
    expect(job(bench).status.completedIndexes).toBe('0-2');
    await endPod(bench, byIndex(bench, 3), 0);
    await pass(bench);
    expect(job(bench).status).toMatchObject({ completedIndexes: '0-3', succeeded: 4 });
    expect(condition(bench, 'Complete')?.status).toBe('True');
  });

  test('doubles of an index and indexes out of range go', async () => {
    await using bench = await startJob(indexed);
    const pod = byIndex(bench, 0);
    for (const [name, index] of [
      ['twice', '0'],
      ['beyond', '9'],
      ['none', 'x'],
    ]) {
      const { ownerReferences, labels, finalizers } = pod.metadata;
      const annotations = { 'batch.kubernetes.io/job-completion-index': index };
      await bench.client
        .resource(refs.pods)
        .create('shop', { metadata: { name: name ?? '', ownerReferences, labels, finalizers, annotations } as object, spec: pod.spec });
    }
    await pass(bench);
    expect(living(bench).map(indexOf).sort()).toEqual([0, 1]);
    expect(job(bench).status.failed).toBeUndefined();
  });

  test('backoffLimitPerIndex: each index has its own limit and its own wait', async () => {
    await using bench = await startJob({ ...indexed, completions: 2, backoffLimitPerIndex: 1, backoffLimit: 2 ** 31 - 1 });
    expect(byIndex(bench, 0).metadata.annotations).toMatchObject({ 'batch.kubernetes.io/job-index-failure-count': '0' });
    await endPod(bench, byIndex(bench, 0), 1);
    await pass(bench, 9_000);
    expect(job(bench).status.failedIndexes).toBe('');
    expect(pods(bench).filter(isTracked)).toHaveLength(2);
    await pass(bench, 2_000);
    expect(byIndex(bench, 0).metadata.annotations).toMatchObject({ 'batch.kubernetes.io/job-index-failure-count': '1' });
    expect(job(bench).status.failed).toBe(1);
    await endPod(bench, byIndex(bench, 0), 1);
    await endPod(bench, byIndex(bench, 1), 0);
    await pass(bench);
    expect(job(bench).status).toMatchObject({ failedIndexes: '0', completedIndexes: '1', failed: 2, succeeded: 1 });
    expect(condition(bench, 'Failed')).toMatchObject({ reason: 'FailedIndexes', message: 'Job has failed indexes' });
  });

  test('maxFailedIndexes', async () => {
    await using bench = await startJob({
      ...indexed,
      completions: 3,
      parallelism: 3,
      backoffLimitPerIndex: 0,
      maxFailedIndexes: 1,
      backoffLimit: 2 ** 31 - 1,
    });
    for (const index of [0, 2]) await endPod(bench, byIndex(bench, index), 1);
    await pass(bench);
    expect(condition(bench, 'Failed')).toMatchObject({
      reason: 'MaxFailedIndexesExceeded',
      message: 'Job has exceeded the specified maximal number of failed indexes',
    });
    expect(job(bench).status.failedIndexes).toBe('0,2');
  });

  test('a success policy ends the Job early', async () => {
    await using bench = await startJob({
      ...indexed,
      parallelism: 4,
      successPolicy: { rules: [{ succeededCount: 9 }, { succeededIndexes: '1-3', succeededCount: 1 }] },
    });
    await endPod(bench, byIndex(bench, 0), 0);
    await pass(bench);
    expect(condition(bench, 'SuccessCriteriaMet')).toBeUndefined();
    await endPod(bench, byIndex(bench, 2), 0);
    await pass(bench);
    expect(condition(bench, 'SuccessCriteriaMet')).toMatchObject({ reason: 'SuccessPolicy', message: 'Matched rules at index 1' });
    await pass(bench);
    expect(condition(bench, 'Complete')).toMatchObject({ reason: 'SuccessPolicy', message: 'Matched rules at index 1' });
    expect(job(bench).status).toMatchObject({ succeeded: 2, completedIndexes: '0,2' });
  });
});

describe('pod failure policy', () => {
  const policy = (...rules: object[]): object => ({ podFailurePolicy: { rules }, podReplacementPolicy: 'Failed' });
  const onExit = (action: string, ...values: number[]): object => ({ action, onExitCodes: { operator: 'In', values } });

  test('FailJob ends the Job and says why', async () => {
    await using bench = await startJob(policy(onExit('FailJob', 42)));
    const { name } = first(bench).metadata;
    await endPod(bench, first(bench), 42);
    await pass(bench);
    expect(condition(bench, 'Failed')).toMatchObject({
      reason: 'PodFailurePolicy',
      message: `Container c for pod shop/${name} failed with exit code 42 matching FailJob rule at index 0`,
    });
  });

  test('Ignore does not count', async () => {
    const disrupted = { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] };
    await using bench = await startJob({ ...policy(disrupted), backoffLimit: 0 });
    await endPod(bench, first(bench), 137, { conditions: [{ type: 'DisruptionTarget', status: 'True' }] });
    await pass(bench, 15_000);
    expect(job(bench).status.failed).toBeUndefined();
    expect(condition(bench, 'Failed')).toBeUndefined();
    expect(living(bench)).toHaveLength(1);
  });

  test('FailIndex fails the index at once', async () => {
    await using bench = await startJob({
      ...policy(onExit('FailIndex', 3)),
      completionMode: 'Indexed',
      completions: 2,
      parallelism: 2,
      backoffLimitPerIndex: 5,
    });
    await endPod(bench, living(bench).find((pod) => indexOf(pod) === 1) as Pod, 3);
    await pass(bench);
    expect(job(bench).status).toMatchObject({ failedIndexes: '1', failed: 1, active: 1 });
  });
});

describe('owning pods', () => {
  test('podReplacementPolicy Failed waits until a terminating pod has ended', async () => {
    await using bench = await startJob({ podReplacementPolicy: 'Failed' });
    const pod = first(bench);
    await runPod(bench, pod);
    await bench.client.resource(refs.pods).delete('shop', pod.metadata.name);
    await pass(bench);
    expect(living(bench)).toHaveLength(0);
    expect(job(bench).status).toMatchObject({ terminating: 1 });
    await removePod(bench, pod);
    await pass(bench, 15_000);
    expect(living(bench)).toHaveLength(1);
    expect(job(bench).status).toMatchObject({ failed: 1, terminating: 0 });
  });

  test('adopts a matching orphan with the finalizer; lets go with it gone', async () => {
    await using bench = await startJob({ suspend: true });
    await bench.client
      .resource(refs.pods)
      .create('shop', { metadata: { name: 'orphan', labels: { 'controller-uid': 'job' } }, spec: { containers: [] } });
    await patch(bench, { spec: { suspend: false } });
    const adopted = bench.client.peek(refs.pods, 'shop/orphan') as Pod;
    expect(adopted.metadata).toMatchObject({ finalizers: ['batch.kubernetes.io/job-tracking'], ownerReferences: [{ uid: 'job' }] });
    await bench.client
      .resource(refs.pods)
      .patch('shop', 'orphan', { type: 'application/merge-patch+json', body: { metadata: { labels: { 'controller-uid': 'x' } } } });
    await pass(bench);
    const released = bench.client.peek(refs.pods, 'shop/orphan') as Pod;
    expect(released.metadata.ownerReferences ?? []).toEqual([]);
    expect(isTracked(released)).toBe(false);
  });

  test('pods of a Job that is gone lose their finalizer when they go', async () => {
    await using bench = await startJob();
    bench.client.remove(refs.jobs as never, 'shop/work');
    await bench.settle();
    expect(pods(bench).filter(isTracked)).toHaveLength(0);
  });
});
