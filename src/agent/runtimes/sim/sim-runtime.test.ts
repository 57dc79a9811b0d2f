import { describe, expect, test } from '@jest/globals';
import { FakeClock, realClock } from '../../../base/clock.ts';
import { runtimeContract } from '../contract.ts';
import type { SandboxConfig } from '../runtime.ts';
import { startSim } from './sim-runtime.ts';

runtimeContract({ open: async () => startSim({ clock: realClock }), image: 'any:1', real: false });

describe('annotations of the pod', () => {
  async function container(annotations: Record<string, string>, kind: 'main' | 'init' = 'main') {
    const clock = new FakeClock();
    const runtime = startSim({ clock });
    const pod = { namespace: 'ns', name: 'p', uid: 'u' };
    const sandbox = await runtime.runSandbox({ pod, attempt: 0, annotations } as SandboxConfig);
    const { id } = await runtime.createContainer(sandbox, { pod, name: 'c', kind, restartCount: 0, image: 'x' } as never);
    return { clock, runtime, id };
  }

  test('a start takes as long as told', async () => {
    const { clock, runtime, id } = await container({ 'sim.coracle.io/start-ms': '500' });
    const started = runtime.startContainer(id);
    await clock.advance(499);
    expect((await runtime.inspectContainer(id))?.state).toBe('created');
    await clock.advance(1);
    expect((await started).state).toBe('running');
  });

  test('a container ends by itself', async () => {
    const { clock, runtime, id } = await container({ 'sim.coracle.io/exit-ms': '1000', 'sim.coracle.io/exit-code': '3' });
    await runtime.startContainer(id);
    await clock.advance(1000);
    expect(await runtime.inspectContainer(id)).toMatchObject({ state: 'exited', exitCode: 3 });
  });

  test('an init container is done at once', async () => {
    const { clock, runtime, id } = await container({}, 'init');
    await runtime.startContainer(id);
    await clock.advance(0);
    expect(await runtime.inspectContainer(id)).toMatchObject({ state: 'exited', exitCode: 0 });
  });

  test('a start can be refused', async () => {
    const { runtime, id } = await container({ 'sim.coracle.io/start-error': 'no luck' });
    await expect(runtime.startContainer(id)).rejects.toThrow('no luck');
    expect(await runtime.inspectContainer(id)).toMatchObject({ state: 'exited', startError: 'no luck' });
  });
});

test.each(['foo:non-existent', 'webserver:404'])('%s cannot be had', async (image) => {
  const runtime = startSim({ clock: new FakeClock() });
  expect(await runtime.imageStatus(image)).toBeUndefined();
  await expect(runtime.pullImage(image, undefined)).rejects.toThrow(`manifest for ${image} not found`);
});
