import { describe, expect, test } from '@jest/globals';
import type { Pod } from '../api/generated/types.ts';
import { FakeClock } from '../base/clock.ts';
import type { ClusterEvent } from './cluster-events.ts';
import { actions } from './cluster-events.ts';
import { SchedulingQueue } from './queue.ts';
import { node, pod, testCluster } from './testing/cluster.ts';

function start({ held = new Set<string>() }: { held?: Set<string> } = {}) {
  const clock = new FakeClock(1_000_000);
  const { cluster, profile, info } = testCluster({ nodes: [node('a')] });
  const profiles = new Map([[profile.schedulerName, profile]]);
  let ready = 0;
  const queue = new SchedulingQueue({
    ...{ clock, cluster, profiles, podInfo: info, initialBackoffMs: 1000, maxBackoffMs: 10_000 },
    isHeld: (uid) => held.has(uid),
    onReady: () => void (ready += 1),
  });
  const pop = (): string | undefined => queue.pop()?.info.pod.metadata.name;
  /** Takes the next and says that these plugins refused it. */
  const reject = (...plugins: string[]): void => {
    const taken = queue.pop();
    if (taken !== undefined) queue.reject(taken, new Set(plugins));
  };
  return { clock, queue, pop, reject, wakeUps: () => ready };
}

const gone = (on = 'a'): ClusterEvent => ({ resource: 'AssignedPod', action: actions.delete, old: pod('gone', { on }) });
const nodeAdded = (allocatable: object = {}): ClusterEvent => ({
  resource: 'Node',
  action: actions.add,
  object: node('new', { allocatable }),
});
const priority = (name: string, value: number): Pod => pod(name, { spec: { priority: value } });

describe('scheduling queue', () => {
  test('higher priority first, then who came first', async () => {
    const { queue, pop, clock } = start();
    queue.add(priority('x', 0));
    await clock.advance(1);
    queue.add(priority('y', 5));
    queue.add(priority('z', 0));
    expect([pop(), pop(), pop(), pop()]).toEqual(['y', 'x', 'z', undefined]);
  });

  test('a rejected pod waits for an event that its plugin says may help', async () => {
    const { queue, pop, reject, clock } = start();
    queue.add(pod('p', { cpu: '6' }));
    reject('NodeResourcesFit');
    await clock.advance(20_000);
    queue.wake({ resource: 'AssignedPod', action: actions.add, object: pod('x', { on: 'a' }) });
    queue.wake(nodeAdded({ cpu: '4' }));
    expect(pop()).toBeUndefined();
    queue.wake(nodeAdded({ cpu: '8' }));
    expect(pop()).toBe('p');
  });

  test('an idle scheduler takes it during its backoff; a busy one after it', async () => {
    const { queue, reject, clock, pop } = start();
    queue.add(priority('p', 10));
    reject('NodeResourcesFit');
    queue.wake(gone());
    queue.add(priority('q', 0));
    expect([pop(), pop()]).toEqual(['q', 'p']);
    await clock.advance(1);
  });

  test('an error is retried after a backoff that grows, whatever happens, and not before', async () => {
    const { queue, clock, pop } = start();
    queue.add(pod('p'));
    for (const seconds of [1, 2, 4, 8, 10, 10]) {
      const taken = queue.pop();
      if (taken === undefined) throw new Error('nothing to take');
      queue.retryLater(taken);
      queue.wake(gone());
      await clock.advance((seconds - 1) * 1000 - 1);
      expect(pop()).toBeUndefined();
      await clock.advance(2001);
    }
    expect(pop()).toBe('p');
  });

  test('backoffs that end together end in the order of priority', async () => {
    const { queue, clock, pop } = start();
    queue.add(priority('low', 0));
    const low = queue.pop();
    await clock.advance(300);
    queue.add(priority('high', 9));
    const high = queue.pop();
    for (const taken of [low, high]) if (taken !== undefined) queue.retryLater(taken);
    await clock.advance(2000);
    expect([pop(), pop()]).toEqual(['high', 'low']);
  });

  test('after five minutes it is tried anyway; without waiting pods no timer runs', async () => {
    const { queue, reject, clock, pop, wakeUps } = start();
    queue.add(pod('p'));
    reject('NodeAffinity');
    await clock.advance(299_000);
    expect(pop()).toBeUndefined();
    await clock.advance(2000);
    expect(pop()).toBe('p');
    const before = wakeUps();
    await clock.advance(3_600_000);
    expect(wakeUps()).toBe(before);
  });

  test('a gated pod enters when its gates are gone', () => {
    const { queue, pop } = start();
    const gated = pod('p', { spec: { schedulingGates: [{ name: 'wait' }] } });
    queue.add(gated);
    queue.wake(nodeAdded());
    expect(pop()).toBeUndefined();
    const free = { ...gated, spec: { ...gated.spec, schedulingGates: [] } };
    queue.update(free, () => [{ resource: 'UnscheduledPod', action: actions.podGatesGone, old: gated, object: free }]);
    expect(pop()).toBe('p');
  });

  test('a pod whose victims are being told to go stays until that is done', () => {
    const held = new Set(['uid-p']);
    const { queue, reject, pop } = start({ held });
    queue.add(pod('p', { cpu: '1' }));
    reject('NodeResourcesFit');
    queue.wake(gone());
    expect(pop()).toBeUndefined();
    held.clear();
    queue.wake(gone());
    expect(pop()).toBe('p');
  });

  test('a deleted pod is nowhere', async () => {
    const { queue, reject, pop, clock } = start();
    queue.add(pod('p'));
    queue.add(pod('q'));
    queue.delete('uid-p');
    expect([pop(), pop()]).toEqual(['q', undefined]);
    queue.add(pod('r'));
    reject('NodeAffinity');
    queue.delete('uid-r');
    queue.wake(nodeAdded());
    await clock.advance(400_000);
    expect(pop()).toBeUndefined();
  });

  test('only those that may profit are woken', () => {
    const { queue, reject, pop } = start();
    for (const [name, value] of [
      ['x', 1],
      ['y', 9],
    ] as const) {
      queue.add(priority(name, value));
      reject('NodeResourcesFit');
    }
    queue.wake(gone(), ({ info }) => info.priority <= 5);
    expect([pop(), pop()]).toEqual(['x', undefined]);
  });
});
