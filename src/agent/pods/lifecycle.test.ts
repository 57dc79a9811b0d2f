/** How a pod lives on when its containers end, vanish or change: the whole agent over the simulated runtime. */
import { describe, expect, test } from '@jest/globals';
import { refs } from '../../client/refs.ts';
import { testPod } from '../testing/pods.ts';
import { simAgent } from '../testing/sim-agent.ts';

const rule = (action: string, ...values: number[]) => [{ action, exitCodes: { operator: 'In', values } }];

describe("a container's own restart policy", () => {
  test('a rule goes before the policy', async () => {
    const { start, create, exit, container, pod } = simAgent();
    const agent = await start();
    await create({
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'web', image: 'web:1', restartPolicy: 'Never', restartPolicyRules: rule('Restart', 42) }],
      },
    });
    await exit('web', 42);
    expect(container()).toMatchObject({ restartCount: 1, state: { running: {} } });
    await exit('web', 1);
    expect(pod().status).toMatchObject({
      phase: 'Failed',
      containerStatuses: [{ restartCount: 1, state: { terminated: { exitCode: 1 } } }],
    });
    await agent.stop();
  });

  test('a pod that starts nothing again runs on as long as one container does', async () => {
    const { start, create, exit, container, pod, advance } = simAgent();
    const agent = await start();
    await create({
      spec: {
        restartPolicy: 'Never',
        containers: [
          { name: 'web', image: 'web:1', restartPolicy: 'OnFailure' },
          { name: 'other', image: 'web:1' },
        ],
      },
    });
    await exit('other', 0);
    await exit('web', 1);
    expect(pod().status.phase).toBe('Running');
    expect(container()).toMatchObject({ restartCount: 1, state: { running: {} } });
    await exit('web', 0);
    await advance(10_000);
    expect(pod().status.phase).toBe('Succeeded');
    await agent.stop();
  });

  test('RestartAllContainers: everything begins anew in the same sandbox', async () => {
    const { start, create, exit, container, condition, pod, runtime, reasons } = simAgent();
    const agent = await start();
    await create({
      spec: {
        restartPolicy: 'Never',
        initContainers: [{ name: 'init', image: 'i:1' }, { name: 'side', image: 'i:1', restartPolicy: 'Always' }], // prettier-ignore
        containers: [
          { name: 'web', image: 'web:1', restartPolicy: 'Never', restartPolicyRules: rule('RestartAllContainers', 42) },
          { name: 'other', image: 'web:1' },
        ],
      },
    });
    expect(condition('AllContainersRestarting')).toMatchObject({ status: 'False' });
    const [before] = await runtime.list();
    await exit('web', 42);
    for (const name of ['init', 'side', 'web', 'other']) {
      expect(container(name)).toMatchObject({
        restartCount: 1,
        lastState: {
          terminated: {
            reason: 'RestartingAllContainers',
            exitCode: 137,
            message: 'The container is removed because RestartAllContainers in place',
          },
        },
      });
    }
    expect(pod().status.phase).toBe('Running');
    expect(condition('AllContainersRestarting')).toMatchObject({ status: 'False' });
    const [after] = await runtime.list();
    expect(after?.sandboxes).toEqual(before?.sandboxes);
    expect(after?.containers).toHaveLength(4);
    expect(reasons()).not.toContain('BackOff');
    await agent.stop();
  });
});

test('RestartAllContainers asked for by a sidecar of a pod that starts nothing again', async () => {
  const { start, create, exit, container, pod, id } = simAgent();
  const agent = await start();
  await create({
    spec: {
      restartPolicy: 'Never',
      initContainers: [{ name: 'side', image: 'i:1', restartPolicy: 'Always', restartPolicyRules: rule('RestartAllContainers', 42) }],
      containers: [{ name: 'web', image: 'web:1' }],
    },
  });
  const first = id();
  await exit('side', 42);
  expect(id()).not.toBe(first);
  expect(pod().status.phase).toBe('Running');
  expect(container()).toMatchObject({ restartCount: 1, state: { running: {} } });
  await agent.stop();
});

describe('what vanishes', () => {
  test('a container removed by hand is started again', async () => {
    const { start, create, container, id, runtime, settle, pod } = simAgent();
    const agent = await start();
    await create();
    const first = id();
    await runtime.removeContainer(first);
    await settle();
    expect(id()).not.toBe(first);
    expect(pod().status.phase).toBe('Running');
    expect(container()).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 137 } } });
    await agent.stop();
  });

  test.each([
    ['Always', 'Running', 1],
    ['Never', 'Failed', 0],
  ])('of a container that vanished while nobody looked the end is not known (%s)', async (restartPolicy, phase, restartCount) => {
    const { start, create, container, id, runtime, settle, pod } = simAgent();
    const agent = await start();
    await create({ spec: { restartPolicy } });
    await agent.stop();
    await runtime.removeContainer(id());
    const next = await start();
    await settle();
    expect(pod().status.phase).toBe(phase);
    const { restartCount: count, state, lastState } = container();
    expect(count).toBe(restartCount);
    expect(state?.terminated ?? lastState?.terminated).toEqual({
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was deleted.  The container used to be Running',
      exitCode: 137,
    });
    await next.stop();
  });

  test('a sandbox that dies takes the pod with it, which begins with its init containers', async () => {
    const { start, create, container, runtime, settle, reasons, advance } = simAgent();
    const agent = await start();
    await create({ spec: { initContainers: [{ name: 'init', image: 'i:1' }] } });
    const [state] = await runtime.list();
    await runtime.removeSandbox(state?.sandboxes[0]?.id ?? '');
    await settle();
    await advance(2000);
    expect(reasons()).toContain('SandboxChanged');
    expect(container('init')).toMatchObject({ restartCount: 1, state: { terminated: { exitCode: 0 } } });
    expect(container()).toMatchObject({ restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 137 } } });
    await agent.stop();
  });

  test('a pod that starts nothing again has failed when its sandbox dies', async () => {
    const { start, create, pod, runtime, settle } = simAgent();
    const agent = await start();
    await create({ spec: { restartPolicy: 'Never' } });
    const [state] = await runtime.list();
    await runtime.removeSandbox(state?.sandboxes[0]?.id ?? '');
    await settle();
    expect(pod().status).toMatchObject({ phase: 'Failed', containerStatuses: [{ restartCount: 0 }] });
    await agent.stop();
  });

  test('a machine that has started again: containers of the status are the past, their counts go on', async () => {
    const { start, create, container, runtime, settle, id } = simAgent();
    const agent = await start();
    await create({ spec: { initContainers: [{ name: 'init', image: 'i:1' }] } });
    const first = id();
    await agent.stop();
    const [state] = await runtime.list();
    for (const { id: gone } of state?.containers ?? []) await runtime.removeContainer(gone);
    await runtime.removeSandbox(state?.sandboxes[0]?.id ?? '');
    const next = await start();
    await settle();
    expect(id()).not.toBe(first);
    expect(container('init')).toMatchObject({ restartCount: 1 });
    expect(container()).toMatchObject({
      restartCount: 1,
      state: { running: {} },
      lastState: { terminated: { reason: 'ContainerStatusUnknown', exitCode: 137 } },
    });
    await next.stop();
  });
});

test('a status that tells no times, as of containers nobody saw end, is taken over', async () => {
  const { start, create, container, pod, client } = simAgent();
  const known = { exitCode: 137, reason: 'ContainerStatusUnknown', message: 'not found' };
  const web = {
    ...{ name: 'web', image: 'web:1', imageID: '', containerID: 'sim://1', ready: false, restartCount: 2 },
    state: { terminated: { ...known, startedAt: null, finishedAt: null } },
  };
  client.seed(refs.pods, testPod({ spec: { restartPolicy: 'Never' }, status: { phase: 'Running', containerStatuses: [web] } }));
  const agent = await start();
  await create({ metadata: { name: 'other' } });
  expect(pod().status.phase).toBe('Failed');
  expect(container()).toMatchObject({ restartCount: 2, state: { terminated: known } });
  expect(pod('other').status.phase).toBe('Running');
  await agent.stop();
});

test('simulated images bear runAsNonRoot', async () => {
  const { start, create, pod } = simAgent();
  const agent = await start();
  await create({ spec: { securityContext: { runAsNonRoot: true } } });
  expect(pod().status.phase).toBe('Running');
  await agent.stop();
});

test('a node whose status nobody could write yet takes pods', async () => {
  const { start, create, pod, client } = simAgent();
  client.fail = ({ resource, subresource }) => (resource === 'nodes' && subresource === 'status' ? new Error('not now') : undefined);
  client.seed(refs.nodes, { metadata: { name: 'n1' }, spec: {}, status: {} });
  const agent = await start();
  await create();
  expect(client.peek(refs.nodes, 'n1')?.status.allocatable).toBeUndefined();
  expect(pod().status.phase).toBe('Running');
  await agent.stop();
});

describe('refused by the node', () => {
  const refused = async (spec: object, status: object): Promise<void> => {
    const { start, create, pod } = simAgent();
    const agent = await start();
    await create({ spec });
    expect(pod().status).toMatchObject({ phase: 'Failed', ...status });
    await agent.stop();
  };
  const sysctls = (name: string) => ({ securityContext: { sysctls: [{ name, value: '1' }] } });

  test('sysctls that are not safe', () =>
    refused(sysctls('kernel.msgmax'), {
      reason: 'SysctlForbidden',
      message: 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
    }));
  test('sysctls of a namespace that is the host\'s', () =>
    refused({ ...sysctls('net/ipv4/tcp_syncookies'), hostNetwork: true }, { message: 'Pod was rejected: forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled' })); // prettier-ignore
  test('AppArmor', () =>
    refused(
      { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
      { reason: 'AppArmor', message: 'Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host' },
    ));
  test('groups of the image left out', () =>
    refused(
      { securityContext: { supplementalGroupsPolicy: 'Strict' } },
      {
        reason: 'SupplementalGroupsPolicyNotSupported',
        message: 'Pod was rejected: SupplementalGroupsPolicy=Strict is not supported in this node',
      },
    ));
});

describe('sandboxes that cannot be made', () => {
  const said = async (spec: object): Promise<string | undefined> => {
    const { start, create, client, events, pod } = simAgent();
    const agent = await start();
    await client.resource(refs.runtimeClasses).create('', { metadata: { name: 'known' }, handler: 'kata' });
    await create({ spec });
    expect(pod().status.phase).toBe('Pending');
    await agent.stop();
    return events()
      .find(([reason]) => reason === 'FailedCreatePodSandBox')?.[1]
      .replace(/p_ns\([^)]*\)/, 'POD');
  };

  test('a handler that the runtime does not have', async () => {
    expect(await said({ runtimeClassName: 'known' })).toBe(
      'Failed to create pod sandbox: Failed to create sandbox for pod "POD": no runtime for "kata" is configured',
    );
  });
  test('a class that is not there', async () => {
    expect(await said({ runtimeClassName: 'none' })).toMatch(/Failed to create sandbox for pod "POD": .*"none" not found/);
  });
  test('user namespaces', async () => {
    expect(await said({ hostUsers: false })).toBe(
      'Failed to create pod sandbox: Failed to generate sandbox config for pod "POD": ' +
        "can't set `spec.hostUsers: false`, runtime does not support user namespaces",
    );
  });
});

test('an agent killed at any moment: nothing that runs is started again, nothing is lost, nothing doubled', async () => {
  const { start, create, pods, pod, settle, clock, runtime, container } = simAgent();
  const names = ['a', 'b', 'c', 'd'];
  let agent = await start();
  const started = new Map<string, number>();
  runtime.watch((event) => {
    if (event.type === 'started') started.set(event.id, (started.get(event.id) ?? 0) + 1);
  });
  const spec = {
    initContainers: [{ name: 'init', image: 'i:1' }],
    containers: [{ name: 'web', image: 'web:1' }, { name: 'more', image: 'web:1' }], // prettier-ignore
  };
  // A pod is being made when the agent goes, after a number of steps that differs.
  for (const [at, name] of names.entries()) {
    const made = create({ metadata: { name, annotations: { 'sim.coracle.io/start-ms': '50' } }, spec });
    for (let step = 0; step < at * 7 + 1; step += 1) await clock.advance(at * 3);
    await agent.stop();
    await made;
    agent = await start();
    await settle();
  }
  await clock.advance(1000);
  await settle();
  for (const name of names) {
    expect(pod(name).status.phase).toBe('Running');
    for (const each of ['web', 'more']) expect(container(each, name)).toMatchObject({ ready: true, restartCount: 0 });
  }
  const states = await runtime.list();
  expect(states.map((state) => state.sandboxes.length)).toEqual(names.map(() => 1));
  const running = states.map((state) => state.containers.filter((one) => one.state === 'running').map((one) => one.name).sort()); // prettier-ignore
  expect(running).toEqual(names.map(() => ['more', 'web']));
  expect([...started.values()].every((count) => count === 1)).toBe(true);
  // What has ended meanwhile is started again once, what was deleted is gone.
  await agent.stop();
  runtime.exit(container('web', 'a').containerID?.replace('sim://', '') ?? '', 3);
  await pods.delete('ns', 'b');
  agent = await start();
  await settle();
  await clock.advance(2000);
  await settle();
  expect(container('web', 'a')).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 3 } } });
  expect((await runtime.list()).map((state) => state.pod.name).sort()).toEqual(['a', 'c', 'd']);
  await agent.stop();
});

describe('the API server', () => {
  test('is away for minutes: containers are started again, and the status catches up', async () => {
    const { start, create, client, advance, exit, container, pod } = simAgent();
    const agent = await start();
    await create();
    client.fail = () => new Error('connect ECONNREFUSED');
    await exit('web', 3);
    await advance(300_000);
    expect(container()).toMatchObject({ restartCount: 0 });
    client.fail = () => undefined;
    await advance(20_000);
    expect(container()).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 3 } } });
    expect(pod().status.phase).toBe('Running');
    await agent.stop();
  });

  test('is not there when the agent starts: the node comes when it does', async () => {
    const { start, client, advance, create, pod } = simAgent();
    client.fail = () => new Error('connect ECONNREFUSED');
    const agent = await start();
    await advance(120_000);
    expect(client.peek(refs.nodes, 'n1')).toBeUndefined();
    client.fail = () => undefined;
    await advance(20_000);
    expect(client.peek(refs.nodes, 'n1')?.status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
    await create();
    expect(pod().status.phase).toBe('Running');
    await agent.stop();
  });
});

test('an image that never comes: the pod waits longer each time, and says so', async () => {
  const { start, create, advance, container, runtime } = simAgent();
  let pulls = 0;
  const pull = runtime.pullImage.bind(runtime);
  runtime.pullImage = (...call) => {
    pulls += 1;
    return pull(...call);
  };
  const agent = await start();
  await create({ spec: { containers: [{ name: 'web', image: 'web:404' }] } });
  const why = 'manifest for web:404 not found: manifest unknown';
  expect(container()).toMatchObject({ state: { waiting: { reason: 'ErrImagePull', message: why } } });
  await advance(1000);
  const waiting = { reason: 'ImagePullBackOff', message: `Back-off pulling image "web:404": ErrImagePull: ${why}` };
  expect(container()).toMatchObject({ state: { waiting } });
  for (let second = 0; second < 3600; second += 10) await advance(10_000);
  expect(container()).toMatchObject({ state: { waiting } });
  // After 10, 20, 40, 80, 160 seconds, then every five minutes.
  expect(pulls).toBeGreaterThan(14);
  expect(pulls).toBeLessThan(18);
  await agent.stop();
});
