import type { Pod } from '../../../../src/api/generated/types.ts';
import type { Scenario, ScenarioStep } from '../scenario.ts';
import { change, removal, scenario, step, withPods } from '../scenario.ts';

const template = (image = 'v1', labels: object = { app: 'x' }): { metadata: object; spec: object } => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }] },
});
const isNew = (pod: Pod): boolean => pod.spec.nodeName === undefined;
const makeReady = withPods(isNew, (world, pod) => world.run(pod));
const ready = step('ready', makeReady);
const gone = step('pods gone', (world) => world.finishDeletions());
const turns = (count: number): ScenarioStep[] =>
  Array.from({ length: count }, (_, at) => [
    step(`pods gone ${String(at)}`, (world) => world.finishDeletions(), 2500),
    step(`ready ${String(at)}`, makeReady, 2500),
  ]).flat();
const named =
  (name: string) =>
  ({ metadata }: Pod): boolean =>
    metadata.name === name;

const claim = {
  metadata: { name: 'data' },
  spec: { storageClassName: '', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};
const create = (spec: object = {}): ScenarioStep =>
  step('create', (world) =>
    world.create({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 's' },
      spec: { replicas: 3, serviceName: 's', selector: { matchLabels: { app: 'x' } }, template: template(), ...spec },
    }),
  );
const spec = (body: object): ScenarioStep['act'] => change('StatefulSet', 's', { spec: body });
const image = (version: string): ScenarioStep => step(version, spec({ template: template(version) }));
const scale = (replicas: number): ScenarioStep => step(`${String(replicas)} replicas`, spec({ replicas }));
const parallel = { podManagementPolicy: 'Parallel' };
const rolling = (more: object): object => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: more } });

export const statefulSetScenarios: readonly Scenario[] = [
  scenario('statefulset in order', create(), ...turns(3), scale(1), ...turns(2), scale(0), gone, scale(2), ready),
  scenario('statefulset in parallel', create(parallel), ready, scale(1), gone, scale(4), ready),
  scenario('statefulset rolls', create(), ...turns(3), image('v2'), ...turns(5)),
  scenario('statefulset with a partition', create({ ...parallel, ...rolling({ partition: 2 }) }), ready, image('v2'), ...turns(2)),
  scenario('statefulset on delete', create({ ...parallel, updateStrategy: { type: 'OnDelete' } }), ready, image('v2'), ...turns(1)),
  scenario('statefulset rolled back', create({ replicas: 1 }), ready, image('v2'), ...turns(2), image('v1'), ...turns(2)),
  scenario('statefulset from an ordinal', create({ replicas: 2, ordinals: { start: 5 } }), ...turns(2), scale(1), gone),
  scenario(
    'statefulset with claims',
    create({ volumeClaimTemplates: [claim], persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' } }),
    ...turns(3),
    scale(1),
    ...turns(2),
    step('deleted', removal('StatefulSet', 's', 'Background')),
    gone,
  ),
  scenario('statefulset keeps claims', create({ replicas: 2, volumeClaimTemplates: [claim], ...parallel }), ready, scale(0), gone),
  scenario(
    'statefulset whose pod fails',
    create({ replicas: 2, ...parallel }),
    ready,
    step(
      'one fails',
      withPods(named('s-0'), (world, pod) => world.end(pod, 1)),
    ),
    ready,
  ),
  scenario(
    'statefulset deleted',
    create({ replicas: 2, ...parallel }),
    ready,
    step('deleted', removal('StatefulSet', 's', 'Background')),
    gone,
  ),
  scenario('statefulset with minReadySeconds', create({ replicas: 2, minReadySeconds: 60 }), ready),
];

const budget = (body: object): ScenarioStep =>
  step('budget', (world) =>
    world.create({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b' },
      spec: { selector: { matchLabels: { app: 'x' } }, ...body },
    }),
  );
const lone = step('a pod of nobody', (world) =>
  world.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', labels: { app: 'x' } }, spec: template().spec }),
);
const evict = (name: string): ScenarioStep =>
  step(
    `${name} evicted`,
    withPods(named(name), (world, pod) => world.evict(pod)),
  );

export const budgetScenarios: readonly Scenario[] = [
  scenario('budget of a number', create(parallel), budget({ minAvailable: 2 }), ready, evict('s-0'), gone, ready),
  scenario('budget in percent', create({ ...parallel, replicas: 5 }), ready, budget({ maxUnavailable: '30%' }), evict('s-4'), evict('s-3')),
  scenario('budget without pods', budget({ minAvailable: 1 }), lone, ready),
  scenario('budget over a pod of nobody', lone, budget({ maxUnavailable: 1 }), ready),
  scenario(
    'budget of all',
    create({ ...parallel, replicas: 2 }),
    ready,
    budget({ minAvailable: '100%', unhealthyPodEvictionPolicy: 'AlwaysAllow' }),
    evict('s-0'),
  ),
];

const service = (body: object = {}): ScenarioStep =>
  step('service', (world) =>
    world.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'svc', labels: { own: 'x' } },
      spec: { selector: { app: 'x' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...body },
    }),
  );
const addresses = step('addresses', async (world) => {
  for (const pod of await world.living()) {
    const podIP = `10.9.0.${pod.metadata.labels?.['apps.kubernetes.io/pod-index'] ?? '9'}`;
    await world.setStatus(pod, { podIP, podIPs: [{ ip: podIP }] });
  }
});
const quota = step('quota', (world) =>
  world.create({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q' },
    spec: { hard: { pods: '4', services: '1', 'count/statefulsets.apps': '1', 'requests.storage': '3Gi', persistentvolumeclaims: '2' } },
  }),
);

export const serviceScenarios: readonly Scenario[] = [
  scenario(
    'service of a statefulset',
    service({ clusterIP: 'None', ipFamilies: ['IPv4'] }),
    create(parallel),
    ready,
    addresses,
    step(
      'one unready',
      withPods(named('s-0'), (world, pod) => world.setStatus(pod, { conditions: [{ type: 'Ready', status: 'False' }] })),
    ),
    scale(1),
    gone,
    step('no selector', change('Service', 'svc', { spec: { selector: null } })),
    step('deleted', removal('Service', 'svc', 'Background')),
  ),
  scenario(
    'service that publishes all',
    service({ publishNotReadyAddresses: true, ipFamilies: ['IPv4'] }),
    create(parallel),
    ready,
    addresses,
  ),
  scenario('quota of many', quota, create({ volumeClaimTemplates: [claim] }), ready, ready, service(), scale(1), gone),
];

const daemons = (body: object = {}): ScenarioStep =>
  step('create', (world) =>
    world.create({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: { app: 'x' } }, template: template(), ...body },
    }),
  );
const daemonSpec = (name: string, body: object): ScenarioStep => step(name, change('DaemonSet', 'd', { spec: body }));
const daemonImage = (version: string): ScenarioStep => daemonSpec(version, { template: template(version) });

/** On the one node that the comparison keeps alive, which is cordoned. */
export const daemonSetScenarios: readonly Scenario[] = [
  scenario('daemonset rolls', daemons(), ready, daemonImage('v2'), ...turns(2), daemonImage('v1'), ...turns(2)),
  scenario(
    'daemonset surges',
    daemons({ updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
    ready,
    daemonImage('v2'),
    ready,
    gone,
  ),
  scenario('daemonset on delete', daemons({ updateStrategy: { type: 'OnDelete' } }), ready, daemonImage('v2')),
  scenario(
    'daemonset whose pod fails',
    daemons(),
    ready,
    step(
      'one fails',
      withPods(
        () => true,
        (world, pod) => world.end(pod, 1),
      ),
    ),
    ready,
  ),
  scenario(
    'daemonset for other nodes',
    daemons({ template: { ...template(), spec: { ...template().spec, nodeSelector: { other: 'yes' } } } }),
    daemonSpec('all nodes', { template: { spec: { nodeSelector: null } } }),
    ready,
    step('deleted', removal('DaemonSet', 'd', 'Background')),
    gone,
  ),
];
