/** Rules of other kinds than pods that are easily got wrong: what may be changed, and in which words it is refused. */
import { type Case, type Json, patch, post, quiet, remove, type Step } from '../case.ts';

const claims = '/api/v1/namespaces/{ns}/persistentvolumeclaims';
const volumes = '/api/v1/persistentvolumes';
const nodes = '/api/v1/nodes';
const quotas = '/api/v1/namespaces/{ns}/resourcequotas';
const classes = '/apis/storage.k8s.io/v1/storageclasses';

/** Creates an object, sends it changes (merge patches to the object or its status) and deletes it. */
function changed(
  name: string,
  { base, object, changes }: { base: string; object: Json; changes: readonly (readonly [string, Json])[] },
): Case {
  const metadata = object['metadata'] as { readonly name: string };
  const path = `${base}/${metadata.name}`;
  const steps: Step[] = changes.map(([subresource, change]) => patch('merge', `${path}${subresource}`, change));
  const released = base === claims || base === volumes ? [quiet(patch('merge', path, { metadata: { finalizers: null } }))] : [];
  return { name: `rule/${name}`, steps: [quiet(post(base, object)), ...steps, quiet(remove(path)), ...released] };
}

const claim = (name: string, spec: Json = {}, annotations: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, annotations },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, storageClassName: 'a', ...spec },
});
const unclassed: Json = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'unclassed' } };
const volume = (name: string, spec: Json): Json => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: `${name}-{run}` },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec },
});
const size = (storage: string): Json => ({ spec: { resources: { requests: { storage } } } });
const betaClass = 'volume.beta.kubernetes.io/storage-class';
const spec = (fields: Json): readonly [string, Json] => ['', { spec: fields }];
const status = (fields: Json): readonly [string, Json] => ['/status', { status: fields }];

const node = (name: string, fields: Json): Step =>
  post(`${nodes}?dryRun=All`, { apiVersion: 'v1', kind: 'Node', metadata: { name: `${name}-{run}` }, ...fields });
const quota = (fields: Json): Step =>
  post(`${quotas}?dryRun=All`, { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: fields });
const topologies = (...terms: readonly (readonly Json[])[]): Step =>
  post(`${classes}?dryRun=All`, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'rule-{run}' },
    provisioner: 'a.b/c',
    allowedTopologies: terms.map((matchLabelExpressions) => ({ matchLabelExpressions })),
  });
const zone = (...values: readonly string[]): Json => ({ key: 'zone', values });
const scope = (scopeName: string, operator: string, values?: readonly string[]): Json => ({
  scopeName,
  operator,
  ...(values === undefined ? {} : { values }),
});

const single: Readonly<Record<string, readonly Step[]>> = {
  'node: amounts': [
    // one of each: upstream goes through maps in any order
    node('amounts', { status: { capacity: { cpu: '-1' }, allocatable: { memory: '-2' } } }),
    node('amounts', { status: { capacity: { 'a.b/c': '500m' } } }),
    node('amounts', { status: { capacity: { pods: '1500m' } } }),
  ],
  'node: features': [node('features', { status: { declaredFeatures: ['b', 'B', 'A', 'A', 'A/b', 'A/1', 'A/'] } })],
  'node: swap': [node('swap', { status: { nodeInfo: { swap: { capacity: 0 } } } })],
  'node: networks': [
    node('networks', { spec: { podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] } }),
    node('networks', { spec: { podCIDRs: ['10.0.0.0/24', 'fd00::/64', 'fd01::/64'] } }),
    node('networks', { spec: { podCIDR: 'x' } }),
  ],
  'node: taints': [
    node('taints', {
      spec: {
        taints: [
          { key: 'a b', effect: 'x' },
          { key: 'k', value: 'a b', effect: '' },
        ],
      },
    }),
    node('taints', {
      spec: {
        taints: [
          { key: 'k', effect: 'NoExecute' },
          { key: 'k', value: 'v', effect: 'NoExecute' },
        ],
      },
    }),
  ],
  'quota: scope selectors': [
    quota({ hard: { pods: '1' }, scopeSelector: { matchExpressions: [scope('x', 'Exists')] } }),
    quota({ hard: { services: '1', cpu: '1' }, scopeSelector: { matchExpressions: [scope('PriorityClass', 'In', ['a'])] } }),
    quota({ hard: { cpu: '1' }, scopeSelector: { matchExpressions: [scope('BestEffort', 'Exists')] } }),
    quota({ scopeSelector: { matchExpressions: [scope('PriorityClass', 'In')] } }),
    quota({ scopeSelector: { matchExpressions: [scope('PriorityClass', 'Exists', ['a']), scope('PriorityClass', 'x')] } }),
    quota({ scopeSelector: { matchExpressions: [scope('BestEffort', 'Exists'), scope('NotBestEffort', 'Exists')] } }),
    quota({ scopeSelector: { matchExpressions: [scope('Terminating', 'In', ['a'])] } }),
    quota({ hard: { cpu: '1' }, scopeSelector: { matchExpressions: [scope('VolumeAttributesClass', 'In', ['a'])] } }),
  ],
  'quota: scopes': [
    quota({ hard: { services: '1', cpu: '-1', x: '1', 'requests.nvidia.com/gpu': '500m' }, scopes: ['BestEffort', 'NotBestEffort', 'y'] }),
  ],
  'storage class: topologies': [
    topologies([zone('a')], [zone('a')], [zone('a')]),
    topologies([zone('a', 'b')], [zone('b', 'a')]),
    topologies([]),
    topologies([], []),
    topologies([zone('a'), zone('b')]),
    topologies([zone('a', 'a'), { key: 'a b', values: [] }]),
  ],
};

const pods = '/api/v1/namespaces/{ns}/pods';
const pod = (name: string, fields: Json, annotations: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations },
  spec: { containers: [{ name: 'c', image: 'i' }], ...fields },
});
const resize = (fields: Json): readonly [string, Json] => ['/resize', { spec: fields }];
const sized = (requests: Json | null, limits?: Json | null): Json => ({
  containers: [{ name: 'c', image: 'i', resources: { requests, ...(limits === undefined ? {} : { limits }) } }],
});
const required = (...terms: readonly Json[]): Json => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
});
const key = (name: string): Json => ({ key: name, operator: 'Exists' });
const terms = (...keys: readonly string[]): Json => ({ matchExpressions: keys.map(key) });

const podChanges: readonly Case[] = [
  changed('pod: gated', {
    base: pods,
    object: pod('gated', { schedulingGates: [{ name: 'a' }], nodeSelector: { a: 'b' }, ...required(terms('x')) }),
    changes: [
      spec({ nodeSelector: { a: 'c' } }),
      spec({ nodeSelector: { b: 'c' } }),
      spec(required(terms('x', 'y'))),
      spec(required(terms('y'))),
      spec(required(terms('x'), terms('y'))),
      spec({ affinity: null }),
      spec({ schedulingGates: [{ name: 'a' }, { name: 'b' }] }),
      spec({ activeDeadlineSeconds: 5 }),
      spec({ activeDeadlineSeconds: 6 }),
      spec({ containers: [{ name: 'c', image: ' j ' }] }),
      spec({ tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: 3, effect: 'NoExecute' }] }),
      ['', { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }],
      ['', { metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } } }],
    ],
  }),
  changed('pod: status', {
    base: pods,
    object: pod('told', {}),
    changes: [
      status({ qosClass: 'Guaranteed' }),
      status({ observedGeneration: -1 }),
      status({ nominatedNodeName: 'A_b' }),
      status({ conditions: [{ type: 'a b', status: 'True', observedGeneration: -1 }] }),
      status({ podIPs: [{ ip: '1.2.3' }] }),
      status({ podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] }),
      status({ hostIPs: [{ ip: '10.0.0.1' }] }),
      status({ hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.1' }, { ip: 'x' }] }),
      status({ resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'A_' }] }),
      status({
        containerStatuses: [
          {
            name: 'c',
            image: 'i',
            imageID: '',
            ready: false,
            restartCount: 0,
            user: { linux: { uid: -1, gid: -1, supplementalGroups: [-1] } },
          },
        ],
      }),
    ],
  }),
  changed('pod: resize', {
    base: pods,
    object: pod('resized', sized({ cpu: '1', memory: '1Gi' }, { cpu: '2' })),
    changes: [
      ['/resize', { spec: sized({ cpu: '2', memory: '2Gi' }, { cpu: '3' }) }],
      resize({ containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }] }),
      resize({ containers: [{ name: 'd', image: 'i' }] }),
      resize({
        containers: [
          { name: 'c', image: 'i' },
          { name: 'd', image: 'i' },
        ],
      }),
      resize({
        containers: [
          { name: 'c', image: 'i', resources: { requests: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1' }, limits: { cpu: '2' } } },
        ],
      }),
      resize({
        containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } } }],
      }),
    ],
  }),
  changed('pod: resize of the whole', {
    base: pods,
    object: pod('whole', { resources: { requests: { cpu: '1' }, limits: { cpu: '2' } } }),
    changes: [
      resize({ resources: { requests: { cpu: '2' } } }),
      resize({ resources: null }),
      resize({ resources: { requests: null } }),
      resize({ resources: { limits: { 'hugepages-2Mi': '2Mi' } } }),
    ],
  }),
];

const bound: readonly [string, Json] = status({ phase: 'Bound', capacity: { storage: '2Gi' } });

export const ruleCases: readonly Case[] = [
  ...podChanges,
  ...Object.entries(single).map(([name, steps]): Case => ({ name: `rule/${name}`, steps })),
  changed('claim: not bound', {
    base: claims,
    object: claim('loose'),
    changes: [
      ['', size('3Gi')],
      spec({ storageClassName: 'b' }),
      spec({ storageClassName: null }),
      spec({ volumeName: 'v' }),
      spec({ volumeName: 'w' }),
      spec({ volumeMode: 'Block' }),
      spec({ accessModes: [] }),
      ['', { metadata: { annotations: { [betaClass]: 'a' } } }],
      status({ capacity: { storage: '-1Gi' } }),
      status({ allocatedResourceStatuses: { storage: 'x' } }),
      status({ allocatedResourceStatuses: { cpu: 'NodeResizePending' } }),
      status({ allocatedResources: { storage: '-1' } }),
      status({ allocatedResources: { 'kubernetes.io/x': '1' } }),
      status({ allocatedResources: { 'a b': '1' } }),
    ],
  }),
  changed('claim: bound', {
    base: claims,
    object: claim('bound'),
    changes: [
      bound,
      ['', size('3Gi')],
      ['', size('1Gi')],
      ['', size('2Gi')],
      ['', size('0')],
      ['', size('-1000')],
      spec({ volumeAttributesClassName: 'v' }),
      status({ currentVolumeAttributesClassName: 'v' }),
      spec({ volumeAttributesClassName: '' }),
      spec({ volumeAttributesClassName: null }),
      spec({ resources: { limits: { storage: '9Gi' } } }),
    ],
  }),
  changed('claim: class in an annotation', {
    base: claims,
    object: {
      ...unclassed,
      metadata: { name: 'noted', annotations: { [betaClass]: 'old' } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    changes: [
      spec({ storageClassName: 'new' }),
      ['', { metadata: { annotations: { [betaClass]: 'new' } } }],
      spec({ storageClassName: 'old' }),
    ],
  }),
  changed('claim: source of a group', {
    base: claims,
    object: claim('sourced', { dataSourceRef: { apiGroup: 'a.b', kind: 'C', name: 'd' } }),
    changes: [['', { metadata: { labels: { a: 'b' } } }], spec({ dataSourceRef: { apiGroup: 'A_b' } }), spec({ dataSource: null })],
  }),
  changed('volume: csi', {
    base: volumes,
    object: volume('csi', { csi: { driver: 'a.b', volumeHandle: 'h' } }),
    changes: [
      spec({ csi: { controllerExpandSecretRef: { name: 'n', namespace: 's' } } }),
      spec({ csi: { controllerExpandSecretRef: { name: 'm', namespace: 's' } } }),
      spec({ csi: { volumeHandle: 'i' } }),
      spec({ volumeMode: 'Block' }),
      spec({ volumeAttributesClassName: 'v' }),
      spec({ volumeAttributesClassName: '' }),
      spec({ volumeAttributesClassName: null }),
      spec({ capacity: { storage: '0' } }),
      spec({ persistentVolumeReclaimPolicy: 'x' }),
      spec({ nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] } } }),
      spec({ nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'b', operator: 'Exists' }] }] } } }),
      spec({ nodeAffinity: null }),
    ],
  }),
  changed('volume: host path', {
    base: volumes,
    object: volume('path', { hostPath: { path: '/' } }),
    changes: [
      spec({ persistentVolumeReclaimPolicy: 'Recycle' }),
      spec({ hostPath: { path: '/a' } }),
      spec({ nfs: { server: 's', path: '/p' } }),
    ],
  }),
  changed('node: changes', {
    base: nodes,
    object: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'changes-{run}' },
      spec: { podCIDRs: ['10.9.0.0/24', 'fd09::/64'], providerID: 'p' },
    },
    changes: [
      spec({ podCIDR: '10.9.1.0/24', podCIDRs: ['10.9.1.0/24', 'fd08::/64'] }),
      spec({ podCIDRs: ['10.9.0.0/24'] }),
      spec({ providerID: 'q' }),
      spec({ taints: [{ key: 'a b', effect: 'x' }] }),
      status({ capacity: { cpu: '-1' } }),
      status({
        addresses: [
          { type: 'Hostname', address: 'a' },
          { type: 'Hostname', address: 'a' },
        ],
      }),
      status({ declaredFeatures: ['B', 'A'] }),
      ['', { status: { capacity: { cpu: '-1' } } }],
    ],
  }),
  changed('quota: changes', {
    base: quotas,
    object: {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'changes' },
      spec: { hard: { pods: '1' }, scopes: ['NotBestEffort'] },
    },
    changes: [
      spec({ scopes: ['Terminating'] }),
      spec({ scopes: null }),
      spec({ hard: { pods: '500m' } }),
      status({ hard: { pods: '-1' } }),
      status({ hard: { x: '1' } }),
      status({ used: { services: '1500m' } }),
    ],
  }),
];
