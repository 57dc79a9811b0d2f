/** Whatever write is the last one a controller makes, the next one finishes the work, and never is there a second pod of a name. */
import { expect, test } from '@jest/globals';
import type { Pod, StatefulSet } from '../../api/generated/types.ts';
import { FakeClock, rfc3339 } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { settle } from '../../client/testing/until.ts';
import { startThese } from '../start.ts';
import { statefulSetController } from './index.ts';

const template = (image: string) => ({ metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image }] } });
const claimTemplate = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };

function database(policy: string, rollingUpdate: object): object {
  return {
    metadata: { name: 'db', namespace: 'shop', uid: 'db', generation: 1 },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: template('v1'),
      podManagementPolicy: policy,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
      volumeClaimTemplates: [claimTemplate],
      revisionHistoryLimit: 1,
    },
    status: { replicas: 0, availableReplicas: 0 },
  };
}

/** A cluster whose controller is shot after every `life` writes; pods' processes outlive it. */
class Cluster {
  readonly clock = new FakeClock();
  readonly client: FakeClient;
  /** Uids of pods whose processes run, by name: a second one of a name is what must not be. */
  readonly #running = new Map<string, string>();
  readonly #life: number;
  #left = 0;

  constructor(life: number, set: object) {
    this.#life = life;
    this.client = createFakeClient({ clock: this.clock });
    this.client.seed(refs.statefulSets, set);
    this.client.fail = ({ resource }) => {
      if (resource === 'events' || this.#left > 0) this.#left -= resource === 'events' ? 0 : 1;
      else return new Error('the controller is dead');
      return undefined;
    };
  }

  /** Controllers and kubelet take turns until nothing changes any more. */
  async run(): Promise<void> {
    for (let quiet = 0, turn = 0; quiet < 3; turn += 1) {
      if (turn > 400) throw new Error('it does not come to rest');
      const before = this.#revision();
      this.#left = this.#life;
      const running = startThese({
        client: this.client,
        clock: this.clock,
        logger: silentLogger,
        controllers: [statefulSetController],
        clusterCIDRs: [],
        serviceCIDRs: [],
        rootCA: undefined,
      });
      await settle();
      await running.stop();
      this.#left = Infinity;
      await this.#kubelet();
      quiet = this.#revision() === before ? quiet + 1 : 0;
    }
  }

  #revision(): number {
    const objects = [refs.pods, refs.statefulSets, refs.persistentVolumeClaims, refs.controllerRevisions].flatMap((ref) => [
      ...this.client.all<{ metadata: { resourceVersion: string } }>(ref as never),
    ]);
    return Math.max(...objects.map(({ metadata }) => Number(metadata.resourceVersion))) * 1000 + objects.length;
  }

  /** Starts what is new, ends what is going; the collector takes claims along whose owner is gone. */
  async #kubelet(): Promise<void> {
    for (const pod of this.client.all(refs.pods)) {
      const { name, uid, deletionTimestamp } = pod.metadata;
      if (deletionTimestamp !== undefined) {
        this.#running.delete(name);
        this.client.remove(refs.pods, `shop/${name}`);
        continue;
      }
      expect(this.#running.get(name) ?? uid).toBe(uid);
      this.#running.set(name, uid);
      if (pod.status.phase !== 'Running') await this.#start(pod);
    }
    const alive = new Set(['db', ...this.client.all(refs.pods).map(({ metadata }) => metadata.uid)]);
    for (const { metadata } of this.client.all(refs.persistentVolumeClaims)) {
      const owners = metadata.ownerReferences ?? [];
      if (owners.length > 0 && owners.every(({ uid }) => !alive.has(uid)))
        this.client.remove(refs.persistentVolumeClaims, `shop/${metadata.name}`);
    }
    await settle();
  }

  async #start(pod: Pod): Promise<void> {
    const { name } = pod.metadata;
    await this.client.resource(refs.pods).createSubresource('shop', name, 'binding', { target: { name: 'n1' } });
    const bound = this.client.peek<Pod>(refs.pods, `shop/${name}`) as Pod;
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(this.clock.now()) }];
    await this.client.resource(refs.pods).updateStatus({ ...bound, status: { phase: 'Running', conditions } });
  }

  async change(spec: object): Promise<void> {
    await this.client.resource(refs.statefulSets).patch('shop', 'db', { type: 'application/merge-patch+json', body: { spec } });
    await this.run();
  }

  get set(): StatefulSet {
    return this.client.peek(refs.statefulSets, 'shop/db') as StatefulSet;
  }

  get pods(): string[] {
    return this.client
      .all(refs.pods)
      .map(({ metadata, spec }) => `${metadata.name} ${spec.containers[0]?.image ?? ''}`)
      .sort();
  }

  get claims(): string[] {
    return this.client
      .all(refs.persistentVolumeClaims)
      .map(({ metadata }) => metadata.name)
      .sort();
  }
}

const lives = [1, 2, 3, 4, 5, 7, Infinity];

test.each([
  ...lives.map((life) => ['OrderedReady', {}, life] as const),
  ...lives.map((life) => ['Parallel', { maxUnavailable: 2 }, life] as const),
])('%s %j, shot after every %d writes', async (policy, rollingUpdate, life) => {
  const cluster = new Cluster(life, database(policy, rollingUpdate));
  await cluster.run();
  expect(cluster.pods).toEqual(['db-0 v1', 'db-1 v1', 'db-2 v1']);
  await cluster.change({ template: template('v2') });
  expect(cluster.pods).toEqual(['db-0 v2', 'db-1 v2', 'db-2 v2']);
  await cluster.change({ replicas: 1 });
  expect([cluster.pods, cluster.claims]).toEqual([['db-0 v2'], ['data-db-0']]);
  await cluster.change({ replicas: 4, template: template('v3') });
  expect(cluster.pods).toEqual(['db-0 v3', 'db-1 v3', 'db-2 v3', 'db-3 v3']);
  expect(cluster.claims).toEqual(['data-db-0', 'data-db-1', 'data-db-2', 'data-db-3']);
  const { replicas, readyReplicas, updatedReplicas, currentRevision, updateRevision } = cluster.set.status;
  expect([replicas, readyReplicas, updatedReplicas, currentRevision]).toEqual([4, 4, 4, updateRevision]);
  expect(cluster.client.all(refs.controllerRevisions)).toHaveLength(2);
});
