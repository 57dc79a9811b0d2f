/** What the API or the runtime says may be nonsense: that is the trouble of the pod it is said of, and of no other. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { refs } from '../../client/refs.ts';
import { simAgent } from '../testing/sim-agent.ts';

const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note).on('uncaughtException', note);
});
afterEach(() => void process.off('unhandledRejection', note).off('uncaughtException', note));

const container = (parts: object) => ({ spec: { containers: [{ name: 'web', image: 'web:1', ...parts }] } });
const status = (parts: object) => ({ status: { containerStatuses: [{ name: 'web', ...parts }] } });

test.each<[string, object]>([
  ['no containers', { spec: { containers: [] } }],
  ['null for containers', { spec: { containers: null } }],
  ['a container that is null', { spec: { containers: [null] } }],
  ['amounts that are none', container({ resources: { requests: { cpu: 'x', memory: null }, limits: { memory: {} } } })],
  ['probes that are empty', container({ livenessProbe: {}, readinessProbe: { httpGet: {} }, startupProbe: { exec: null } })],
  ['hooks that are empty', container({ lifecycle: { postStart: {}, preStop: { exec: {} } } })],
  ['ports that are none', container({ ports: [{ containerPort: 'x', hostPort: -1 }, null] })],
  [
    'variables from nowhere',
    container({
      env: [
        { name: 'A', valueFrom: {} },
        { name: 'B', valueFrom: { fieldRef: {} } },
      ],
      envFrom: [{}],
    }),
  ],
  ['an image that is null', container({ image: null })],
  ['tolerations that are null', { spec: { tolerations: [null], containers: [{ name: 'web', image: 'a' }] } }],
  [
    'affinity that is none',
    { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } }, containers: [] } },
  ],
  ['statuses without a state', status({})],
  ['statuses that are null', { status: { containerStatuses: [null], initContainerStatuses: null } }],
  ['times that are none', status({ state: { running: { startedAt: 'yesterday' } }, containerID: 'sim://x', restartCount: 'x' })],
  ['an end without times', status({ state: { terminated: { exitCode: null } }, lastState: { terminated: null }, containerID: 'sim://x' })],
  ['a start that is none', { status: { phase: 'Running', startTime: 'x' }, spec: { activeDeadlineSeconds: 5, containers: [] } }],
  ['a phase that is none', { status: { phase: 'Dancing', conditions: [null, {}] } }],
])('%s', async (_, parts) => {
  const node = simAgent();
  const agent = await node.start();
  await node.create({ ...parts, metadata: { name: 'odd' } }).catch(() => undefined);
  await node.create({ metadata: { name: 'fine' } });
  await node.advance(1000);
  expect(node.pod('fine').status.phase).toBe('Running');
  expect(unhandled).toEqual([]);
  await agent.stop();
});

test('what was there before the agent is no better', async () => {
  const node = simAgent();
  await node.create({
    metadata: { name: 'odd' },
    status: { containerStatuses: [{ name: 'web', state: {}, containerID: 'sim://x' }, null] },
  });
  await node.create({ metadata: { name: 'fine' } });
  const agent = await node.start();
  await node.advance(1000);
  expect(node.pod('fine').status.phase).toBe('Running');
  expect(unhandled).toEqual([]);
  await agent.stop();
});

test('a change into nonsense, and back', async () => {
  const node = simAgent();
  const agent = await node.start();
  await node.create();
  await node.create({ metadata: { name: 'fine' } });
  const pods = node.client.resource(refs.pods);
  const change = async (parts: object): Promise<void> => {
    await pods.update({ ...node.pod(), ...parts });
    await node.settle();
  };
  const { spec } = node.pod();
  await change({ spec: { ...spec, containers: [null] } });
  await change({ spec });
  await node.exit('web', 1, 'fine');
  await node.advance(15_000);
  expect(node.container('web', 'fine').restartCount).toBe(1);
  expect(unhandled).toEqual([]);
  await agent.stop();
});

test('what an earlier agent left is taken over later when the engine refuses at first', async () => {
  const node = simAgent();
  const first = await node.start();
  await node.create();
  const { containerID } = node.container();
  await first.stop();
  const [{ sandboxes = [] } = {}] = await node.runtime.list();
  const { id = '' } = sandboxes[0] ?? {};
  const sound = node.runtime.list.bind(node.runtime);
  // A second sandbox that is to be removed, and cannot be.
  const doubled = async () =>
    (await sound()).map((state) => ({ ...state, sandboxes: [...state.sandboxes, { ...sandboxes[0], id: `${id}x` }] }));
  const removal = node.runtime.removeSandbox.bind(node.runtime);
  let refusals = 0;
  Object.assign(node.runtime, {
    list: doubled,
    removeSandbox: (sandbox: string) => {
      if (sandbox !== `${id}x` || refusals > 0) return removal(sandbox);
      refusals += 1;
      return Promise.reject(new Error('engine is busy'));
    },
  });
  const second = await node.start();
  await node.settle();
  expect(refusals).toBe(1);
  Object.assign(node.runtime, { list: sound });
  await node.advance(2000);
  await node.exit('web', 1);
  await node.advance(15_000);
  expect(node.container()).toMatchObject({ restartCount: 1 });
  expect(node.container().lastState?.terminated?.containerID).toBe(containerID);
  expect(unhandled).toEqual([]);
  await second.stop();
});
