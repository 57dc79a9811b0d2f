import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ApiError } from '../api/errors.ts';
import type { Pod } from '../api/generated/types.ts';
import type { KubeObject } from '../api/object.ts';
import { defaultIngressClass } from './default-ingress-class/default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class/default-storage-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds/default-toleration-seconds.ts';
import { admissionPlugins } from './index.ts';
import { limitRanger } from './limit-ranger/limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle/namespace-lifecycle.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize/persistent-volume-claim-resize.ts';
import { priority } from './priority/priority.ts';
import { mergeTolerations } from './runtime-class/merge-tolerations.ts';
import { runtimeClass } from './runtime-class/runtime-class.ts';
import { serviceAccount } from './service-account/service-account.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection/storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition/taint-nodes-by-condition.ts';
import { testCluster, testContext, testPod } from './testing/cluster.ts';

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

const specOf = (object: KubeObject): Pod['spec'] => (object as unknown as Pod).spec;

test('every plugin folder is in the list, in the order of upstream', () => {
  const names = admissionPlugins({ registry: () => ({ lookup: () => undefined, all: () => [], onChange: () => ({}) as never }) }).map(
    ({ name }) => name,
  );
  expect(names).toEqual([
    'NamespaceLifecycle',
    'LimitRanger',
    'ServiceAccount',
    'TaintNodesByCondition',
    'Priority',
    'DefaultTolerationSeconds',
    'DefaultStorageClass',
    'StorageObjectInUseProtection',
    'PersistentVolumeClaimResize',
    'RuntimeClass',
    'DefaultIngressClass',
    'ResourceQuota',
  ]);
  const folders = readdirSync(new URL('.', import.meta.url), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const kebab = (name: string): string => name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
  expect(folders.map(({ name }) => name).sort()).toEqual([...names.map(kebab), 'shared', 'testing'].sort());
});

describe('NamespaceLifecycle', () => {
  const plugins = (deps: Parameters<typeof namespaceLifecycle>[0]) => [namespaceLifecycle(deps)];

  test('nothing is made in a namespace that is not there', async () => {
    await using cluster = await testCluster(plugins);
    const error = await failure(cluster.create('configmaps', { metadata: { name: 'a', namespace: 'x' } }));
    expect([error.code, error.message]).toEqual([404, 'namespaces "x" not found']);
    await cluster.create('namespaces', { metadata: { name: 'x' } });
    await cluster.create('configmaps', { metadata: { name: 'a', namespace: 'x' } });
    await cluster.create('nodes', { metadata: { name: 'n' } });
  });

  test('nor in one that is going, though what is there may change and go', async () => {
    await using cluster = await testCluster(plugins);
    const namespace = await cluster.create('namespaces', { metadata: { name: 'x' } });
    const made = await cluster.create('configmaps', { metadata: { name: 'a', namespace: 'x' } });
    await cluster.update('namespaces', { ...namespace, status: { phase: 'Terminating' } });
    const error = await failure(cluster.create('configmaps', { metadata: { name: 'b', namespace: 'x' } }));
    expect(error.message).toBe('configmaps "b" is forbidden: unable to create new content in namespace x because it is being terminated');
    expect(error.details?.causes).toEqual([
      { reason: 'NamespaceTerminating', message: 'namespace x is being terminated', field: 'metadata.namespace' },
    ]);
    await cluster.update('configmaps', { ...made, data: { a: 'b' } });
    await cluster.store('configmaps').delete('x', 'a', {}, testContext);
  });

  test.each(['default', 'kube-system', 'kube-public'])('%s stays', async (name) => {
    await using cluster = await testCluster(plugins);
    await cluster.create('namespaces', { metadata: { name } });
    const error = await failure(cluster.store('namespaces').delete('', name, {}, testContext));
    expect([error.code, error.message]).toEqual([403, `namespaces "${name}" is forbidden: this namespace may not be deleted`]);
  });
});

describe('ServiceAccount', () => {
  const plugins = (deps: Parameters<typeof serviceAccount>[0]) => [serviceAccount(deps)];

  test('gives a pod the default account and mounts its token everywhere', async () => {
    await using cluster = await testCluster(plugins);
    await cluster.create('serviceaccounts', { metadata: { name: 'default', namespace: 'default' }, imagePullSecrets: [{ name: 'pull' }] });
    const spec = specOf(await cluster.create('pods', testPod({ initContainers: [{ name: 'i' }] })));
    const mount = { name: 'kube-api-access-bbbbb', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
    expect(spec).toEqual({
      serviceAccountName: 'default',
      imagePullSecrets: [{ name: 'pull' }],
      initContainers: [{ name: 'i', volumeMounts: [mount] }],
      containers: [{ name: 'c', image: 'i', volumeMounts: [mount] }],
      volumes: [
        {
          name: 'kube-api-access-bbbbb',
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
            ],
          },
        },
      ],
    });
  });

  test('the pod may not want a token, and the account may not give one', async () => {
    await using cluster = await testCluster(plugins);
    await cluster.create('serviceaccounts', { metadata: { name: 'default', namespace: 'default' }, automountServiceAccountToken: false });
    expect(specOf(await cluster.create('pods', testPod())).volumes).toBeUndefined();
    expect(specOf(await cluster.create('pods', testPod({ automountServiceAccountToken: true }, { name: 'q' }))).volumes).toHaveLength(1);
  });

  test('a container that has something at the place keeps it', async () => {
    await using cluster = await testCluster(plugins);
    await cluster.create('serviceaccounts', { metadata: { name: 'default', namespace: 'default' } });
    const mounts = [{ name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }];
    const spec = specOf(await cluster.create('pods', testPod({ containers: [{ name: 'c', volumeMounts: mounts }] })));
    expect([spec.containers[0]?.volumeMounts, spec.volumes]).toEqual([mounts, undefined]);
  });

  test('an account that is not there', async () => {
    await using cluster = await testCluster(plugins);
    const error = await failure(cluster.create('pods', testPod({ serviceAccountName: 'robot' })));
    expect([error.code, error.message]).toEqual([
      403,
      'pods "p" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found',
    ]);
  });

  test('the default one is waited for, not for ever', async () => {
    await using cluster = await testCluster(plugins);
    const soon = cluster.create('pods', testPod());
    await cluster.create('serviceaccounts', { metadata: { name: 'default', namespace: 'default' } });
    expect(specOf(await soon).serviceAccountName).toBe('default');
    const never = failure(cluster.create('pods', testPod({}, { namespace: 'other' })));
    await cluster.clock.advance(0);
    await cluster.clock.advance(1500);
    expect((await never).message).toBe(
      'pods "p" is forbidden: error looking up service account other/default: serviceaccount "default" not found',
    );
  });

  test('an account may limit the secrets that its pods use', async () => {
    await using cluster = await testCluster(plugins);
    const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
    await cluster.create('serviceaccounts', {
      metadata: { name: 'default', namespace: 'default', annotations },
      secrets: [{ name: 'ok' }],
    });
    const blame = 'is not allowed because service account default does not reference that secret';
    const volume = (secretName: string): object => ({ volumes: [{ name: 'v', secret: { secretName } }] });
    await cluster.create('pods', testPod(volume('ok')));
    expect((await failure(cluster.create('pods', testPod(volume('no'))))).message).toBe(
      `pods "p" is forbidden: volume with secret.secretName="no" ${blame}`,
    );
    const env = [{ name: 'E', valueFrom: { secretKeyRef: { name: 'no', key: 'k' } } }];
    expect((await failure(cluster.create('pods', testPod({ containers: [{ name: 'c', env }] })))).message).toBe(
      `pods "p" is forbidden: container c with envVar E referencing secret.secretName="no" ${blame}`,
    );
    expect((await failure(cluster.create('pods', testPod({ imagePullSecrets: [{ name: 'x' }] })))).message).toContain(
      'imagePullSecrets[0].name="x"',
    );
  });

  test('mirror pods act as nobody', async () => {
    await using cluster = await testCluster(plugins);
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    expect(specOf(await cluster.create('pods', testPod({}, { annotations }))).serviceAccountName).toBeUndefined();
    const error = await failure(cluster.create('pods', testPod({ serviceAccountName: 'default' }, { annotations, name: 'q' })));
    expect(error.message).toBe('pods "q" is forbidden: a mirror pod may not reference service accounts');
  });
});

describe('Priority', () => {
  const plugins = (deps: Parameters<typeof priority>[0]) => [priority(deps)];

  test('comes from the class, from the default class, or is 0', async () => {
    await using cluster = await testCluster(plugins);
    expect(specOf(await cluster.create('pods', testPod()))).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
    await cluster.create('priorityclasses', { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' });
    await cluster.create('priorityclasses', {
      metadata: { name: 'usual' },
      value: 10,
      globalDefault: true,
      preemptionPolicy: 'PreemptLowerPriority',
    });
    const high = specOf(await cluster.create('pods', testPod({ priorityClassName: 'high' }, { name: 'q' })));
    expect(high).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' });
    const usual = specOf(await cluster.create('pods', testPod({}, { name: 'r' })));
    expect(usual).toMatchObject({ priorityClassName: 'usual', priority: 10 });
  });

  test('is not for the client to say', async () => {
    await using cluster = await testCluster(plugins);
    await cluster.create('priorityclasses', { metadata: { name: 'high' }, value: 1000 });
    expect((await failure(cluster.create('pods', testPod({ priorityClassName: 'none' })))).message).toBe(
      'pods "p" is forbidden: no PriorityClass with name none was found',
    );
    expect((await failure(cluster.create('pods', testPod({ priorityClassName: 'high', priority: 5 })))).message).toBe(
      'pods "p" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    );
  });

  test('an update that leaves it out keeps it', async () => {
    await using cluster = await testCluster(plugins);
    const pod = structuredClone(await cluster.create('pods', testPod()));
    delete specOf(pod).priority;
    expect(specOf(await cluster.update('pods', pod)).priority).toBe(0);
  });

  test('there is one default class', async () => {
    await using cluster = await testCluster(plugins);
    const first = await cluster.create('priorityclasses', { metadata: { name: 'a' }, value: 1, globalDefault: true });
    await cluster.update('priorityclasses', { ...first, description: 'x' });
    expect((await failure(cluster.create('priorityclasses', { metadata: { name: 'b' }, value: 1, globalDefault: true }))).message).toBe(
      'priorityclasses.scheduling.k8s.io "b" is forbidden: PriorityClass a is already marked as default. Only one default can exist',
    );
  });
});

describe('LimitRanger', () => {
  const plugins = (deps: Parameters<typeof limitRanger>[0]) => [limitRanger(deps)];
  const range = (...limits: object[]): object => ({ metadata: { name: 'l', namespace: 'default' }, spec: { limits } });

  test('fills in what containers leave out, and says so', async () => {
    await using cluster = await testCluster(plugins);
    await cluster.create(
      'limitranges',
      range({ type: 'Container', default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '100m' } }),
    );
    const pod = await cluster.create('pods', testPod({ containers: [{ name: 'c', resources: { limits: { cpu: '2' } } }] }));
    expect(specOf(pod).containers[0]?.resources).toEqual({ limits: { cpu: '2', memory: '1Gi' }, requests: { cpu: '100m' } });
    expect(pod.metadata.annotations).toEqual({
      'kubernetes.io/limit-ranger': 'LimitRanger plugin set: cpu request for container c; memory limit for container c',
    });
  });

  test.each([
    [{ type: 'Container', min: { cpu: '100m' } }, {}, 'minimum cpu usage per Container is 100m.  No request is specified'],
    [
      { type: 'Container', min: { cpu: '100m' } },
      { requests: { cpu: '50m' } },
      'minimum cpu usage per Container is 100m, but request is 50m',
    ],
    [{ type: 'Container', max: { cpu: '1' } }, {}, 'maximum cpu usage per Container is 1.  No limit is specified'],
    [{ type: 'Container', max: { cpu: '1' } }, { limits: { cpu: '2' } }, 'maximum cpu usage per Container is 1, but limit is 2'],
    [{ type: 'Pod', max: { memory: '1Gi' } }, { limits: { memory: '2Gi' } }, 'maximum memory usage per Pod is 1Gi, but limit is 2Gi'],
    [
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      { limits: { cpu: '3' }, requests: { cpu: '1' } },
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    ],
  ])('%j refuses %j', async (limit, resources, message) => {
    await using cluster = await testCluster(plugins);
    await cluster.create('limitranges', range(limit));
    const error = await failure(cluster.create('pods', testPod({ containers: [{ name: 'c', resources }] })));
    expect(error.message).toBe(`pods "p" is forbidden: ${message}`);
  });

  test('measures claims', async () => {
    await using cluster = await testCluster(plugins);
    await cluster.create('limitranges', range({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '5Gi' } }));
    const claim = (storage: string): object => ({
      metadata: { name: 'c', namespace: 'default' },
      spec: { resources: { requests: { storage } } },
    });
    expect((await failure(cluster.create('persistentvolumeclaims', claim('6Gi')))).message).toBe(
      'persistentvolumeclaims "c" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi',
    );
    await cluster.create('persistentvolumeclaims', claim('2Gi'));
  });
});

describe('RuntimeClass', () => {
  const plugins = (deps: Parameters<typeof runtimeClass>[0]) => [runtimeClass(deps)];

  test('adds overhead and scheduling', async () => {
    await using cluster = await testCluster(plugins);
    const scheduling = { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] };
    await cluster.create('runtimeclasses', { metadata: { name: 'vm' }, handler: 'vm', overhead: { podFixed: { cpu: '50m' } }, scheduling });
    expect(specOf(await cluster.create('pods', testPod({ runtimeClassName: 'vm', nodeSelector: { a: 'b' } })))).toMatchObject({
      overhead: { cpu: '50m' },
      nodeSelector: { a: 'b', vm: 'yes' },
      tolerations: scheduling.tolerations,
    });
    expect((await failure(cluster.create('pods', testPod({ runtimeClassName: 'vm', nodeSelector: { vm: 'no' } })))).message).toBe(
      'pods "p" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
    );
  });

  test('overhead is the class’s business', async () => {
    await using cluster = await testCluster(plugins);
    expect((await failure(cluster.create('pods', testPod({ runtimeClassName: 'vm' })))).message).toBe(
      'pods "p" is forbidden: pod rejected: RuntimeClass "vm" not found',
    );
    expect((await failure(cluster.create('pods', testPod({ runtimeClassName: 'a/b' })))).message).toBe(
      `invalid resource name "a/b": [may not contain '/']`,
    );
    expect((await failure(cluster.create('pods', testPod({ overhead: { cpu: '1' } })))).message).toBe(
      'pods "p" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    );
  });

  test('a toleration that another one covers is left out', () => {
    const all = { operator: 'Exists' };
    expect(mergeTolerations([{ key: 'a', operator: 'Equal', value: 'b' }], [all])).toEqual([all]);
    const equal = { key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' };
    expect(mergeTolerations([equal], [{ ...equal }, { ...equal, value: 'c' }])).toEqual([equal, { ...equal, value: 'c' }]);
  });
});

describe('defaults', () => {
  test('DefaultTolerationSeconds: 300 s, unless the pod says what it wants', async () => {
    await using cluster = await testCluster(() => [defaultTolerationSeconds]);
    const both = specOf(await cluster.create('pods', testPod())).tolerations;
    expect(both).toEqual(
      ['not-ready', 'unreachable'].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
    );
    const all = [{ operator: 'Exists' }];
    expect(specOf(await cluster.create('pods', testPod({ tolerations: all }, { name: 'q' }))).tolerations).toEqual(all);
  });

  test('TaintNodesByCondition', async () => {
    await using cluster = await testCluster(() => [taintNodesByCondition]);
    const taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
    expect((await cluster.create('nodes', { metadata: { name: 'n' } })).spec).toEqual({ taints: [taint] });
    expect((await cluster.create('nodes', { metadata: { name: 'm' }, spec: { taints: [taint] } })).spec).toEqual({ taints: [taint] });
  });

  test('StorageObjectInUseProtection', async () => {
    await using cluster = await testCluster(() => [storageObjectInUseProtection]);
    const volume = await cluster.create('persistentvolumes', { metadata: { name: 'v' } });
    expect(volume.metadata.finalizers).toEqual(['kubernetes.io/pv-protection']);
    const claim = await cluster.create('persistentvolumeclaims', { metadata: { name: 'c', namespace: 'default', finalizers: ['a/b'] } });
    expect(claim.metadata.finalizers).toEqual(['a/b', 'kubernetes.io/pvc-protection']);
  });

  test('DefaultStorageClass: the newest that is marked', async () => {
    await using cluster = await testCluster((deps) => [defaultStorageClass(deps)]);
    const claim = (name: string, spec: object = {}): object => ({ metadata: { name, namespace: 'default' }, spec });
    expect((await cluster.create('persistentvolumeclaims', claim('a'))).spec).toEqual({});
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await cluster.create('storageclasses', { metadata: { name: 'old', annotations } });
    await cluster.clock.advance(1000);
    await cluster.create('storageclasses', { metadata: { name: 'new', annotations } });
    await cluster.create('storageclasses', { metadata: { name: 'plain' } });
    expect((await cluster.create('persistentvolumeclaims', claim('b'))).spec).toEqual({ storageClassName: 'new' });
    expect((await cluster.create('persistentvolumeclaims', claim('c', { storageClassName: '' }))).spec).toEqual({ storageClassName: '' });
  });

  test('PersistentVolumeClaimResize: bound claims grow where their class lets them', async () => {
    await using cluster = await testCluster((deps) => [persistentVolumeClaimResize(deps)]);
    await cluster.create('storageclasses', { metadata: { name: 'grows' }, allowVolumeExpansion: true });
    await cluster.create('storageclasses', { metadata: { name: 'stays' } });
    const claim = (storage: string, storageClassName: string): object => ({ resources: { requests: { storage } }, storageClassName });
    const resized = async (name: string, storageClassName: string, phase: string): Promise<KubeObject> => {
      const made = { metadata: { name, namespace: 'default' }, spec: claim('1Gi', storageClassName), status: { phase } };
      const object = structuredClone(await cluster.create('persistentvolumeclaims', made));
      return cluster.update('persistentvolumeclaims', { ...object, spec: claim('2Gi', storageClassName) });
    };
    expect((await resized('a', 'grows', 'Bound')).spec).toEqual(claim('2Gi', 'grows'));
    const why = 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    expect((await failure(resized('b', 'stays', 'Bound'))).message).toBe(`persistentvolumeclaims "b" is forbidden: ${why}`);
    expect((await failure(resized('c', 'missing', 'Bound'))).message).toContain(why);
    expect((await failure(resized('d', 'grows', 'Pending'))).message).toContain('Only bound persistent volume claims can be expanded');
  });

  test('DefaultIngressClass', async () => {
    await using cluster = await testCluster((deps) => [defaultIngressClass(deps)]);
    await cluster.create('ingressclasses', {
      metadata: { name: 'nginx', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    });
    expect((await cluster.create('ingresses', { metadata: { name: 'a', namespace: 'default' }, spec: {} })).spec).toEqual({
      ingressClassName: 'nginx',
    });
    const annotations = { 'kubernetes.io/ingress.class': 'x' };
    expect((await cluster.create('ingresses', { metadata: { name: 'b', namespace: 'default', annotations }, spec: {} })).spec).toEqual({});
  });
});
