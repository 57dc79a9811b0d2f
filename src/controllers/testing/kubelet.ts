/** Plays the part of nodes in controller tests: pods run, end and go away as told. */
import type { Pod, PodStatus } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import type { Clock } from '../../base/clock.ts';

export interface World {
  readonly client: FakeClient;
  readonly clock: Clock;
}

async function write({ client }: World, pod: Pod, status: PodStatus): Promise<void> {
  const current = client.peek<Pod>(refs.pods, `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`);
  if (current !== undefined) await client.resource(refs.pods).updateStatus({ ...current, status: { ...current.status, ...status } });
}

/** Puts the pod on a node and makes it ready. */
export async function runPod(world: World, pod: Pod): Promise<void> {
  if (pod.spec.nodeName === undefined) {
    await world.client
      .resource(refs.pods)
      .createSubresource(pod.metadata.namespace ?? '', pod.metadata.name, 'binding', { target: { name: 'n1' } });
  }
  const time = rfc3339(world.clock.now());
  await write(world, pod, { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: time }] });
}

/** The pod's only container ends with this code. */
export async function endPod(world: World, pod: Pod, exitCode: number, more: PodStatus = {}): Promise<void> {
  const time = rfc3339(world.clock.now());
  const state = { terminated: { exitCode, finishedAt: time, startedAt: time } };
  await write(world, pod, {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: time }],
    containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0, state }],
    ...more,
  });
}

/** What a kubelet does in the end with a pod that is being deleted: it ends, then goes unless a finalizer holds it. */
export async function removePod(world: World, pod: Pod, exitCode = 143): Promise<void> {
  if (pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed') await endPod(world, pod, exitCode);
  await world.client.resource(refs.pods).delete(pod.metadata.namespace ?? '', pod.metadata.name, { gracePeriodSeconds: 0 });
}
