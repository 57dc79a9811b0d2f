/** Rules of single kinds, through the engine. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cloneJson } from '../api/json.ts';
import type { KubeObject } from '../api/object.ts';
import { FakeClock } from '../base/clock.ts';
import type { ResourceStore } from '../registry/store.ts';
import { scheduleFault } from './batch/cronjobs/schedule.ts';
import { admin, testRegistry } from './testing/deps.ts';

let registry: Awaited<ReturnType<typeof testRegistry>>;

beforeEach(async () => {
  registry = await testRegistry(new FakeClock());
});
afterEach(() => registry.stop());

function store(apiVersion: string, resource: string): ResourceStore {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return registry.lookup(group, version, resource) as ResourceStore;
}

async function create(of: ResourceStore, object: object): Promise<KubeObject> {
  const namespace = of.definition.namespaced ? 'default' : '';
  return (await of.create(namespace, cloneJson(object) as KubeObject, admin)).object;
}

async function change(of: ResourceStore, name: string, edit: (object: KubeObject) => void, subresource = ''): Promise<KubeObject> {
  const update = (current: KubeObject | undefined): KubeObject => {
    const object = cloneJson(current) as KubeObject;
    edit(object);
    return object;
  };
  const namespace = of.definition.namespaced ? 'default' : '';
  return (await of.update({ name, namespace, subresource, update, retryOnConflict: false }, admin)).entry.object;
}

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
const selector = { matchLabels: { a: 'b' } };

describe('Deployment', () => {
  test('defaults and an empty status', async () => {
    const object = await create(store('apps/v1', 'deployments'), {
      metadata: { name: 'd' },
      spec: { selector, template },
      status: { replicas: 5 },
    });
    expect(object).toMatchObject({
      metadata: { generation: 1 },
      spec: {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
      status: {},
    });
    expect(object['status']).toEqual({});
  });

  test('the selector matches the labels and does not change', async () => {
    const deployments = store('apps/v1', 'deployments');
    await expect(
      create(deployments, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'c' } }, template } }),
    ).rejects.toThrow(
      'Deployment.apps "d" is invalid: spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
    );
    await create(deployments, { metadata: { name: 'd' }, spec: { selector, template } });
    const other = { a: 'b', c: 'd' };
    const edit = (object: KubeObject): void =>
      void Object.assign(object, { spec: { selector: { matchLabels: other }, template: { ...template, metadata: { labels: other } } } });
    await expect(change(deployments, 'd', edit)).rejects.toThrow('field is immutable');
  });
});

test('a DaemonSet counts its template in an annotation', async () => {
  const sets = store('apps/v1', 'daemonsets');
  const annotation = (object: KubeObject): string | undefined => object.metadata.annotations?.['deprecated.daemonset.template.generation'];
  expect(annotation(await create(sets, { metadata: { name: 'd' }, spec: { selector, template } }))).toBe('1');
  const edit = (object: KubeObject): void =>
    void Object.assign((object as unknown as { spec: { template: { metadata: object } } }).spec.template.metadata, {
      labels: { a: 'b', c: 'd' },
    });
  expect(annotation(await change(sets, 'd', edit))).toBe('2');
});

test('a StatefulSet may not change its service', async () => {
  const sets = store('apps/v1', 'statefulsets');
  await create(sets, { metadata: { name: 's' }, spec: { serviceName: 'x', selector, template } });
  const edit = (object: KubeObject): void => void Object.assign(object['spec'] as object, { serviceName: 'y' });
  await expect(change(sets, 's', edit)).rejects.toThrow("updates to statefulset spec for fields other than 'replicas', 'ordinals',");
});

describe('fields whose gate is off', () => {
  const rollingUpdate = { maxUnavailable: 2, partition: 0 };
  const set = { metadata: { name: 's' }, spec: { selector, template, updateStrategy: { rollingUpdate } } };

  test('are dropped', async () => {
    const specOf = async (kind: [string, string], object: object): Promise<unknown> => (await create(store(...kind), object))['spec'];
    expect(await specOf(['apps/v1', 'statefulsets'], set)).toHaveProperty('updateStrategy.rollingUpdate', { partition: 0 });
    const spec = { holderIdentity: 'a', strategy: 'OldestEmulationVersion', preferredHolder: 'b' };
    expect(await specOf(['coordination.k8s.io/v1', 'leases'], { metadata: { name: 'l' }, spec })).toEqual({ holderIdentity: 'a' });
    const driver = { metadata: { name: 'd.x' }, spec: { preventPodSchedulingIfMissing: true } };
    expect(await specOf(['storage.k8s.io/v1', 'csidrivers'], driver)).not.toHaveProperty('preventPodSchedulingIfMissing');
  });

  test('stay where the gate is on', async () => {
    const gated = await testRegistry(new FakeClock(), { featureGates: new Set(['MaxUnavailableStatefulSet'] as const) });
    const made = await create(gated.lookup('apps', 'v1', 'statefulsets') as ResourceStore, set);
    expect(made).toMatchObject({ spec: { updateStrategy: { rollingUpdate } } });
    await gated.stop();
  });
});

test('a service account names its secrets, no more', async () => {
  const account = await create(store('v1', 'serviceaccounts'), { metadata: { name: 'a' }, secrets: [{ name: 's', kind: 'K' }] });
  expect(account['secrets']).toEqual([{ name: 's' }]);
});

test('a Job selects its pods by its own uid', async () => {
  const spec = { template: { spec: { ...template.spec, restartPolicy: 'Never' } } };
  const job = await create(store('batch/v1', 'jobs'), { metadata: { name: 'j' }, spec });
  const own = { 'batch.kubernetes.io/controller-uid': job.metadata.uid };
  expect(job).toMatchObject({
    spec: { selector: { matchLabels: own }, template: { metadata: { labels: own } }, completions: 1, backoffLimit: 6 },
  });
});

test.each<[string, string | undefined]>([
  ['*/5 * * * *', undefined],
  ['0 0 1,15 jan-mar mon', undefined],
  ['@hourly', undefined],
  ['@every 1h30m', undefined],
  ['CRON_TZ=UTC 0 0 * * *', undefined],
  ['foo bar', 'expected exactly 5 fields, found 2: [foo bar]'],
  ['60 * * * *', 'end of range (60) above maximum (59): 60'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['@never', 'unrecognized descriptor: @never'],
])('cron schedule %s', (schedule, fault) => {
  expect(scheduleFault(schedule)).toBe(fault);
});

describe('Secret', () => {
  test('stringData becomes data', async () => {
    const secret = await create(store('v1', 'secrets'), {
      metadata: { name: 's' },
      stringData: { a: 'b' },
      data: { a: 'eA==', c: 'ZA==' },
    });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'Yg==', c: 'ZA==' } });
    expect(secret['stringData']).toBeUndefined();
  });

  test('the type is immutable, and everything of an immutable one', async () => {
    const secrets = store('v1', 'secrets');
    await create(secrets, { metadata: { name: 's' }, data: { a: 'Yg==' }, immutable: true });
    await expect(change(secrets, 's', (object) => void (object['type'] = 'other'))).rejects.toThrow('field is immutable');
    await expect(change(secrets, 's', (object) => void (object['data'] = {}))).rejects.toThrow(
      'field is immutable when `immutable` is set',
    );
  });
});

describe('Namespace', () => {
  test('gets its label, finalizer and phase', async () => {
    const namespace = await create(store('v1', 'namespaces'), { metadata: { name: 'n' } });
    expect(namespace).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  test('loses its finalizers by finalize alone', async () => {
    const namespaces = store('v1', 'namespaces');
    await create(namespaces, { metadata: { name: 'n' } });
    const clear = (object: KubeObject): void => void (object['spec'] = {});
    expect((await change(namespaces, 'n', clear))['spec']).toEqual({ finalizers: ['kubernetes'] });
    expect((await change(namespaces, 'n', clear, 'finalize'))['spec']).toEqual({});
  });
});

test('an event of events.k8s.io is one of the core group too', async () => {
  const event = {
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    note: 'text',
    reason: 'R',
    action: 'A',
    type: 'Normal',
  };
  await create(store('events.k8s.io/v1', 'events'), {
    metadata: { name: 'e' },
    ...event,
    reportingController: 'a/b',
    reportingInstance: 'i',
  });
  const core = (await store('v1', 'events').get('default', 'e')).object;
  expect(core).toMatchObject({ involvedObject: { name: 'p' }, message: 'text', reportingComponent: 'a/b' });
  expect(core['regarding']).toBeUndefined();
});

test('autoscaling/v1 is a view of autoscaling/v2', async () => {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
  const pods = { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1' } } };
  const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } };
  await create(store('autoscaling/v2', 'horizontalpodautoscalers'), {
    metadata: { name: 'h' },
    spec: { maxReplicas: 3, scaleTargetRef, metrics: [cpu, pods] },
  });
  const old = (await store('autoscaling/v1', 'horizontalpodautoscalers').get('default', 'h')).object;
  expect(old).toMatchObject({
    spec: { minReplicas: 1, targetCPUUtilizationPercentage: 50 },
    metadata: {
      annotations: { 'autoscaling.alpha.kubernetes.io/metrics': '[{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"1"}}]' },
    },
  });
  const negative = (object: KubeObject): void => void (object['status'] = { currentReplicas: -1, desiredReplicas: 0 });
  for (const version of ['v1', 'v2'])
    await expect(change(store(`autoscaling/${version}`, 'horizontalpodautoscalers'), 'h', negative, 'status')).rejects.toThrow(
      'status.currentReplicas: Invalid value: -1',
    );
});

test('what is written of a daemon set by its status changes no generation of its template', async () => {
  const sets = store('apps/v1', 'daemonsets');
  const annotation = 'deprecated.daemonset.template.generation';
  await create(sets, { metadata: { name: 'd' }, spec: { selector, template, updateStrategy: { type: 'OnDelete', rollingUpdate: {} } } });
  const written = await change(sets, 'd', (object) => void (object.metadata.annotations = { [annotation]: '7', a: 'b' }), 'status');
  expect(written.metadata.annotations).toEqual({ [annotation]: '1', a: 'b' });
  expect(written).toMatchObject({ spec: { updateStrategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } });
  const negative = (object: KubeObject): void => void (object['status'] = { numberReady: -1 });
  await expect(change(sets, 'd', negative, 'status')).rejects.toThrow('status.numberReady: Invalid value: -1');
});

test('the status of a budget has conditions and counts', async () => {
  const budgets = store('policy/v1', 'poddisruptionbudgets');
  await create(budgets, { metadata: { name: 'A b' }, spec: { selector } });
  const wrong = { conditions: [{ type: 'a' }], currentHealthy: -1 };
  const written = change(budgets, 'A b', (object) => void (object['status'] = wrong), 'status');
  await expect(written).rejects.toThrow(/status\.conditions\[0\]\.status: Unsupported value.*status\.currentHealthy: Invalid value: -1/);
});

test('a flow schema keeps its labels whatever its status says', async () => {
  const schemas = store('flowcontrol.apiserver.k8s.io/v1', 'flowschemas');
  await create(schemas, { metadata: { name: 'f', labels: { a: 'b' } }, spec: { priorityLevelConfiguration: { name: 'l' } } });
  const written = await change(schemas, 'f', (object) => void (object.metadata.labels = {}), 'status');
  expect(written.metadata.labels).toEqual({ a: 'b' });
});

test('storage: terms without expressions are all the same, node ids may be long, errors of attachments are told', async () => {
  const classes = store('storage.k8s.io/v1', 'storageclasses');
  const storageClass = { metadata: { name: 's' }, provisioner: 'p', allowedTopologies: [{}] };
  await expect(create(classes, storageClass)).rejects.toThrow('allowedTopologies[0].matchLabelExpressions: Duplicate value: ""');
  const nodes = store('storage.k8s.io/v1', 'csinodes');
  const node = (length: number): object => ({ metadata: { name: 'n' }, spec: { drivers: [{ name: 'd', nodeID: 'x'.repeat(length) }] } });
  await expect(create(nodes, node(257))).rejects.toThrow('must be 256 characters or less');
  await create(nodes, node(256));
  const attachments = store('storage.k8s.io/v1', 'volumeattachments');
  await create(attachments, { metadata: { name: 'a' }, spec: { attacher: 'd', nodeName: 'n', source: { persistentVolumeName: 'v' } } });
  const failed = (object: KubeObject): void => void (object['status'] = { attached: false, attachError: { errorCode: -1 } });
  await expect(change(attachments, 'a', failed, 'status')).rejects.toThrow('status.attachError.errorCode: Invalid value: -1');
});

test('a role binding does not change its role', async () => {
  const bindings = store('rbac.authorization.k8s.io/v1', 'rolebindings');
  const binding = await create(bindings, {
    metadata: { name: 'a:b' },
    roleRef: { kind: 'Role', name: 'x' },
    subjects: [{ kind: 'User', name: 'u' }],
  });
  expect(binding).toMatchObject({
    roleRef: { apiGroup: 'rbac.authorization.k8s.io' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }],
  });
  await expect(change(bindings, 'a:b', (object) => void Object.assign(object['roleRef'] as object, { name: 'y' }))).rejects.toThrow(
    'cannot change roleRef',
  );
});

test('a certificate request carries who asked, and its approval changes conditions only', async () => {
  const requests = store('certificates.k8s.io/v1', 'certificatesigningrequests');
  const request = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n').toString('base64');
  const made = await create(requests, {
    metadata: { name: 'c' },
    spec: { request, signerName: 'example.com/x', usages: ['client auth'], username: 'somebody' },
  });
  expect(made['spec']).toMatchObject({ username: 'admin', groups: ['system:masters'] });
  const conditions = [
    { type: 'Approved', status: 'True', reason: 'R', message: '' },
    { type: 'Checked', status: 'False', reason: 'R', message: '' },
  ];
  const approved = await change(requests, 'c', (object) => void (object['status'] = { conditions, certificate: 'AA==' }), 'approval');
  expect(approved['status']).toMatchObject({
    conditions: [{ type: 'Approved', lastTransitionTime: '2026-01-01T00:00:00Z' }, { type: 'Checked' }],
  });
  expect(approved['status']).not.toHaveProperty('certificate');
  await expect(change(requests, 'c', (object) => void (object['status'] = {}), 'approval')).rejects.toThrow(
    'updates may not remove a condition of type "Approved"',
  );
});

const selfSigned = Buffer.from(
  [
    '-----BEGIN CERTIFICATE-----',
    'MIIBLjCB4aADAgECAhQ2FF6xiXQjR7uqqwE0HdnYGRgXozAFBgMrZXAwDDEKMAgGA1UEAwwBYTAgFw0yNjExMjEyMjQ5NDJaGA8yMTI2MTAyODIyNDk0Mlow' +
      'DDEKMAgGA1UEAwwBYTAqMAUGAytlcAMhAJXMG7aawDZ40fUSLHlMVnb6OTAVS7x33oCREFZKov9jo1MwUTAdBgNVHQ4EFgQUNoQ5hb8XQpwn6W0jviwYtynz' +
      'o3QwHwYDVR0jBBgwFoAUNoQ5hb8XQpwn6W0jviwYtynzo3QwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQDYajjmYCPBsz3srC/uyyU1M4zSEeKinorakFxS' +
      'sbOkFQkjn4WYoaZBGPIB6xfrzj3i5nncQZAZSMhKnQsXnNsP',
    '-----END CERTIFICATE-----\n',
  ].join('\n'),
).toString('base64');

test('the status of a certificate request takes the certificate once and decides nothing', async () => {
  const requests = store('certificates.k8s.io/v1', 'certificatesigningrequests');
  const request = Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n').toString('base64');
  await create(requests, { metadata: { name: 's' }, spec: { request, signerName: 'example.com/x', usages: ['client auth'] } });
  const write = (status: object): ReturnType<typeof change> =>
    change(requests, 's', (object) => void (object['status'] = status), 'status');
  await expect(write({ conditions: [{ type: 'Approved', status: 'True' }] })).rejects.toThrow('may not add a condition of type "Approved"');
  await expect(write({ conditions: [{ type: 'Failed', status: 'False' }] })).rejects.toThrow('Unsupported value: "False"');
  const written = await write({ certificate: selfSigned, conditions: [{ type: 'Failed', status: 'True' }] });
  expect(written['status']).toMatchObject({ certificate: selfSigned, conditions: [{ type: 'Failed' }] });
  await expect(write({ ...(written['status'] as object), certificate: `${selfSigned.slice(0, -4)}AAo=` })).rejects.toThrow(
    'may not modify existing certificate content',
  );
});

test('a token request is answered with the account it is for', async () => {
  const accounts = store('v1', 'serviceaccounts');
  await create(accounts, { metadata: { name: 'robot' } });
  const ask = (expirationSeconds: number): Promise<KubeObject> =>
    accounts.connect(
      'token',
      'default',
      'robot',
      { metadata: {}, spec: { audiences: [], expirationSeconds } } as unknown as KubeObject,
      admin,
    );
  expect(await ask(3600)).toMatchObject({
    kind: 'TokenRequest',
    spec: { audiences: ['here'] },
    status: { token: 'token of robot', expirationTimestamp: '' },
  });
  await expect(ask(60)).rejects.toThrow('spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes');
});

test('whoami', async () => {
  const review = await create(store('authentication.k8s.io/v1', 'selfsubjectreviews'), { metadata: {} });
  expect(review['status']).toEqual({ userInfo: { username: 'admin', groups: ['system:masters'] } });
});

describe('a certificate request', () => {
  const request = 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KeAotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K';
  const spec = { request, signerName: 'example.com/x', usages: ['client auth'] };

  test('may be called anything that a path can hold', async () => {
    expect(
      (await create(store('certificates.k8s.io/v1', 'certificatesigningrequests'), { metadata: { name: 'A:b' }, spec })).metadata.name,
    ).toBe('A:b');
    const slashed = create(store('certificates.k8s.io/v1', 'certificatesigningrequests'), { metadata: { name: 'a/b' }, spec });
    await expect(slashed).rejects.toThrow("may not contain '/'");
  });

  test.each([
    ['eA==', 'must contain at least one CERTIFICATE PEM block'],
    [request, 'only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"'],
  ])('is not answered with %s', async (certificate, fault) => {
    const requests = store('certificates.k8s.io/v1', 'certificatesigningrequests');
    await create(requests, { metadata: { name: 'a' }, spec });
    const answered = change(requests, 'a', (object) => (object['status'] = { certificate }), 'status');
    await expect(answered).rejects.toThrow(`status.certificate: Invalid value: "<certificate data>": ${fault}`);
  });
});
