/** How pods end: in which order, in how much time, and what does not hold them up. */
import { describe, expect, test } from '@jest/globals';
import { simAgent, type SimAgent } from '../testing/sim-agent.ts';

const stopMs = (ms: number) => ({ annotations: { 'sim.coracle.io/stop-ms': String(ms) } });
const sidecar = (name: string, parts: object = {}) => ({ name, image: `${name}:1`, restartPolicy: 'Always', ...parts });

/** Names of what still runs. */
async function alive({ runtime }: SimAgent): Promise<string[]> {
  const [state] = await runtime.list();
  return (state?.containers ?? []).filter((one) => one.state === 'running').map((one) => one.name).toSorted(); // prettier-ignore
}

async function remove(sim: SimAgent, gracePeriodSeconds: number): Promise<void> {
  await sim.pods.delete('ns', 'p', { gracePeriodSeconds });
  await sim.settle();
}

describe('sidecars', () => {
  const spec = {
    initContainers: [sidecar('first'), sidecar('second')],
    containers: [{ name: 'web', image: 'web:1' }],
  };

  test('end after the main containers, in the reverse order of their start', async () => {
    const sim = simAgent();
    const agent = await sim.start();
    await sim.create({ metadata: stopMs(3000), spec });
    await remove(sim, 30);
    expect(await alive(sim)).toEqual(['first', 'second', 'web']);
    await sim.advance(3000);
    expect(await alive(sim)).toEqual(['first', 'second']);
    await sim.advance(3000);
    expect(await alive(sim)).toEqual(['first']);
    await sim.advance(3000);
    expect(await alive(sim)).toEqual([]);
    expect(sim.peek()).toBeUndefined();
    await agent.stop();
  });

  test('also when the main containers have ended by themselves', async () => {
    const sim = simAgent();
    const agent = await sim.start();
    await sim.create({ metadata: stopMs(3000), spec: { ...spec, restartPolicy: 'Never' } });
    await sim.exit('web', 0);
    expect(await alive(sim)).toEqual(['first', 'second']);
    await sim.advance(3000);
    expect(await alive(sim)).toEqual(['first']);
    await sim.advance(3000);
    expect(await alive(sim)).toEqual([]);
    expect(sim.pod().status.phase).toBe('Succeeded');
    await agent.stop();
  });

  test('share the grace of the pod with those they wait for, and have two seconds in any case', async () => {
    const sim = simAgent();
    const agent = await sim.start();
    await sim.create({ metadata: stopMs(100_000), spec });
    await remove(sim, 5);
    await sim.advance(5000);
    await sim.advance(1999);
    expect(await alive(sim)).toEqual(['first', 'second']);
    await sim.advance(1);
    expect(await alive(sim)).toEqual([]);
    await agent.stop();
  });

  test('begin their hooks with everybody else', async () => {
    const sim = simAgent();
    const agent = await sim.start();
    const preStop = { lifecycle: { preStop: { sleep: { seconds: 4 } } } };
    await sim.create({ metadata: stopMs(4000), spec: { ...spec, initContainers: [sidecar('first', preStop)] } });
    await remove(sim, 30);
    await sim.advance(4000);
    expect(await alive(sim)).toEqual(['first']);
    await sim.advance(4000);
    expect(await alive(sim)).toEqual([]);
    await agent.stop();
  });
});

describe('whoever deletes again in more of a hurry gets it', () => {
  test('the object is gone at once, the container two seconds later', async () => {
    const sim = simAgent();
    const agent = await sim.start();
    await sim.create({ metadata: stopMs(1_000_000) });
    await remove(sim, 600);
    await sim.advance(10_000);
    await remove(sim, 0);
    expect(sim.peek()).toBeUndefined();
    await sim.advance(1999);
    expect(await alive(sim)).toEqual(['web']);
    await sim.advance(1);
    expect(await alive(sim)).toEqual([]);
    await agent.stop();
  });

  test('a hook is not waited for any longer', async () => {
    const sim = simAgent();
    const agent = await sim.start();
    await sim.create({ spec: { containers: [{ name: 'web', image: 'web:1', lifecycle: { preStop: { sleep: { seconds: 500 } } } }] } });
    await remove(sim, 600);
    await remove(sim, 5);
    await sim.advance(4999);
    expect(await alive(sim)).toEqual(['web']);
    await sim.advance(1);
    expect(await alive(sim)).toEqual([]);
    await agent.stop();
  });
});

describe('a pod that is deleted while it starts waits', () => {
  test('for no image', async () => {
    const sim = simAgent();
    const agent = await sim.start();
    await sim.create({ spec: { containers: [{ name: 'web', image: 'web:endless' }] } });
    expect(sim.reasons()).toContain('Pulling');
    await remove(sim, 30);
    expect(sim.peek()).toBeUndefined();
    expect(await sim.runtime.list()).toEqual([]);
    await agent.stop();
  });

  test('for no hook', async () => {
    const sim = simAgent();
    const agent = await sim.start();
    const postStart = { sleep: { seconds: 5000 } };
    await sim.create({ spec: { containers: [{ name: 'web', image: 'web:1', lifecycle: { postStart } }] } });
    expect(await alive(sim)).toEqual(['web']);
    await remove(sim, 30);
    expect(sim.peek()).toBeUndefined();
    await agent.stop();
  });
});
