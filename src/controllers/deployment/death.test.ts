/** Whenever the controllers die, a roll-out keeps its limits and comes to its end. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Deployment, Pod } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { replicaSetController } from '../replicaset/index.ts';
import { isPodReady } from '../shared/pods.ts';
import { removePod, runPod } from '../testing/kubelet.ts';
import type { Lives } from '../testing/mortal.ts';
import { liveAndDie } from '../testing/mortal.ts';
import { deploymentController } from './index.ts';

const replicas = 4;

interface Outcome {
  readonly over: boolean;
  /** Most pods at a time, and fewest ready ones once all were. */
  readonly most: number;
  readonly fewest: number;
  readonly client: FakeClient;
}

const image = (pod: Pod): string => pod.spec.containers[0]?.image ?? '';

async function play(rollingUpdate: { maxSurge: number; maxUnavailable: number }, lives: readonly Lives[]): Promise<Outcome> {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  const template = (version: string): object => ({
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: version }] },
  });
  client.seed(refs.deployments, {
    metadata: { name: 'web', namespace: 'shop', uid: 'web', generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate },
      template: template('v1'),
      progressDeadlineSeconds: 600,
    },
    status: {},
  });
  let most = 0;
  let fewest = Infinity;
  let version = 1;
  const step = async (): Promise<boolean> => {
    const living = client.all(refs.pods).filter((pod) => pod.metadata.deletionTimestamp === undefined);
    most = Math.max(most, living.length);
    const ready = living.filter(isPodReady);
    const done = ready.length === replicas && living.length === replicas && ready.every((pod) => image(pod) === `v${String(version)}`);
    if (version > 1 || done) fewest = Math.min(fewest, ready.length);
    for (const pod of client.all(refs.pods)) {
      if (pod.metadata.deletionTimestamp !== undefined) await removePod({ client, clock }, pod);
      else if (!isPodReady(pod)) await runPod({ client, clock }, pod);
    }
    if (!done) return false;
    if (version === 3) {
      const { status, metadata } = client.peek(refs.deployments, 'shop/web') as Deployment;
      return status.availableReplicas === replicas && status.observedGeneration === metadata.generation && status.replicas === replicas;
    }
    version += 1;
    const body = { spec: { template: template(`v${String(version)}`) } };
    await client.resource(refs.deployments).patch('shop', 'web', { type: 'application/merge-patch+json', body });
    return false;
  };
  const controllers = [deploymentController, replicaSetController];
  const over = await liveAndDie({ client, clock, controllers, lives, step, stepMs: 2000 });
  return { over, most, fewest, client };
}

const lives = fc.array(fc.record({ writes: fc.integer({ min: 1, max: 8 }), losesAnswer: fc.boolean() }), { maxLength: 15 });

test.each([
  { maxSurge: 1, maxUnavailable: 0 },
  { maxSurge: 0, maxUnavailable: 2 },
  { maxSurge: 2, maxUnavailable: 1 },
])(
  'controllers that die at any write roll out within %j',
  async (limits) => {
    await fc.assert(
      fc.asyncProperty(lives, async (dying) => {
        const { over, most, fewest, client } = await play(limits, dying);
        expect(over).toBe(true);
        expect(most).toBeLessThanOrEqual(replicas + limits.maxSurge);
        expect(fewest).toBeGreaterThanOrEqual(replicas - limits.maxUnavailable);
        expect(client.all(refs.replicaSets)).toHaveLength(3);
      }),
      { numRuns: 12 },
    );
  },
  60_000,
);
