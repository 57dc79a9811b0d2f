import { describe, expect, test } from '@jest/globals';
import type { DaemonSet, Pod } from '../../api/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { daemonSetController } from './index.ts';
import { targetNode } from './nodes.ts';

function logger(spec: object = {}): object {
  return {
    metadata: {
      name: 'log',
      namespace: 'ops',
      uid: 'log',
      generation: 1,
      annotations: { 'deprecated.daemonset.template.generation': '1' },
    },
    spec: {
      selector: { matchLabels: { app: 'log' } },
      template: template('v1'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      revisionHistoryLimit: 10,
      ...spec,
    },
    status: { desiredNumberScheduled: 0, currentNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
  };
}

function template(image: string, spec: object = {}): object {
  return { metadata: { labels: { app: 'log' } }, spec: { containers: [{ name: 'c', image }], ...spec } };
}

function node(client: FakeClient, name: string, spec: object = {}, labels: object = {}): void {
  client.seed(refs.nodes, { metadata: { name, labels }, spec });
}

const start = (spec: object = {}, nodes: (client: FakeClient) => void = threeNodes): Promise<Bench> =>
  startBench([daemonSetController], {
    seed: (client) => {
      nodes(client);
      client.seed(refs.daemonSets, logger(spec));
    },
  });
function threeNodes(client: FakeClient): void {
  for (const name of ['n1', 'n2', 'n3']) node(client, name);
}
const set = (bench: Bench): DaemonSet => bench.client.peek(refs.daemonSets, 'ops/log') as DaemonSet;
const pods = (bench: Bench): Pod[] => bench.client.all(refs.pods);
const where = (bench: Bench): string[] =>
  pods(bench)
    .map(
      (pod) =>
        `${targetNode(pod) ?? ''} ${pod.spec.containers[0]?.image ?? ''}${pod.metadata.deletionTimestamp === undefined ? '' : ' going'}`,
    )
    .sort();
const events = (bench: Bench): string[] => bench.client.all(refs.events).map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);

/** Binds and readies the pods that are new, and ends those that were deleted. */
async function tick(bench: Bench, status = 'True'): Promise<void> {
  for (const pod of pods(bench)) {
    const { name, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) {
      bench.client.remove(refs.pods, `ops/${name}`);
      continue;
    }
    if (pod.spec.nodeName === undefined)
      await bench.client.resource(refs.pods).createSubresource('ops', name, 'binding', { target: { name: targetNode(pod) } });
    if (pod.status.phase === 'Running') continue;
    const current = bench.client.peek<Pod>(refs.pods, `ops/${name}`) ?? pod;
    const conditions = [{ type: 'Ready', status, lastTransitionTime: rfc3339(bench.clock.now()) }];
    await bench.client.resource(refs.pods).updateStatus({ ...current, status: { phase: 'Running', conditions } });
  }
  await bench.settle();
}

async function change(bench: Bench, spec: object): Promise<void> {
  await bench.client.resource(refs.daemonSets).patch('ops', 'log', { type: 'application/merge-patch+json', body: { spec } });
  await bench.settle();
}

/** As the API server does, a new template raises the annotated count. */
async function setImage(bench: Bench, image: string): Promise<void> {
  const { annotations } = set(bench).metadata;
  const generation = String(Number(annotations?.['deprecated.daemonset.template.generation']) + 1);
  const body = {
    metadata: { annotations: { 'deprecated.daemonset.template.generation': generation } },
    spec: { template: template(image) },
  };
  await bench.client.resource(refs.daemonSets).patch('ops', 'log', { type: 'application/merge-patch+json', body });
  await bench.settle();
}

async function relabel(bench: Bench, name: string, labels: object): Promise<void> {
  await bench.client.resource(refs.nodes).patch('', name, { type: 'application/merge-patch+json', body: { metadata: { labels } } });
  await bench.settle();
}

async function taint(bench: Bench, name: string, taints: object[] | null): Promise<void> {
  await bench.client.resource(refs.nodes).patch('', name, { type: 'application/merge-patch+json', body: { spec: { taints } } });
  await bench.settle();
}

describe('placement', () => {
  test('one pod a node, pinned there, with the tolerations of daemons; status counts nodes', async () => {
    await using bench = await start();
    expect(where(bench)).toEqual(['n1 v1', 'n2 v1', 'n3 v1']);
    const [pod] = pods(bench);
    const hash = bench.client.all(refs.controllerRevisions)[0]?.metadata.labels?.['controller-revision-hash'];
    expect(pod).toMatchObject({
      metadata: {
        generateName: 'log-',
        labels: { app: 'log', 'controller-revision-hash': hash, 'pod-template-generation': '1' },
        ownerReferences: [{ kind: 'DaemonSet', uid: 'log', controller: true }],
      },
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }],
            },
          },
        },
      },
    });
    expect(pod?.spec.tolerations?.map(({ key, effect }) => `${key ?? ''}:${effect ?? ''}`)).toEqual([
      'node.kubernetes.io/not-ready:NoExecute',
      'node.kubernetes.io/unreachable:NoExecute',
      'node.kubernetes.io/disk-pressure:NoSchedule',
      'node.kubernetes.io/memory-pressure:NoSchedule',
      'node.kubernetes.io/pid-pressure:NoSchedule',
      'node.kubernetes.io/unschedulable:NoSchedule',
    ]);
    await tick(bench);
    expect(set(bench).status).toEqual({
      observedGeneration: 1,
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberMisscheduled: 0,
      numberReady: 3,
      updatedNumberScheduled: 3,
      numberAvailable: 3,
    });
  });

  test('follows labels of nodes', async () => {
    await using bench = await start({ template: template('v1', { nodeSelector: { disk: 'ssd' } }) });
    expect(where(bench)).toEqual([]);
    await relabel(bench, 'n2', { disk: 'ssd' });
    expect(where(bench)).toEqual(['n2 v1']);
    await tick(bench);
    await relabel(bench, 'n2', { disk: 'hdd' });
    expect(where(bench)).toEqual(['n2 v1 going']);
    await tick(bench);
    expect(set(bench).status).toMatchObject({ desiredNumberScheduled: 0, numberMisscheduled: 0 });
  });

  test('new nodes get a pod; pods that wait for a node that is gone go', async () => {
    await using bench = await start();
    node(bench.client, 'n4');
    await bench.settle();
    expect(where(bench)).toEqual(['n1 v1', 'n2 v1', 'n3 v1', 'n4 v1']);
    await bench.client.resource(refs.nodes).delete('', 'n4');
    await bench.settle();
    expect(where(bench)).toEqual(['n1 v1', 'n2 v1', 'n3 v1']);
    expect(set(bench).status.desiredNumberScheduled).toBe(3);
  });

  test('NoSchedule keeps new pods away and lets old ones be, NoExecute sends them away', async () => {
    await using bench = await start();
    await tick(bench);
    await taint(bench, 'n1', [{ key: 'x', effect: 'NoSchedule' }]);
    expect(where(bench)).toEqual(['n1 v1', 'n2 v1', 'n3 v1']);
    expect(set(bench).status).toMatchObject({ desiredNumberScheduled: 2, numberMisscheduled: 1 });
    await taint(bench, 'n1', [{ key: 'x', effect: 'NoExecute' }]);
    expect(where(bench)).toEqual(['n1 v1 going', 'n2 v1', 'n3 v1']);
    await tick(bench);
    expect(where(bench)).toEqual(['n2 v1', 'n3 v1']);
    await taint(bench, 'n1', [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }]);
    expect(where(bench)).toEqual(['n1 v1', 'n2 v1', 'n3 v1']);
  });

  test('failed pods are replaced, ever more slowly; succeeded ones at once', async () => {
    await using bench = await start({}, (client) => node(client, 'n1'));
    const fail = async (phase: string): Promise<void> => {
      const [pod] = pods(bench);
      await bench.client.resource(refs.pods).updateStatus({ ...(pod as Pod), status: { phase } });
      await bench.settle();
    };
    const age = (): string => pods(bench)[0]?.status.phase ?? 'none';
    await fail('Failed');
    expect(age()).toBe('Pending');
    expect(
      events(bench).some((event) => /^FailedDaemonPod: Found failed daemon pod ops\/log-\w+ on node n1, will try to kill it$/.test(event)),
    ).toBe(true);
    await fail('Failed');
    expect(age()).toBe('Failed');
    await bench.clock.advance(1_000);
    await bench.settle();
    expect(age()).toBe('Pending');
    await fail('Failed');
    await bench.clock.advance(1_500);
    await bench.settle();
    expect(age()).toBe('Failed');
    await bench.clock.advance(500);
    await bench.settle();
    expect(age()).toBe('Pending');
    await fail('Succeeded');
    expect(age()).toBe('Pending');
    expect(events(bench).some((event) => event.startsWith('SucceededDaemonPod: Found succeeded daemon pod ops/log-'))).toBe(true);
  });

  test('of several pods on a node the oldest stays', async () => {
    await using bench = await startBench([daemonSetController], {
      seed: (client) => {
        node(client, 'n1');
        client.seed(refs.daemonSets, logger({ updateStrategy: { type: 'OnDelete' } }));
        for (const name of ['b', 'a'])
          client.seed(refs.pods, {
            metadata: { name, namespace: 'ops', labels: { app: 'log' } },
            spec: { nodeName: 'n1', containers: [] },
          });
      },
    });
    expect(pods(bench).map(({ metadata }) => [metadata.name, metadata.deletionTimestamp === undefined])).toEqual([
      ['b', false],
      ['a', true],
    ]);
  });

  test('an empty selector is refused', async () => {
    await using bench = await start({ selector: {} });
    expect(pods(bench)).toEqual([]);
    expect(events(bench)).toContain('SelectingAll: This daemon set is selecting all pods. A non-empty selector is required.');
  });
});

describe('rollout', () => {
  const unavailable = (bench: Bench): number => 3 - (set(bench).status.numberAvailable ?? 0);

  test('one node at a time, the next when the new pod is available', async () => {
    await using bench = await start({ minReadySeconds: 5 });
    await tick(bench);
    await bench.clock.advance(5_000);
    await bench.settle();
    await setImage(bench, 'v2');
    for (let round = 0; round < 3; round += 1) {
      expect(where(bench).filter((text) => text.endsWith('going'))).toHaveLength(1);
      await tick(bench);
      await tick(bench);
      expect(where(bench).filter((text) => text.endsWith('v2'))).toHaveLength(round + 1);
      expect(where(bench).filter((text) => text.endsWith('going'))).toHaveLength(0);
      expect(unavailable(bench)).toBe(1);
      await bench.clock.advance(5_000);
      await bench.settle();
    }
    expect(set(bench).status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3, observedGeneration: 2 });
    expect(bench.client.all(refs.controllerRevisions).map(({ revision }) => revision)).toEqual([1, 2]);
  });

  test('a share of the nodes, and old pods that are not available anyway', async () => {
    const rollingUpdate = { maxUnavailable: '34%', maxSurge: 0 };
    await using bench = await start({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
    await tick(bench);
    await setImage(bench, 'v2');
    expect(where(bench).filter((text) => text.endsWith('going'))).toHaveLength(2);
  });

  test('broken pods are replaced first and at once', async () => {
    await using bench = await start();
    await tick(bench, 'False');
    await setImage(bench, 'v2');
    expect(where(bench).filter((text) => text.endsWith('going'))).toHaveLength(3);
  });

  test('maxSurge: the new pod comes first, the old one goes when it is available', async () => {
    const rollingUpdate = { maxUnavailable: 0, maxSurge: 1 };
    await using bench = await start({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
    await tick(bench);
    await setImage(bench, 'v2');
    expect(where(bench)).toEqual(['n1 v1', 'n1 v2', 'n2 v1', 'n3 v1']);
    for (let round = 0; round < 8; round += 1) {
      await tick(bench);
      expect(unavailable(bench)).toBe(0);
      expect(pods(bench).filter(({ metadata }) => metadata.deletionTimestamp === undefined).length).toBeLessThanOrEqual(4);
    }
    expect(where(bench)).toEqual(['n1 v2', 'n2 v2', 'n3 v2']);
  });

  test('OnDelete: what is deleted comes back anew', async () => {
    await using bench = await start({ updateStrategy: { type: 'OnDelete' } });
    await tick(bench);
    await setImage(bench, 'v2');
    expect(where(bench)).toEqual(['n1 v1', 'n2 v1', 'n3 v1']);
    await bench.client.resource(refs.pods).delete('ops', pods(bench).find((pod) => pod.spec.nodeName === 'n2')?.metadata.name ?? '');
    await tick(bench);
    expect(where(bench)).toEqual(['n1 v1', 'n2 v2', 'n3 v1']);
    expect(set(bench).status.updatedNumberScheduled).toBe(1);
  });

  test('going back before the rollout is through leaves the untouched pods alone', async () => {
    await using bench = await start();
    await tick(bench);
    const before = pods(bench).map(({ metadata }) => metadata.name);
    await setImage(bench, 'broken');
    await tick(bench);
    await tick(bench, 'False');
    await setImage(bench, 'v1');
    await tick(bench);
    await tick(bench);
    expect(where(bench)).toEqual(['n1 v1', 'n2 v1', 'n3 v1']);
    expect(pods(bench).filter(({ metadata }) => before.includes(metadata.name))).toHaveLength(2);
    expect(
      bench.client
        .all(refs.controllerRevisions)
        .map(({ revision }) => revision)
        .sort(),
    ).toEqual([2, 3]);
  });

  test('revisions beyond the limit that no pod is of go', async () => {
    await using bench = await start({ revisionHistoryLimit: 1 }, (client) => node(client, 'n1'));
    await tick(bench);
    for (const image of ['v2', 'v3', 'v4']) {
      await setImage(bench, image);
      await tick(bench);
      await tick(bench);
    }
    expect(bench.client.all(refs.controllerRevisions).map(({ revision }) => revision)).toEqual([3, 4]);
  });

  test('a revision that somebody adds on behalf of the owner is let be until something happens', async () => {
    await using bench = await start();
    await bench.settle();
    const [made] = bench.client.all(refs.controllerRevisions);
    if (made === undefined) throw new Error('no revision');
    const { uid: _uid, resourceVersion: _version, ...metadata } = made.metadata;
    await bench.client
      .resource(refs.controllerRevisions)
      .create('ops', { ...made, metadata: { ...metadata, name: 'log-other' }, revision: 2 });
    await bench.settle();
    expect(bench.client.all(refs.controllerRevisions).map((revision) => revision.metadata.name)).toEqual([made.metadata.name, 'log-other']);
  });

  test('a revision name taken by another template is counted', async () => {
    await using probe = await start();
    const name = probe.client.all(refs.controllerRevisions)[0]?.metadata.name;
    await using bench = await startBench([daemonSetController], {
      seed: (client) => {
        node(client, 'n1');
        client.seed(refs.daemonSets, logger());
        client.seed(refs.controllerRevisions, { metadata: { name, namespace: 'ops' }, data: {}, revision: 1 });
      },
    });
    await bench.clock.advance(10);
    await bench.settle();
    expect(set(bench).status.collisionCount).toBe(1);
    expect(pods(bench)).toHaveLength(1);
  });
});

test('idle: nothing is written once all is well', async () => {
  await using bench = await start();
  await tick(bench);
  await change(bench, { minReadySeconds: 3 });
  await bench.clock.advance(3_000);
  await bench.settle();
  const writes = bench.client.actions.length;
  await bench.clock.advance(3_600_000);
  await bench.settle();
  expect(bench.client.actions).toHaveLength(writes);
});
