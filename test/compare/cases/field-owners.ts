/** Field owners after every kind of write that is no apply. */
import { apply, type Case, get, patch, post, put, quiet, remove, type Step } from '../case.ts';

export const core = '/api/v1/namespaces/{ns}';
export const maps = `${core}/configmaps`;
export const pods = `${core}/pods`;
export const services = `${core}/services`;
export const deployments = '/apis/apps/v1/namespaces/{ns}/deployments';
export const scalers = (version: string): string => `/apis/autoscaling/${version}/namespaces/{ns}/horizontalpodautoscalers`;
export const one = (name: string, ...steps: Step[]): Case => ({ name: `apply/${name}`, steps });
export const as = (manager: string): { readonly headers: Readonly<Record<string, string>> } => ({
  headers: { 'user-agent': `${manager}/v1.36.3 (linux/amd64)` },
});

export const map = (name: string, rest: object = {}, meta: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...meta },
  ...rest,
});
export const container = (name: string, rest: object = {}): object => ({ name, image: `${name}:1`, ...rest });
export const deployment = (
  name: string,
  spec: object = {},
  containers: readonly object[] = [container('web')],
  meta: object = {},
): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, ...meta },
  spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers } }, ...spec },
});
export const pod = (name: string, spec: object = {}, meta: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...meta },
  spec: { automountServiceAccountToken: false, schedulerName: 'nobody', containers: [container('web')], ...spec },
});
export const service = (name: string, spec: object): object => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec });

function writers(): readonly Case[] {
  const at = `${maps}/w-{run}`;
  return [
    one(
      'writers of a config map',
      post(
        maps,
        map('w-{run}', { data: { a: '1', b: '2' }, binaryData: { c: 'AAE=' } }, { labels: { l: '1' }, annotations: { n: '1' } }),
        as('creator'),
      ),
      get(at),
      put(at, map('w-{run}', { data: { a: '2', b: '2' } }, { labels: { l: '1' } }), as('updater')),
      put(`${at}?fieldManager=named`, map('w-{run}', { data: { a: '2', z: '1' } }, { labels: { l: '1' } }), as('updater')),
      patch('merge', at, { data: { m: '1', b: null } }, as('merger')),
      patch('strategic', at, { metadata: { labels: { s: '1' } } }, as('strategist')),
      patch('json', at, [{ op: 'add', path: '/metadata/annotations', value: { j: '1' } }], as('jay')),
      patch('json', at, [{ op: 'remove', path: '/data' }], as('jay')),
      patch('merge', at, { data: { m: '1' } }, as('merger')),
      patch('merge', at, { data: { m: '1' } }, as('nobody')),
      put(at, map('w-{run}', { data: {} })),
      put(at, map('w-{run}', { immutable: true }, { finalizers: ['a.b/c'] }), as('finalizer')),
      patch('merge', at, { metadata: { finalizers: null } }),
      get(`${maps}?fieldSelector=metadata.name=w-{run}`, { mask: ['items.*.data'] }),
    ),
    one(
      'owners that a client sends',
      quiet(post(maps, map('o-{run}', { data: { a: '1' } }), as('creator'))),
      patch('merge', `${maps}/o-{run}`, { metadata: { managedFields: [] } }, as('reset')),
      patch('merge', `${maps}/o-{run}`, { data: { b: '1' } }, as('untracked')),
      apply('first', `${maps}/o-{run}`, map('o-{run}', { data: { c: '1' } })),
      patch('merge', `${maps}/o-{run}`, { metadata: { managedFields: [{}] } }, as('reset')),
      put(
        `${maps}/o-{run}`,
        map(
          'o-{run}',
          { data: { a: '1', b: '1', c: '1' } },
          {
            managedFields: [
              {
                manager: 'me',
                operation: 'Update',
                apiVersion: 'v1',
                time: '2020-01-01T00:00:00Z',
                fieldsType: 'FieldsV1',
                fieldsV1: { 'f:data': { 'f:b': {}, 'f:a': {} } },
              },
            ],
          },
        ),
        as('editor'),
      ),
      patch('json', `${maps}/o-{run}`, [{ op: 'replace', path: '/metadata/managedFields/0/operation', value: 'Bogus' }], as('editor')),
      patch('json', `${maps}/o-{run}`, [{ op: 'replace', path: '/metadata/managedFields/0/fieldsV1', value: { x: {} } }], as('editor')),
      patch('json', `${maps}/o-{run}`, [{ op: 'replace', path: '/metadata/managedFields/0/manager', value: 'renamed' }], as('editor')),
      post(
        maps,
        map(
          'o2-{run}',
          { data: { a: '1' } },
          {
            managedFields: [
              { manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {} } } },
            ],
          },
        ),
        as('creator'),
      ),
    ),
    one(
      'ten updaters and more',
      quiet(post(maps, map('ten-{run}', { data: { a: '1' } }), as('u0'))),
      ...Array.from({ length: 12 }, (_, at2) =>
        patch('merge', `${maps}/ten-{run}`, { data: { [`k${String(at2)}`]: 'v' } }, as(`u${String(at2 + 1)}`)),
      ),
    ),
    one(
      'names of managers',
      post(maps, map('n1-{run}', { data: { a: '1' } }), { headers: { 'user-agent': 'a b(c)/1 x/2' } }),
      post(maps, map('n2-{run}', { data: { a: '1' } }), { headers: { 'user-agent': 'x'.repeat(200) } }),
      post(`${maps}?fieldManager=${'y'.repeat(128)}`, map('n3-{run}', { data: { a: '1' } })),
      post(`${maps}?fieldManager=${'y'.repeat(129)}`, map('n4-{run}', { data: { a: '1' } })),
      post(`${maps}?fieldManager=a%07b`, map('n5-{run}', { data: { a: '1' } })),
      apply('', `${maps}/n6-{run}`, map('n6-{run}')),
      patch('merge', `${maps}/n1-{run}?force=true`, {}),
      post(
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
        as('asker'),
      ),
      post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { ...as('asker'), mask: ['status'] }),
    ),
  ];
}

function kinds(): readonly Case[] {
  const rich = pod(
    'rich-{run}',
    {
      containers: [
        container('web', {
          ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP', name: 'dns' }, { containerPort: 8080, hostPort: 8080 }],
          env: [{ name: 'B', value: 'x' }, { name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, { name: 'a b' }],
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m' } },
          volumeMounts: [
            { name: 'v', mountPath: '/v' },
            { name: 'v', mountPath: '/a', readOnly: true },
          ],
          readinessProbe: { httpGet: { path: '/', port: 80 } },
          command: ['a'],
          securityContext: { capabilities: { add: ['NET_ADMIN'] } },
        }),
        container('side'),
      ],
      initContainers: [container('init')],
      volumes: [
        { name: 'v', emptyDir: {} },
        { name: 'c', configMap: { name: 'x', items: [{ key: 'a', path: 'b' }] } },
      ],
      imagePullSecrets: [{ name: 'p' }],
      tolerations: [{ key: 'a', operator: 'Exists' }],
      hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { a: 'b' } } },
      ],
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z' }] } },
      nodeSelector: { a: 'b' },
      securityContext: { runAsUser: 1, supplementalGroups: [1] },
    },
    { labels: { z: '1', a: '2' }, ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'u-1' }] },
  );
  return [
    one(
      'a rich pod',
      post(pods, rich, { ...as('creator'), mask: ['status'] }),
      patch(
        'merge',
        `${pods}/rich-{run}/status`,
        {
          status: {
            phase: 'Running',
            conditions: [
              { type: 'Ready', status: 'True' },
              { type: 'A', status: 'False' },
            ],
            podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }],
            podIP: '10.0.0.1',
          },
        },
        as('kubelet'),
      ),
      patch('strategic', `${pods}/rich-{run}/status`, { status: { conditions: [{ type: 'Ready', status: 'False' }] } }, as('kubelet')),
      patch(
        'strategic',
        `${pods}/rich-{run}/status`,
        { metadata: { labels: { x: 'y' } }, spec: { activeDeadlineSeconds: 5 }, status: { message: 'm' } },
        as('odd'),
      ),
      patch(
        'strategic',
        `${pods}/rich-{run}`,
        { spec: { containers: [{ name: 'side', image: 'new' }] }, status: { message: 'n' } },
        as('imager'),
      ),
      patch(
        'strategic',
        `${pods}/rich-{run}/ephemeralcontainers`,
        { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } },
        as('debugger'),
      ),
      patch(
        'strategic',
        `${pods}/rich-{run}/resize`,
        { spec: { containers: [{ name: 'side', image: 'z', resources: { requests: { memory: '1Mi' } } }] } },
        { ...as('resizer'), mask: ['status'] },
      ),
      remove(`${pods}/rich-{run}?gracePeriodSeconds=0`, undefined, { quiet: true }),
    ),
    one(
      'other kinds',
      post(deployments, deployment('k-{run}', { replicas: 0 }), as('creator')),
      patch(
        'merge',
        `${deployments}/k-{run}/status`,
        { metadata: { labels: { a: 'b' } }, spec: { replicas: 9 }, status: { replicas: 1, conditions: [{ type: 'A', status: 'True' }] } },
        { ...as('controller'), mask: ['status.conditions'] },
      ),
      post(
        services,
        service('k-{run}', {
          ports: [
            { port: 80, name: 't' },
            { port: 80, protocol: 'UDP', name: 'u' },
          ],
          selector: { a: 'b' },
        }),
        {
          ...as('creator'),
          quiet: true,
        },
      ),
      patch('merge', `${services}/k-{run}/status`, { status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } }, { ...as('cloud') }),
      post(`${core}/secrets`, { metadata: { name: 'k-{run}' }, stringData: { a: 'b' } }, as('creator')),
      post(
        `${core}/serviceaccounts`,
        { metadata: { name: 'k-{run}' }, secrets: [{ name: 'a' }], imagePullSecrets: [{ name: 'b' }] },
        as('creator'),
      ),
      post(
        `${core}/events`,
        { metadata: { name: 'k-{run}', namespace: '{ns}' }, involvedObject: { namespace: '{ns}', name: 'x' }, reason: 'r' },
        as('creator'),
      ),
      post(
        '/apis/batch/v1/namespaces/{ns}/cronjobs',
        {
          metadata: { name: 'k-{run}' },
          spec: {
            schedule: '* * * * *',
            jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container('c')] } } } },
          },
        },
        as('creator'),
      ),
      post(
        '/apis/networking.k8s.io/v1/namespaces/{ns}/ingresses',
        {
          metadata: { name: 'k-{run}' },
          spec: {
            rules: [
              { host: 'h', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 1 } } } }] } },
            ],
            tls: [{ hosts: ['h'] }],
          },
        },
        as('creator'),
      ),
      post(
        '/apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies',
        { metadata: { name: 'k-{run}' }, spec: { podSelector: {}, ingress: [{}] } },
        as('creator'),
      ),
      post(
        '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles',
        { metadata: { name: 'k-{run}' }, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] },
        as('creator'),
      ),
      post(
        '/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings',
        {
          metadata: { name: 'k-{run}' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'k-{run}' },
          subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }],
        },
        as('creator'),
      ),
      post(
        '/apis/coordination.k8s.io/v1/namespaces/{ns}/leases',
        { metadata: { name: 'k-{run}' }, spec: { holderIdentity: 'h', leaseDurationSeconds: 1, renewTime: '2026-01-01T00:00:00.000000Z' } },
        as('creator'),
      ),
      post(
        '/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices',
        { metadata: { name: 'k-{run}' }, addressType: 'IPv4', endpoints: [{ addresses: ['1.2.3.4'] }], ports: [{ port: 1, name: 'a' }] },
        as('creator'),
      ),
      post(
        `${core}/endpoints`,
        { metadata: { name: 'k2-{run}' }, subsets: [{ addresses: [{ ip: '1.2.3.4' }], ports: [{ port: 1 }] }] },
        as('creator'),
      ),
      post(
        '/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets',
        { metadata: { name: 'k-{run}' }, spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } } },
        as('creator'),
      ),
      post(`${core}/resourcequotas`, { metadata: { name: 'k-{run}' }, spec: { hard: { pods: '100' } } }, as('creator')),
      post(
        `${core}/limitranges`,
        { metadata: { name: 'k-{run}' }, spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '100Gi' } }] } },
        as('creator'),
      ),
      post(
        `${core}/persistentvolumeclaims`,
        {
          metadata: { name: 'k-{run}' },
          spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } },
        },
        as('creator'),
      ),
      remove(`${deployments}/k-{run}`, undefined, { quiet: true }),
    ),
    one(
      'cluster kinds',
      post(
        '/api/v1/nodes',
        {
          metadata: { name: 'n-{run}', labels: { a: 'b' } },
          spec: { podCIDR: '10.9.0.0/24', podCIDRs: ['10.9.0.0/24'], taints: [{ key: 'a', effect: 'NoSchedule' }] },
          status: { capacity: { cpu: '1' } },
        },
        { ...as('kubelet'), mask: ['spec.taints'] },
      ),
      patch(
        'strategic',
        '/api/v1/nodes/n-{run}/status',
        {
          status: {
            conditions: [{ type: 'Ready', status: 'True' }],
            addresses: [{ type: 'InternalIP', address: '1.2.3.4' }],
            allocatable: { cpu: '1' },
            images: [{ names: ['a'] }],
          },
        },
        { ...as('kubelet'), mask: ['spec.taints'] },
      ),
      remove('/api/v1/nodes/n-{run}', undefined, { quiet: true }),
      post(
        '/apis/storage.k8s.io/v1/storageclasses',
        { metadata: { name: 's-{run}' }, provisioner: 'p', parameters: { a: 'b' }, mountOptions: ['x'] },
        as('creator'),
      ),
      remove('/apis/storage.k8s.io/v1/storageclasses/s-{run}', undefined, { quiet: true }),
      post('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'p-{run}' }, value: 5 }, as('creator')),
      remove('/apis/scheduling.k8s.io/v1/priorityclasses/p-{run}', undefined, { quiet: true }),
      post(
        '/api/v1/persistentvolumes',
        {
          metadata: { name: 'v-{run}' },
          spec: {
            capacity: { storage: '1Gi' },
            accessModes: ['ReadWriteOnce'],
            hostPath: { path: '/x' },
            claimRef: { namespace: 'a', name: 'b' },
          },
        },
        { ...as('creator'), mask: ['status.lastPhaseTransitionTime'] },
      ),
      remove('/api/v1/persistentvolumes/v-{run}', undefined, { quiet: true }),
      post('/api/v1/namespaces', { metadata: { name: 'f-{run}' } }, as('creator')),
      put(
        '/api/v1/namespaces/f-{run}/finalize',
        { metadata: { name: 'f-{run}' }, spec: { finalizers: ['a.b/c', 'kubernetes'] } },
        as('finalizer'),
      ),
      remove('/api/v1/namespaces/f-{run}', undefined, { quiet: true }),
      put('/api/v1/namespaces/f-{run}/finalize', { metadata: { name: 'f-{run}' } }, { quiet: true }),
    ),
  ];
}

export function fieldOwnerCases(): readonly Case[] {
  return [...writers(), ...kinds()];
}
