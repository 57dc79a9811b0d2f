import type { KindSample } from './samples.ts';

const container = { name: 'c', image: 'nginx' };

const fullPod = {
  schedulerName: 'nobody',
  automountServiceAccountToken: false,
  nodeSelector: { nowhere: 'x' },
  securityContext: { runAsUser: 1, fsGroup: 2, sysctls: [{ name: 'kernel.shm_rmid_forced', value: '0' }] },
  terminationGracePeriodSeconds: 0,
  hostAliases: [{ ip: '1.2.3.4', hostnames: ['a'] }],
  tolerations: [{ operator: 'Exists', key: 'k' }],
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { a: 'b' } } },
  ],
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'k', labelSelector: {} } }],
    },
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
      },
    },
  },
  initContainers: [
    { name: 'side', image: 'a:latest', restartPolicy: 'Always', startupProbe: { exec: { command: ['true'] } } },
    { name: 'init', image: 'b@sha256:0000000000000000000000000000000000000000000000000000000000000000' },
  ],
  containers: [
    {
      name: 'c',
      image: 'nginx:1',
      command: ['a'],
      args: ['$(A)'],
      ports: [
        { containerPort: 80, name: 'http' },
        { containerPort: 53, protocol: 'UDP', hostPort: 5353 },
      ],
      env: [
        { name: 'A', value: 'x' },
        { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      ],
      envFrom: [{ configMapRef: { name: 'cm', optional: true } }],
      resources: { limits: { cpu: '0.5', memory: '1024Mi' }, requests: { cpu: '100m' } },
      livenessProbe: { httpGet: { port: 'http' } },
      readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 3 },
      startupProbe: { grpc: { port: 1 } },
      lifecycle: { preStop: { httpGet: { port: 1 } }, postStart: { exec: { command: ['x'] } } },
      volumeMounts: [
        { name: 'v', mountPath: '/v' },
        { name: 'cm', mountPath: '/cm', readOnly: true },
      ],
      securityContext: { capabilities: { add: ['NET_ADMIN'] }, privileged: false },
    },
  ],
  volumes: [
    { name: 'v' },
    { name: 'cm', configMap: { name: 'x' } },
    { name: 's', secret: { secretName: 'x' } },
    { name: 'h', hostPath: { path: '/x' } },
    { name: 'd', downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'metadata.labels' } }] } },
    { name: 'p', projected: { sources: [{ serviceAccountToken: { path: 't' } }, { configMap: { name: 'q' } }] } },
    { name: 'pvc', persistentVolumeClaim: { claimName: 'x' } },
    {
      name: 'e',
      ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } },
    },
    { name: 'n', nfs: { server: 's', path: '/' } },
  ],
};

export const coreSamples: readonly KindSample[] = [
  {
    kind: 'Pod',
    apiVersion: 'v1',
    resource: 'pods',
    minimal: { spec: { schedulerName: 'nobody', containers: [container] } },
    full: { spec: fullPod },
    status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
    wrong: [
      {},
      { spec: { containers: [] } },
      { spec: { containers: [{}] } },
      { spec: { containers: [{ name: 'A_', image: ' ' }] } },
      { spec: { containers: [container, container], restartPolicy: 'Sometimes', dnsPolicy: 'x' } },
      {
        spec: {
          containers: [{ ...container, ports: [{ containerPort: 0 }, { containerPort: 70000, protocol: 'X' }], imagePullPolicy: 'Maybe' }],
        },
      },
      {
        spec: {
          containers: [{ ...container, env: [{ name: '' }, { name: 'a', value: 'x', valueFrom: { fieldRef: { fieldPath: 'nope' } } }] }],
        },
      },
      { spec: { containers: [{ ...container, resources: { limits: { cpu: '1' }, requests: { cpu: '2', foo: '1' } } }] } },
      { spec: { containers: [{ ...container, resources: { limits: { cpu: 'abc' } } }] } },
      {
        spec: {
          containers: [{ ...container, volumeMounts: [{ name: 'none', mountPath: '' }] }],
          volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }, { name: 'v' }],
        },
      },
      { spec: { containers: [{ ...container, livenessProbe: {}, readinessProbe: { exec: { command: [] }, httpGet: { port: 0 } } }] } },
      {
        spec: {
          containers: [container],
          nodeName: 'Not_A_Node',
          hostname: 'A.b',
          terminationGracePeriodSeconds: -1,
          activeDeadlineSeconds: 0,
        },
      },
      {
        spec: {
          containers: [container],
          tolerations: [
            { operator: 'Exists', value: 'x' },
            { key: 'a', effect: 'b' },
          ],
          serviceAccountName: 'missing',
        },
      },
      { spec: { containers: 'x' } },
      { spec: { containers: [container], priority: 5 } },
      { spec: { containers: [container], priorityClassName: 'missing' } },
      { spec: { containers: [container], serviceAccountName: 'missing' } },
      { metadata: { labels: { 'a b': 'c d' }, annotations: { '/': '' }, finalizers: ['x'] }, spec: { containers: [container] } },
      { metadata: { name: 'UPPER' }, spec: { containers: [container] } },
      { metadata: { namespace: 'elsewhere' }, spec: { containers: [container] } },
      { metadata: { ownerReferences: [{ name: 'x' }] }, spec: { containers: [container] } },
    ],
    wrongUpdates: [
      { spec: { containers: [{ name: 'c', image: 'other' }] } },
      { spec: { restartPolicy: 'Never' } },
      { spec: { nodeName: 'x' } },
      { spec: { activeDeadlineSeconds: -1 } },
      { spec: { tolerations: [] } },
    ],
  },
  {
    kind: 'Service',
    apiVersion: 'v1',
    resource: 'services',
    minimal: { spec: { ports: [{ port: 80 }] } },
    full: {
      spec: {
        type: 'LoadBalancer',
        selector: { a: 'b' },
        ports: [
          { name: 'a', port: 80, targetPort: 'x', appProtocol: 'http' },
          { name: 'b', port: 81, protocol: 'UDP', targetPort: 5 },
        ],
        externalTrafficPolicy: 'Local',
        sessionAffinity: 'ClientIP',
        ipFamilyPolicy: 'PreferDualStack',
        externalIPs: ['1.2.3.4'],
        loadBalancerSourceRanges: ['10.0.0.0/8'],
      },
    },
    status: { loadBalancer: { ingress: [{ ip: '5.6.7.8' }] } },
    tableMask: ['rows.*.cells.2', 'rows.*.cells.4'],
    wrong: [
      {},
      { spec: {} },
      { spec: { ports: [{ port: 0 }] } },
      { spec: { ports: [{ port: 1 }, { port: 1 }] } },
      {
        spec: {
          ports: [
            { name: 'a', port: 1, targetPort: 'UP' },
            { name: 'a', port: 1, protocol: 'X' },
          ],
        },
      },
      { spec: { type: 'X', ports: [{ port: 1 }] } },
      { spec: { type: 'ExternalName' } },
      { spec: { type: 'ExternalName', externalName: '-' } },
      { spec: { clusterIP: '1.2.3.4', ports: [{ port: 1 }] } },
      { spec: { clusterIP: 'x', ports: [{ port: 1 }] } },
      { spec: { type: 'NodePort', ports: [{ port: 1, nodePort: 5 }] } },
      { spec: { ports: [{ port: 1, nodePort: 30000 }] } },
      { spec: { ports: [{ port: 1 }], sessionAffinity: 'x', externalTrafficPolicy: 'Local', internalTrafficPolicy: 'y' } },
      { spec: { ports: [{ port: 1 }], selector: { 'a b': 'c' }, externalIPs: ['127.0.0.1', 'x'] } },
      { metadata: { name: '1abc' }, spec: { ports: [{ port: 1 }] } },
    ],
    wrongUpdates: [
      { spec: { clusterIP: '10.43.200.200' } },
      { spec: { clusterIP: '' } },
      { spec: { ports: [] } },
      { spec: { ipFamilies: ['IPv6', 'IPv4'] } },
    ],
  },
  {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    resource: 'configmaps',
    minimal: {},
    full: { data: { a: 'b', 'c.d': 'e\n' }, binaryData: { z: 'AAE=' }, immutable: true },
    wrong: [
      { data: { 'a b': '' } },
      { data: { a: '1' }, binaryData: { a: 'AA==' } },
      { data: { a: 1 } },
      { binaryData: { a: '*' } },
      { data: { '..': 'x' } },
      { data: { '': 'y' } },
    ],
    wrongUpdates: [{ data: { a: 'changed' } }, { immutable: false }, { binaryData: null }],
  },
  {
    kind: 'Secret',
    apiVersion: 'v1',
    resource: 'secrets',
    minimal: {},
    full: { type: 'kubernetes.io/basic-auth', stringData: { username: 'u', password: 'p' }, data: { x: 'eA==' } },
    wrong: [
      { type: 'kubernetes.io/tls' },
      { type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==', 'tls.key': 'eA==' } },
      { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'eA==' } },
      { type: 'kubernetes.io/dockercfg' },
      { type: 'kubernetes.io/ssh-auth' },
      { type: 'kubernetes.io/basic-auth' },
      { type: 'kubernetes.io/service-account-token' },
      { data: { 'a b': 'eA==' } },
    ],
    wrongUpdates: [{ type: 'Opaque' }],
  },
  {
    kind: 'ServiceAccount',
    apiVersion: 'v1',
    resource: 'serviceaccounts',
    minimal: {},
    full: { secrets: [{ name: 'a' }], imagePullSecrets: [{ name: 'b' }], automountServiceAccountToken: false },
  },
  {
    kind: 'Namespace',
    apiVersion: 'v1',
    resource: 'namespaces',
    cluster: true,
    minimal: {},
    full: { spec: { finalizers: ['example.com/f'] } },
    wrong: [{ metadata: { name: 'a.b' } }, { spec: { finalizers: ['x'] } }],
  },
  {
    kind: 'Node',
    apiVersion: 'v1',
    resource: 'nodes',
    cluster: true,
    minimal: { spec: { unschedulable: true } },
    full: {
      spec: {
        unschedulable: true,
        podCIDR: '10.99.0.0/24',
        podCIDRs: ['10.99.0.0/24'],
        providerID: 'x://y',
        taints: [{ key: 'a', effect: 'NoSchedule' }],
      },
    },
    status: {
      addresses: [{ type: 'InternalIP', address: '1.2.3.4' }],
      capacity: { cpu: '4', memory: '0.5Gi' },
      nodeInfo: { kubeletVersion: 'v1' },
    },
    wrong: [
      { spec: { taints: [{ key: '', effect: 'X' }] } },
      { spec: { podCIDRs: ['x'] } },
      {
        spec: {
          taints: [
            { key: 'a', effect: 'NoSchedule' },
            { key: 'a', effect: 'NoSchedule' },
          ],
        },
      },
    ],
    wrongUpdates: [{ spec: { providerID: 'z' } }],
  },
  {
    kind: 'PersistentVolume',
    apiVersion: 'v1',
    resource: 'persistentvolumes',
    cluster: true,
    minimal: { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } } },
    full: {
      spec: {
        capacity: { storage: '1024Mi' },
        accessModes: ['ReadWriteMany'],
        storageClassName: 'x',
        persistentVolumeReclaimPolicy: 'Delete',
        nfs: { server: 'a', path: '/' },
        mountOptions: ['a'],
        volumeMode: 'Filesystem',
      },
    },
    wrong: [
      {},
      { spec: { capacity: { cpu: '1' }, accessModes: ['x'] } },
      {
        spec: { capacity: { storage: '1' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x/../y' }, nfs: { server: '', path: 'x' } },
      },
      { spec: { capacity: { storage: '0' }, accessModes: [], hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' } },
    ],
    wrongUpdates: [{ spec: { nfs: { server: 'b' } } }, { spec: { volumeMode: 'Block' } }],
  },
  {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    resource: 'persistentvolumeclaims',
    minimal: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'none-{run}' } },
    full: {
      spec: {
        accessModes: ['ReadWriteMany', 'ReadOnlyMany'],
        resources: { requests: { storage: '1.5Gi' } },
        storageClassName: 'no-{run}',
        volumeMode: 'Block',
        selector: { matchLabels: { a: 'b' } },
        dataSource: { kind: 'PersistentVolumeClaim', name: 'x' },
      },
    },
    status: { phase: 'Pending', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'] },
    wrong: [
      {},
      { spec: { accessModes: ['x'] } },
      { spec: { accessModes: ['ReadWriteOnce', 'ReadWriteOncePod'], resources: { requests: { storage: '-1' } }, storageClassName: 'A' } },
    ],
    wrongUpdates: [{ spec: { accessModes: ['ReadWriteOnce'] } }, { spec: { resources: { requests: { storage: '1Gi' } } } }],
  },
  {
    kind: 'Endpoints',
    apiVersion: 'v1',
    resource: 'endpoints',
    minimal: {},
    full: {
      subsets: [
        {
          addresses: [{ ip: '1.2.3.5' }, { ip: '1.2.3.4', hostname: 'x' }],
          ports: [
            { name: 'a', port: 1 },
            { name: 'b', port: 2, protocol: 'UDP' },
          ],
        },
      ],
    },
    wrong: [{ subsets: [{}] }, { subsets: [{ addresses: [{ ip: 'x' }, { ip: '127.0.0.1' }], ports: [{ port: 0 }, { port: 1 }] }] }],
  },
  {
    kind: 'Event',
    apiVersion: 'v1',
    resource: 'events',
    minimal: { involvedObject: { namespace: '{ns}' } },
    full: {
      involvedObject: { kind: 'Pod', name: 'x', namespace: '{ns}' },
      reason: 'R',
      message: 'm',
      type: 'Warning',
      count: 3,
      source: { component: 'c', host: 'h' },
      firstTimestamp: '2020-01-01T00:00:00Z',
      lastTimestamp: '2020-01-01T00:00:00Z',
    },
    wrong: [{}, { involvedObject: { namespace: 'elsewhere' } }, { involvedObject: { namespace: '{ns}' }, reportingController: 'x' }],
    tableMask: ['rows.*.cells.0', 'rows.*.cells.6', 'rows.*.cells.7'],
  },
  {
    kind: 'LimitRange',
    apiVersion: 'v1',
    resource: 'limitranges',
    minimal: { spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Ti' } }] } },
    full: {
      spec: {
        limits: [
          { type: 'example.com/x', max: { cpu: '2' }, min: { cpu: '1' } },
          { type: 'PersistentVolumeClaim', min: { storage: '1' } },
        ],
      },
    },
    wrong: [
      { spec: { limits: [{ type: 'Container', max: { cpu: '1' }, min: { cpu: '2' }, default: { cpu: '3' } }] } },
      { spec: { limits: [{ type: 'Pod', default: { cpu: '1' }, max: { x: '1' } }] } },
      { spec: { limits: [{ type: '' }] } },
    ],
  },
  {
    kind: 'ResourceQuota',
    apiVersion: 'v1',
    resource: 'resourcequotas',
    minimal: { spec: {} },
    full: {
      spec: {
        hard: { pods: '1000', 'requests.cpu': '1000', 'count/widgets.example.com': '5', 'requests.memory': '1Ti' },
        scopes: ['NotBestEffort'],
      },
    },
    wrong: [
      { spec: { hard: { nonsense: '1' } } },
      { spec: { hard: { pods: '-1' } } },
      { spec: { hard: { pods: '1.5' }, scopes: ['BestEffort', 'NotBestEffort'] } },
      { spec: { scopes: ['x'] } },
    ],
    wrongUpdates: [{ spec: { scopes: [] } }],
  },
  {
    kind: 'ReplicationController',
    apiVersion: 'v1',
    resource: 'replicationcontrollers',
    minimal: { spec: { replicas: 0, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } } } },
    full: {
      spec: {
        replicas: 0,
        minReadySeconds: 1,
        selector: { a: 'b' },
        template: { metadata: { labels: { a: 'b', c: 'd' } }, spec: { containers: [container] } },
      },
    },
    wrong: [
      {},
      {
        spec: {
          replicas: -1,
          selector: { a: 'x' },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers: [container], restartPolicy: 'Never' } },
        },
      },
    ],
    status: { replicas: 0, observedGeneration: 5 },
  },
  {
    kind: 'PodTemplate',
    apiVersion: 'v1',
    resource: 'podtemplates',
    minimal: { template: { spec: { containers: [container] } } },
    full: { template: { metadata: { labels: { a: 'b' } }, spec: fullPod } },
    wrong: [{}, { template: { spec: { containers: [{ name: 'x' }] } } }],
  },
];
