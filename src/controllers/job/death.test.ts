/** Whenever the controller dies, no pod is counted twice and none is forgotten. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Job, Pod } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { endPod, removePod, runPod } from '../testing/kubelet.ts';
import type { Lives } from '../testing/mortal.ts';
import { liveAndDie } from '../testing/mortal.ts';
import { isFinished } from '../shared/job-conditions.ts';
import { jobController } from './index.ts';
import { isTracked } from './pods.ts';

interface Outcome {
  readonly job: Job;
  readonly pods: readonly Pod[];
  /** Pods that ever were. */
  readonly made: number;
  readonly over: boolean;
}

/** The n-th pod to be seen fails when `fails` has n. */
async function play(spec: object, fails: ReadonlySet<number>, lives: readonly Lives[]): Promise<Outcome> {
  const clock = new FakeClock();
  const client: FakeClient = createFakeClient({ clock });
  client.seed(refs.jobs, {
    metadata: { name: 'work', namespace: 'shop', uid: 'job', generation: 1 },
    spec: {
      parallelism: 3,
      completions: 5,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      podReplacementPolicy: 'TerminatingOrFailed',
      selector: { matchLabels: { 'controller-uid': 'job' } },
      template: {
        metadata: { labels: { 'controller-uid': 'job' } },
        spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' },
      },
      ...spec,
    },
    status: {},
  });
  const seen = new Map<string, number>();
  const step = async (): Promise<boolean> => {
    for (const pod of client.all(refs.pods)) {
      if (pod.metadata.deletionTimestamp !== undefined) await removePod({ client, clock }, pod);
      else if (!seen.has(pod.metadata.uid)) {
        seen.set(pod.metadata.uid, seen.size);
        await runPod({ client, clock }, pod);
      } else if (pod.status.phase === 'Running') {
        await endPod({ client, clock }, pod, fails.has(seen.get(pod.metadata.uid) ?? 0) ? 1 : 0);
      }
    }
    const job = client.peek(refs.jobs, 'shop/work') as Job;
    return isFinished(job) && client.all(refs.pods).every((pod) => !isTracked(pod));
  };
  const over = await liveAndDie({ client, clock, controllers: [jobController], lives, step, stepMs: 7000 });
  return { job: client.peek(refs.jobs, 'shop/work') as Job, pods: client.all(refs.pods), made: seen.size, over };
}

const lives = fc.array(fc.record({ writes: fc.integer({ min: 1, max: 6 }), losesAnswer: fc.boolean() }), { maxLength: 12 });
const failing = fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 3 });

describe('a controller that dies at any write', () => {
  test('counts each pod of a plain Job once, and makes none too many', async () => {
    await fc.assert(
      fc.asyncProperty(failing, lives, async (fails, dying) => {
        const { job, made, over } = await play({}, new Set(fails), dying);
        expect(over).toBe(true);
        const failed = fails.filter((n) => n < made).length;
        expect({ succeeded: job.status.succeeded, failed: job.status.failed ?? 0, made }).toEqual({
          succeeded: 5,
          failed,
          made: 5 + failed,
        });
        expect(job.status.uncountedTerminatedPods).toEqual({});
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  test('keeps the indexes and their failures right', async () => {
    const spec = { completionMode: 'Indexed', backoffLimitPerIndex: 1, backoffLimit: 2 ** 31 - 1 };
    await fc.assert(
      fc.asyncProperty(failing, lives, async (fails, dying) => {
        const { job, made, over } = await play(spec, new Set(fails), dying);
        expect(over).toBe(true);
        expect(job.status.failed ?? 0).toBe(fails.filter((n) => n < made).length);
        expect((job.status.succeeded ?? 0) + (job.status.failed ?? 0)).toBe(made);
        const failedIndexes = (job.status.failedIndexes ?? '') === '' ? 0 : 1;
        expect(failedIndexes === 0 ? job.status.completedIndexes : '0-4').toBe('0-4');
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  test('counts the pods it stops when the Job fails', async () => {
    await fc.assert(
      fc.asyncProperty(lives, async (dying) => {
        const { job, made, over } = await play({ backoffLimit: 0 }, new Set([1]), dying);
        expect(over).toBe(true);
        expect((job.status.succeeded ?? 0) + (job.status.failed ?? 0)).toBe(made);
        expect(job.status.conditions?.map(({ type }) => type)).toEqual(['FailureTarget', 'Failed']);
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
