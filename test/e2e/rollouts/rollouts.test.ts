/**
 * Controlled roll-outs of a Deployment under constant traffic: canaries by pausing and by a second Deployment, limits of
 * surge and unavailability, undoing. No call may fail, and the limits hold at every moment. Needs root and Docker.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Deployment, Pod, ReplicaSet } from '../../../src/api/generated/types.ts';
import { Caller, type CallReport } from '../../support/caller.ts';
import { CoracleProcess, freePort } from '../../support/coracle.ts';
import { eventually } from '../../support/eventually.ts';
import { importImages } from '../../support/image.ts';

const serve = 'CMD ["/bin/node","/srv/web.mjs","serve"]';
const versions = ['v1', 'v2', 'v3'];
let coracle: CoracleProcess;
let client = '';

const kubectl = (...args: string[]): Promise<string> => coracle.kubectl.run('-n', 'rollouts', ...args);
const read = <T>(...args: string[]): Promise<T> => coracle.kubectl.json<T>('-n', 'rollouts', 'get', ...args);
const deployment = (name = 'web'): Promise<Deployment> => read<Deployment>('deployment', name);

const isReady = (pod: Pod): boolean => pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
const isGoing = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
const image = (pod: Pod): string => (pod.spec.containers[0]?.image ?? '').replace(/^.*:/, '');
const webPods = async (): Promise<Pod[]> => (await read<{ items: Pod[] }>('pods', '-l', 'app=web')).items;
/** How many pods of each version are ready and here to stay. */
async function readyByVersion(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const pod of await webPods()) if (isReady(pod) && !isGoing(pod)) counts[image(pod)] = (counts[image(pod)] ?? 0) + 1;
  return counts;
}

/** Looks again and again at how many pods there are and how many are ready. */
class Sampler {
  most = 0;
  least = Infinity;
  #stopped = false;
  readonly #loop = this.#run();

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const pods = (await webPods()).filter((pod) => !isGoing(pod));
      this.most = Math.max(this.most, pods.length);
      this.least = Math.min(this.least, pods.filter(isReady).length);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }
}

/** Runs `act` while a client calls and the pods are counted. */
async function underTraffic(act: () => Promise<void>): Promise<CallReport & { most: number; least: number }> {
  const caller = Caller.start(client, 'http://web');
  const sampler = new Sampler();
  try {
    await act();
  } finally {
    await sampler.stop();
  }
  return { ...(await caller.stop()), most: sampler.most, least: sampler.least };
}

const rolledOut = (name = 'web'): Promise<string> => kubectl('rollout', 'status', `deployment/${name}`, '--timeout=120s');
const setImage = (version: string): Promise<string> => kubectl('set', 'image', 'deployment/web', `web=coracle.test/web:${version}`);
/** The Service's old endpoints are gone for the client too. */
async function onlyAnswers(version: string): Promise<void> {
  const script = ['exec', 'client', '--', '/bin/node', '/srv/web.mjs', 'call', '30', 'http://web'];
  await eventually(async () => expect(Object.keys((JSON.parse(await kubectl(...script)) as CallReport).versions)).toEqual([version]));
}

beforeAll(async () => {
  importImages(versions.map((version) => ({ name: `coracle.test/web:${version}`, changes: [`ENV VERSION=${version}`, serve] })));
  coracle = new CoracleProcess([
    ...['--https-listen-port', String(await freePort()), '--kubelet-port', '0', '--runtime', 'docker', '--no-setup'],
    ...['--cluster-cidr', '10.144.0.0/16,fd42:2::/56', '--service-cidr', '10.145.0.0/16,fd43:2::/112'],
  ]);
  await coracle.start();
  await coracle.kubectl.run('apply', '-f', join(import.meta.dirname, 'rollouts.yaml'));
  await rolledOut();
  await kubectl('wait', 'pod/client', '--for=condition=Ready', '--timeout=30s');
  const pod = await read<Pod>('pod', 'client');
  client = (pod.status.containerStatuses?.[0]?.containerID ?? '').replace('docker://', '');
  await onlyAnswers('v1');
}, 180_000);

afterAll(async () => {
  await coracle.stop();
  expect(coracle.command('reset')).toMatchObject({ code: 0 });
}, 120_000);

describe('roll-outs under traffic', () => {
  test('maxSurge 1, maxUnavailable 0: one at a time, never fewer ready than asked for', async () => {
    const report = await underTraffic(async () => {
      await setImage('v2');
      await rolledOut();
      await onlyAnswers('v2');
    });
    expect(report.errors).toEqual({});
    expect(report).toMatchObject({ most: 5, least: 4 });
    expect(Object.keys(report.versions).sort()).toEqual(['v1', 'v2']);
  }, 180_000);

  test('maxSurge 0, maxUnavailable 1: never more than asked for, at most one missing', async () => {
    const rollingUpdate = { maxSurge: 0, maxUnavailable: 1 };
    await kubectl('patch', 'deployment/web', '-p', JSON.stringify({ spec: { strategy: { rollingUpdate } } }));
    const report = await underTraffic(async () => {
      await setImage('v3');
      await rolledOut();
      await onlyAnswers('v3');
    });
    expect(report.errors).toEqual({});
    expect(report).toMatchObject({ most: 4, least: 3 });
  }, 180_000);

  test('a canary: paused with one new pod, scaled in proportion, then resumed', async () => {
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
    await kubectl('patch', 'deployment/web', '-p', JSON.stringify({ spec: { strategy: { rollingUpdate } } }));
    const report = await underTraffic(async () => {
      await setImage('v1');
      await kubectl('rollout', 'pause', 'deployment/web');
      await eventually(async () => expect(await readyByVersion()).toEqual({ v3: 4, v1: 1 }));
      expect((await deployment()).status.conditions).toContainEqual(
        expect.objectContaining({ type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }),
      );
      await kubectl('scale', 'deployment/web', '--replicas=9');
      await eventually(async () => expect(await readyByVersion()).toEqual({ v3: 8, v1: 2 }));
      await kubectl('scale', 'deployment/web', '--replicas=4');
      await eventually(async () => expect(await readyByVersion()).toEqual({ v3: 4, v1: 1 }));
      await kubectl('rollout', 'resume', 'deployment/web');
      await rolledOut();
      await onlyAnswers('v1');
    });
    expect(report.errors).toEqual({});
    expect(report.versions['v3']).toBeGreaterThan(0);
    expect(report.least).toBeGreaterThanOrEqual(4);
  }, 240_000);

  test('a canary that is called off: undo brings the old version back, to one revision too', async () => {
    const report = await underTraffic(async () => {
      await setImage('v2');
      await eventually(async () => expect((await readyByVersion())['v2'] ?? 0).toBeGreaterThanOrEqual(1));
      await kubectl('rollout', 'undo', 'deployment/web');
      await rolledOut();
      await onlyAnswers('v1');
    });
    expect(report.errors).toEqual({});
    const sets = (await read<{ items: ReplicaSet[] }>('replicasets')).items;
    const of = (version: string): ReplicaSet | undefined =>
      sets.find((set) => set.spec.template?.spec?.containers[0]?.image === `coracle.test/web:${version}`);
    const revision = of('v3')?.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '';
    expect(await kubectl('rollout', 'history', 'deployment/web')).toMatch(new RegExp(`^${revision} `, 'm'));
    const back = await underTraffic(async () => {
      await kubectl('rollout', 'undo', 'deployment/web', `--to-revision=${revision}`);
      await rolledOut();
      await onlyAnswers('v3');
    });
    expect(back.errors).toEqual({});
  }, 240_000);

  test('a canary beside: a second Deployment behind the same Service, grown and then taken over', async () => {
    const stable = await deployment();
    const labels = { app: 'web', track: 'canary' };
    const spec = structuredClone(stable.spec.template.spec);
    if (spec?.containers[0] !== undefined) spec.containers[0].image = 'coracle.test/web:v2';
    const canary = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'canary', namespace: 'rollouts' },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    };
    const report = await underTraffic(async () => {
      await coracle.kubectl.runWith(JSON.stringify(canary), 'apply', '-f', '-');
      await rolledOut('canary');
      await eventually(async () => expect(await readyByVersion()).toEqual({ v3: 4, v2: 1 }));
      await kubectl('scale', 'deployment/canary', '--replicas=3');
      await rolledOut('canary');
      await setImage('v2');
      await rolledOut();
      await kubectl('delete', 'deployment/canary', '--wait');
      await onlyAnswers('v2');
      await eventually(async () => expect(await readyByVersion()).toEqual({ v2: 4 }));
    });
    expect(report.errors).toEqual({});
    expect(Object.keys(report.versions).sort()).toEqual(['v2', 'v3']);
  }, 240_000);
});
