/** How a pod lives on when its containers end, vanish or change: the whole agent over the simulated runtime. */
import { describe, expect, test } from '@jest/globals';
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
