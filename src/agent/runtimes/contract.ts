/** What every runtime has to do, as tests; each implementation runs them. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Container, ContainerConfig, Runtime, RuntimeEvent, Sandbox, SandboxConfig } from './runtime.ts';

export interface ContractOptions {
  open(): Promise<Runtime>;
  /** A name of an image that is there, with a shell at /bin/sh. */
  readonly image: string;
  /** Whether containers really run, so that their output and exit codes can be asked for. */
  readonly real: boolean;
}

/** A sandbox of its own network. */
export function sandboxConfig(uid: string): SandboxConfig {
  return {
    pod: { namespace: 'contract', name: 'pod', uid },
    attempt: 0,
    hostname: 'contract-host',
    hostNetwork: false,
    hostPID: false,
    hostIPC: false,
    cgroupParent: `/kubepods/besteffort/pod${uid}`,
    sysctls: {},
    handler: '',
    annotations: {},
  };
}

function containerConfig(sandbox: Sandbox, image: string, parts: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    pod: sandbox.pod,
    name: 'main',
    kind: 'main',
    restartCount: 0,
    specHash: 'hash',
    image,
    imageID: '',
    command: ['/bin/sh', '-c', 'trap "exit 7" TERM; echo out; echo err >&2; while true; do sleep 0.1; done'],
    args: undefined,
    env: ['GREETING=hello'],
    workingDir: '',
    mounts: [],
    devices: [],
    stdin: false,
    stdinOnce: false,
    tty: false,
    stopSignal: '',
    resources: {},
    security: {
      user: '',
      groups: [],
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      readOnlyRoot: false,
      noNewPrivileges: false,
      seccomp: 'default',
      unmaskedProc: false,
      appArmor: '',
    },
    cgroupParent: `/kubepods/besteffort/pod${sandbox.pod.uid}`,
    terminationLog: '',
    processes: 'own',
    ...parts,
  };
}

/** Runs `work` with a runtime and a sandbox, and takes both away. */
async function withSandbox(options: ContractOptions, work: (runtime: Runtime, sandbox: Sandbox) => Promise<void>): Promise<void> {
  const runtime = await options.open();
  const sandbox = await runtime.runSandbox(sandboxConfig(randomUUID()));
  try {
    await work(runtime, sandbox);
  } finally {
    for (const state of await runtime.list()) {
      if (state.pod.uid !== sandbox.pod.uid) continue;
      for (const container of state.containers) await runtime.removeContainer(container.id);
    }
    await runtime.removeSandbox(sandbox.id);
    await runtime.stop();
  }
}

export function runtimeContract(options: ContractOptions): void {
  const { image, real } = options;
  const start = async (runtime: Runtime, sandbox: Sandbox, parts: Partial<ContainerConfig> = {}): Promise<Container> =>
    runtime.startContainer((await runtime.createContainer(sandbox, containerConfig(sandbox, image, parts))).id);

  test('a container runs, stops and goes', () =>
    withSandbox(options, async (runtime, sandbox) => {
      expect(sandbox).toMatchObject({ running: true, attempt: 0 });
      expect(sandbox.pid).toBeGreaterThan(0);
      const made = await runtime.createContainer(sandbox, containerConfig(sandbox, image));
      const { id, createdAt, ...rest } = made;
      expect(made).toMatchObject({ state: 'created', startedAt: 0, sandboxId: sandbox.id });
      const seen = await runtime.inspectContainer(id);
      // An image that was named by a name has an id only once it was looked up.
      expect(seen).toMatchObject({ ...rest, imageID: seen?.imageID });
      expect(Math.abs(createdAt - (seen?.createdAt ?? 0))).toBeLessThan(10_000);
      const container = await runtime.startContainer(id);
      expect(container).toMatchObject({ state: 'running', name: 'main', kind: 'main', specHash: 'hash', image });
      expect(container.startedAt).toBeGreaterThanOrEqual(container.createdAt);
      await runtime.stopContainer(id, 5000);
      const ended = await runtime.inspectContainer(id);
      expect(ended?.state).toBe('exited');
      expect(ended?.finishedAt).toBeGreaterThanOrEqual(container.startedAt);
      await runtime.removeContainer(id);
      expect(await runtime.inspectContainer(id)).toBeUndefined();
    }));

  test('a sandbox that is stopped runs no more, is known until it is removed, and may be stopped again', () =>
    withSandbox(options, async (runtime, { id }) => {
      await runtime.stopSandbox(id);
      while ((await runtime.inspectSandbox(id))?.running === true) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await runtime.inspectSandbox(id)).toMatchObject({ id, running: false });
      await runtime.stopSandbox(id);
      await runtime.removeSandbox(id);
      expect(await runtime.inspectSandbox(id)).toBeUndefined();
      await runtime.stopSandbox(id);
    }));

  test('a handler it names runs sandbox and container', () =>
    withSandbox(options, async (runtime) => {
      const [handler = ''] = await runtime.handlers();
      const sandbox = await runtime.runSandbox({ ...sandboxConfig(randomUUID()), handler });
      const { id } = await start(runtime, sandbox);
      expect(await runtime.inspectContainer(id)).toMatchObject({ state: 'running' });
      await runtime.removeContainer(id);
      await runtime.removeSandbox(sandbox.id);
    }));

  test('a start that was broken off leaves nothing behind: there is one container an attempt', () =>
    withSandbox(options, async (runtime, sandbox) => {
      await runtime.createContainer(sandbox, containerConfig(sandbox, image));
      const { id } = await start(runtime, sandbox);
      const state = (await runtime.list()).find((candidate) => candidate.pod.uid === sandbox.pod.uid);
      expect(state?.containers.map((one) => one.id)).toEqual([id]);
    }));

  test('everything is found again by list, the newest first', () =>
    withSandbox(options, async (runtime, sandbox) => {
      const first = await start(runtime, sandbox);
      await runtime.stopContainer(first.id, 0);
      const second = await start(runtime, sandbox, { restartCount: 1 });
      const state = (await runtime.list()).find((candidate) => candidate.pod.uid === sandbox.pod.uid);
      expect(state?.sandboxes.map(({ id }) => id)).toEqual([sandbox.id]);
      expect(state?.containers.map(({ id, restartCount }) => [id, restartCount])).toEqual([
        [second.id, 1],
        [first.id, 0],
      ]);
    }));

  test('events tell of starts and ends', () =>
    withSandbox(options, async (runtime, sandbox) => {
      const events: RuntimeEvent[] = [];
      const died = Promise.withResolvers<undefined>();
      const watch = runtime.watch((event) => {
        events.push(event);
        if (event.type === 'died') died.resolve(undefined);
      });
      // The stream of a remote runtime opens at its own pace.
      if (real) await new Promise((resolve) => setTimeout(resolve, 200));
      const { id } = await start(runtime, sandbox);
      await runtime.stopContainer(id, 5000);
      await died.promise;
      expect(events).toEqual([
        { type: 'started', podUid: sandbox.pod.uid, id, sandbox: false },
        { type: 'died', podUid: sandbox.pod.uid, id, sandbox: false },
      ]);
      await watch.stop();
    }));

  test('unknown ids: nothing to inspect, nothing to remove, no start', () =>
    withSandbox(options, async (runtime) => {
      const id = 'f'.repeat(64);
      expect(await runtime.inspectContainer(id)).toBeUndefined();
      expect(await runtime.inspectSandbox(id)).toBeUndefined();
      await runtime.removeContainer(id);
      await runtime.removeSandbox(id);
      await expect(runtime.startContainer(id)).rejects.toMatchObject({ name: 'RuntimeError', code: 'notFound' });
    }));

  test('images', () =>
    withSandbox(options, async (runtime) => {
      expect(await runtime.imageStatus(image)).toMatchObject({ id: expect.any(String) });
    }));

  if (real) realContract(options, start);
}

type Start = (runtime: Runtime, sandbox: Sandbox, parts?: Partial<ContainerConfig>) => Promise<Container>;

function realContract(options: ContractOptions, start: Start): void {
  const text = async (stream: AsyncIterable<unknown> | undefined): Promise<string> => {
    let all = '';
    for await (const chunk of stream ?? []) all += String(chunk);
    return all;
  };

  describe('with real processes', () => {
    test('the sandbox has a network of its own and the name that was asked for', () =>
      withSandbox(options, async (runtime, sandbox) => {
        const { id } = await start(runtime, sandbox);
        const session = await runtime.exec(id, ['/bin/sh', '-c', 'cat /proc/sys/kernel/hostname; ls /sys/class/net'], {
          stdin: false,
          stdout: true,
          stderr: true,
          tty: false,
        });
        expect((await text(session.stdout)).split('\n')).toEqual(['contract-host', 'lo', '']);
      }));

    test('exec: streams, end of input, exit code', () =>
      withSandbox(options, async (runtime, sandbox) => {
        const { id } = await start(runtime, sandbox);
        const session = await runtime.exec(id, ['/bin/sh', '-c', 'cat; echo $GREETING >&2; exit 5'], {
          stdin: true,
          stdout: true,
          stderr: true,
          tty: false,
        });
        session.stdin?.end('input');
        expect(await Promise.all([text(session.stdout), text(session.stderr), session.exited])).toEqual(['input', 'hello\n', 5]);
      }));

    test('the exit code of a stopped container, its log, and parts of it', () =>
      withSandbox(options, async (runtime, sandbox) => {
        const { id } = await start(runtime, sandbox);
        await new Promise((resolve) => setTimeout(resolve, 200));
        await runtime.stopContainer(id, 5000);
        expect(await runtime.inspectContainer(id)).toMatchObject({ state: 'exited', exitCode: 7 });
        const logs = { follow: true, timestamps: false, streams: 'all' } as const;
        expect((await text(await runtime.logs(id, logs))).split('\n').sort()).toEqual(['', 'err', 'out']);
        expect(await text(await runtime.logs(id, { ...logs, streams: 'stderr' }))).toBe('err\n');
        expect(await text(await runtime.logs(id, { ...logs, streams: 'stdout', timestamps: true }))).toMatch(
          /^\d{4}-\d\d-\d\dT[\d:.]+Z out\n$/,
        );
      }));

    test('a program that is not there: no start, and the reason is kept', () =>
      withSandbox(options, async (runtime, sandbox) => {
        await expect(start(runtime, sandbox, { command: ['/nope'] })).rejects.toThrow('/nope');
        const state = (await runtime.list()).find((candidate) => candidate.pod.uid === sandbox.pod.uid);
        expect(state?.containers[0]).toMatchObject({ state: 'exited', exitCode: 128, startError: expect.stringContaining('/nope') });
      }));
  });
}
