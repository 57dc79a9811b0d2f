import type { Pod } from '../../../../src/api/generated/types.ts';
import type { Scenario, ScenarioStep } from '../scenario.ts';
import { change, nth, removal, scenario, step, wait, withPods } from '../scenario.ts';
import type { World } from '../world.ts';

const template = (image = 'v1'): { metadata: object; spec: object } => ({
  metadata: { labels: { app: 'x' } },
  spec: { containers: [{ name: 'c', image }] },
});
const create = (spec: object = {}, metadata: object = {}): ScenarioStep =>
  step('create', (world) =>
    world.create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', ...metadata },
      spec: { replicas: 3, selector: { matchLabels: { app: 'x' } }, template: template(), ...spec },
    }),
  );
const createSet = (kind: 'ReplicaSet' | 'ReplicationController', spec: object = {}): ScenarioStep =>
  step('create', (world) =>
    world.create({
      apiVersion: kind === 'ReplicaSet' ? 'apps/v1' : 'v1',
      kind,
      metadata: { name: 'r' },
      spec: { replicas: 3, selector: kind === 'ReplicaSet' ? { matchLabels: { app: 'x' } } : { app: 'x' }, template: template(), ...spec },
    }),
  );
const spec = (body: object, metadata: object = {}): ScenarioStep['act'] => change('Deployment', 'd', { spec: body, metadata });
const image = (version: string): ScenarioStep => step(version, spec({ template: template(version) }));
const scale = (replicas: number, kind = 'Deployment', name = 'd'): ScenarioStep =>
  step(`${String(replicas)} replicas`, change(kind, name, { spec: { replicas } }));
const annotate = (name: string, value: string): ScenarioStep => step(`${name} ${value}`, spec({}, { annotations: { [name]: value } }));
const isNew = (pod: Pod): boolean => pod.spec.nodeName === undefined;
const makeReady = withPods(isNew, (world, pod) => world.run(pod));
const ready = step('ready', makeReady);
const gone = step('pods gone', (world) => world.finishDeletions());
const turn = (at: number): ScenarioStep =>
  step(
    `turn ${String(at)}`,
    async (world: World) => {
      await world.finishDeletions();
      await makeReady(world);
    },
    2500,
  );
const turns = Array.from({ length: 8 }, (_, at) => turn(at));
const quota = step('quota', (world) =>
  world.create({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { pods: '2' } } }),
);
const rolling = (maxSurge: number, maxUnavailable: number): object => ({ strategy: { rollingUpdate: { maxSurge, maxUnavailable } } });

export const deploymentScenarios: readonly Scenario[] = [
  scenario('deployment rolls', create(), ready, image('v2'), ...turns),
  scenario('deployment rolls without surge', create({ replicas: 5, ...rolling(0, 2) }), ready, image('v2'), ...turns),
  scenario('deployment recreates', create({ strategy: { type: 'Recreate' } }), ready, image('v2'), gone, ready),
  scenario(
    'deployment paused',
    create(),
    ready,
    step('pause', spec({ paused: true })),
    image('v2'),
    scale(5),
    step('resume', spec({ paused: false })),
  ),
  scenario('deployment born paused', create({ paused: true }), step('resume', spec({ paused: false }))),
  scenario(
    'deployment in proportion',
    create({ replicas: 10, ...rolling(3, 2) }),
    ready,
    image('v2'),
    image('v3'),
    scale(17),
    scale(6),
    scale(0),
    gone,
    scale(4),
  ),
  scenario(
    'deployment deadline',
    create({ progressDeadlineSeconds: 8, replicas: 2 }),
    wait('too long', 8000),
    ready,
    image('bad'),
    wait('too long again', 9000),
    image('v1'),
  ),
  scenario(
    'deployment minReadySeconds',
    create({ minReadySeconds: 20, replicas: 2 }),
    ready,
    wait('later', 18_000),
    step('none', spec({ minReadySeconds: 0 })),
  ),
  scenario(
    'deployment history',
    create({ replicas: 1, revisionHistoryLimit: 1 }, { annotations: { 'kubernetes.io/change-cause': 'one', mine: 'x' } }),
    ready,
    image('v2'),
    ready,
    gone,
    step('v3', spec({ template: template('v3') }, { annotations: { 'kubernetes.io/change-cause': 'three' } })),
    ready,
    gone,
    image('v2'),
    ready,
    gone,
  ),
  scenario(
    'deployment rolled back by annotation',
    create({ replicas: 1 }),
    ready,
    image('v2'),
    ready,
    ...['1', '9', '0'].map((revision) => annotate('deprecated.deployment.rollback.to', revision)),
  ),
  scenario('deployment adopts', create({ replicas: 2 }), step('orphaned', removal('Deployment', 'd', 'Orphan')), create({ replicas: 3 })),
  scenario(
    'deployment deleted',
    create({ replicas: 2 }),
    ready,
    step('deleted', removal('Deployment', 'd', 'Foreground')),
    step('pods gone', (world) => world.finishDeletions(), 5000),
  ),
  scenario('deployment over quota', quota, create({ replicas: 4 }), scale(2)),
];

const label = (value: string): ScenarioStep => step(`label ${value}`, change('Pod', 'p', { metadata: { labels: { app: value } } }));

export const replicaSetScenarios: readonly Scenario[] = [
  scenario(
    'replicaset',
    createSet('ReplicaSet'),
    ready,
    step(
      'one unready',
      withPods(nth(0), (world, pod) => world.setStatus(pod, { conditions: [{ type: 'Ready', status: 'False' }] })),
    ),
    scale(2, 'ReplicaSet', 'r'),
    gone,
    scale(4, 'ReplicaSet', 'r'),
    step(
      'one fails',
      withPods(nth(0), (world, pod) => world.end(pod, 1)),
    ),
    step(
      'one deleted',
      withPods(nth(0), (world, pod) => world.remove('Pod', pod.metadata.name)),
    ),
  ),
  scenario(
    'replicaset adopts and releases',
    step('orphan', (world) =>
      world.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { app: 'x' } }, spec: template().spec }),
    ),
    createSet('ReplicaSet'),
    label('y'),
    label('x'),
  ),
  scenario(
    'replicationcontroller',
    createSet('ReplicationController'),
    ready,
    scale(1, 'ReplicationController', 'r'),
    gone,
    step('orphaned', removal('ReplicationController', 'r', 'Orphan')),
    createSet('ReplicationController', { replicas: 2 }),
  ),
  scenario('replicationcontroller over quota', quota, createSet('ReplicationController'), scale(2, 'ReplicationController', 'r')),
];

const autoscaler = (body: object, kind = 'Deployment'): ScenarioStep =>
  step(
    'autoscaler',
    (world) =>
      world.create({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'd' },
        spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind, name: 'd' }, ...body },
      }),
    18_000,
  );
const metric = (name: string, selector?: object): object => ({ name, ...(selector === undefined ? {} : { selector }) });
const selector = { matchLabels: { a: 'b', c: 'd' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['1', '2'] }] };
const metrics = [
  { type: 'Pods', pods: { metric: metric('m', { matchLabels: { a: 'b' } }), target: { type: 'AverageValue', averageValue: '1' } } },
  {
    type: 'Object',
    object: {
      describedObject: { apiVersion: 'v1', kind: 'Service', name: 's' },
      metric: metric('m'),
      target: { type: 'Value', value: '1' },
    },
  },
  { type: 'External', external: { metric: metric('m', selector), target: { type: 'AverageValue', averageValue: '1' } } },
  { type: 'External', external: { metric: metric('n'), target: { type: 'Value', value: '1' } } },
  { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 3 } } },
];

/** Neither server has a metrics API. */
export const autoscalerScenarios: readonly Scenario[] = [
  scenario('autoscaler below its minimum', create({ replicas: 2 }), autoscaler({ minReplicas: 3 }), wait('next round', 16_000)),
  scenario('autoscaler without target', autoscaler({})),
  scenario('autoscaler without kind', autoscaler({}, 'Rocket')),
  scenario('autoscaler without metrics', create({ replicas: 2 }), autoscaler({ metrics })),
];
