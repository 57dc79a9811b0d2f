import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Pod, PodDisruptionBudget } from '../../../api/generated/types.ts';
import { cloneJson } from '../../../api/json.ts';
import type { KubeObject } from '../../../api/object.ts';
import { FakeClock } from '../../../base/clock.ts';
import type { ResourceStore } from '../../../registry/store.ts';
import { admin, testRegistry } from '../../testing/deps.ts';

let registry: Awaited<ReturnType<typeof testRegistry>>;
let pods: ResourceStore;
let budgets: ResourceStore;

beforeEach(async () => {
  registry = await testRegistry(new FakeClock());
  pods = registry.lookup('', 'v1', 'pods') as ResourceStore;
  budgets = registry.lookup('policy', 'v1', 'poddisruptionbudgets') as ResourceStore;
});
afterEach(() => registry.stop());

const asObject = (value: object): KubeObject => value as unknown as KubeObject;

/** A pod on a node, running unless said otherwise. */
async function pod(ready: string, phase = 'Running'): Promise<void> {
  const object = { metadata: { name: 'p', labels: { a: 'b' } }, spec: { nodeName: 'n1', containers: [{ name: 'a', image: 'nginx' }] } };
  await pods.create('default', asObject(object), admin);
  const update = (current: KubeObject | undefined): KubeObject =>
    asObject({ ...cloneJson(current), status: { phase, conditions: [{ type: 'Ready', status: ready }] } });
  await pods.update({ name: 'p', namespace: 'default', subresource: 'status', update, retryOnConflict: false }, admin);
}

const enough = { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2, observedGeneration: 1 };
const spent = { ...enough, disruptionsAllowed: 0, currentHealthy: 1 };

async function budget(status: object, spec: object = {}, name = 'b'): Promise<void> {
  const object = { metadata: { name }, spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } }, ...spec } };
  await budgets.create('default', asObject(object), admin);
  const update = (current: KubeObject | undefined): KubeObject => asObject({ ...cloneJson(current), status });
  await budgets.update({ name, namespace: 'default', subresource: 'status', update, retryOnConflict: false }, admin);
}

const evict = (more: object = {}, context = admin): Promise<KubeObject> =>
  pods.connect('eviction', 'default', 'p', asObject({ metadata: { name: 'p' }, ...more }), context);
const stored = async (): Promise<Pod> => (await pods.get('default', 'p')).object as unknown as Pod;
const isGoing = async (): Promise<boolean> => (await stored()).metadata.deletionTimestamp !== undefined;
const status = async (): Promise<PodDisruptionBudget['status']> =>
  ((await budgets.get('default', 'b')).object as unknown as PodDisruptionBudget).status;
const refusal = (message: string, retryAfterSeconds?: number): object => ({
  code: 429,
  reason: 'TooManyRequests',
  message: "Cannot evict pod as it would violate the pod's disruption budget.",
  details: { causes: [{ reason: 'DisruptionBudget', message }], ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
});

test('marks the pod, counts the disruption and deletes', async () => {
  await pod('True');
  await budget(enough);
  expect(await evict()).toEqual({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
  expect(await isGoing()).toBe(true);
  expect((await stored()).status.conditions?.find((one) => one.type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  });
  expect(await status()).toMatchObject({
    disruptionsAllowed: 0,
    disruptedPods: { p: '2026-01-01T00:00:00Z' },
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '', observedGeneration: 1 }],
  });
});

test.each<[string, object, object]>([
  ['none left', spent, refusal('The disruption budget b needs 1 healthy pods and has 1 currently')],
  [
    'the controller is behind',
    { ...enough, observedGeneration: 0 },
    refusal('The disruption budget b is still being processed by the server.', 10),
  ],
  [
    'the controller failed',
    { ...spent, conditions: [condition('SyncFailed', 'boo')] },
    refusal('The disruption budget b does not allow evicting pods currently because it failed sync: boo'),
  ],
  [
    'another reason',
    { ...spent, currentHealthy: 2, conditions: [condition('Other', 'boo')] },
    refusal('The disruption budget b does not allow evicting pods currently (Other): boo'),
  ],
  ['just granted', { ...spent, currentHealthy: 2 }, refusal('The disruption budget b does not allow evicting pods currently')],
])('refused: %s', async (_title, numbers, expected) => {
  await pod('True');
  await budget(numbers);
  const error: unknown = await evict().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject(expected);
  expect((error as { details: object }).details).toEqual((expected as { details: object }).details);
  expect(await isGoing()).toBe(false);
});

function condition(reason: string, message: string): object {
  return { type: 'DisruptionAllowed', status: 'False', reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' };
}

test('a pod of two budgets cannot be evicted', async () => {
  await pod('True');
  await budget(enough);
  await budget(enough, {}, 'other');
  const error = await evict().catch((thrown: unknown) => thrown);
  expect((error as { toStatus(): object }).toStatus()).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    code: 500,
  });
});

test.each<[string, object, object, boolean]>([
  ['IfHealthyBudget, enough healthy', {}, { ...spent, currentHealthy: 1 }, true],
  ['IfHealthyBudget, too few healthy', {}, { ...spent, currentHealthy: 0 }, false],
  ['AlwaysAllow', { unhealthyPodEvictionPolicy: 'AlwaysAllow' }, { ...spent, currentHealthy: 0 }, true],
])('a pod that is not ready: %s', async (_title, spec, numbers, goes) => {
  await pod('False');
  await budget(numbers, spec);
  if (goes) await evict();
  else await expect(evict()).rejects.toMatchObject({ code: 429 });
  expect(await isGoing()).toBe(goes);
  expect((await status()).disruptedPods).toBeUndefined();
});

test.each(['Pending', 'Succeeded'])('a %s pod asks nobody', async (phase) => {
  await pod('True', phase);
  await budget(spent);
  await evict();
  const gone = await pods.get('default', 'p').then(
    ({ object }) => (object as unknown as Pod).metadata.deletionTimestamp !== undefined,
    () => true,
  );
  expect(gone).toBe(true);
});

test('a dry run asks and changes nothing', async () => {
  await pod('True');
  await budget(enough);
  await evict({}, { ...admin, dryRun: true });
  await evict({ deleteOptions: { dryRun: ['All'] } });
  expect(await isGoing()).toBe(false);
  expect((await status()).disruptionsAllowed).toBe(1);
});

test.each([
  [{ uid: 'zzz' }, /the UID in the precondition \(zzz\) does not match the UID in record/],
  [{ resourceVersion: '1' }, /the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record/],
])('preconditions %j', async (preconditions, message) => {
  await pod('True');
  await expect(evict({ deleteOptions: { preconditions } })).rejects.toMatchObject({ code: 409, message: expect.stringMatching(message) });
});

test('the name has to be that of the pod', async () => {
  await pod('True');
  await expect(evict({ metadata: { name: 'q' } })).rejects.toMatchObject({ message: 'name in URL does not match name in Eviction object' });
});
