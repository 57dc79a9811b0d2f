/** The kinds that few people write by hand. */
import type { KindSample } from './samples.ts';
import { request } from './samples-request.ts';

const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] };
const matchResources = {
  resourceRules: [{ ...rule, resourceNames: ['x'], scope: 'Namespaced' }],
  excludeResourceRules: [{ ...rule, operations: ['DELETE'] }],
  matchPolicy: 'Exact',
  namespaceSelector: { matchLabels: { 'never-{run}': 'x' } },
  objectSelector: { matchLabels: { 'never-{run}': 'x' } },
};
const deviceRequest = {
  name: 'gpu',
  exactly: {
    deviceClassName: 'class.example.com',
    selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }],
    allocationMode: 'ExactCount',
    count: 2,
    adminAccess: false,
  },
};
const claimSpec = {
  devices: {
    requests: [
      deviceRequest,
      { name: 'either', firstAvailable: [{ name: 'a', deviceClassName: 'class.example.com', allocationMode: 'All' }] },
    ],
    constraints: [{ requests: ['gpu'], matchAttribute: 'gpu.example.com/model' }],
    config: [{ requests: ['gpu'], opaque: { driver: 'gpu.example.com', parameters: { x: 'y' } } }],
  },
};

export const moreSamples: readonly KindSample[] = [
  {
    kind: 'CertificateSigningRequest',
    apiVersion: 'certificates.k8s.io/v1',
    resource: 'certificatesigningrequests',
    cluster: true,
    minimal: { spec: { request, signerName: 'example.com/x', usages: ['digital signature'] } },
    wrong: [
      {},
      { spec: { request: 'eA==', signerName: 'x', usages: [] } },
      { spec: { request, signerName: 'example.com/x', usages: ['flying'], expirationSeconds: 5 } },
      { spec: { request, signerName: 'Example.com/x/y', usages: ['digital signature', 'digital signature'] } },
    ],
    wrongUpdates: [{ spec: { signerName: 'example.com/y' } }],
  },
  {
    kind: 'ServiceCIDR',
    apiVersion: 'networking.k8s.io/v1',
    resource: 'servicecidrs',
    cluster: true,
    minimal: { spec: { cidrs: ['10.77.0.0/24'] } },
    full: { spec: { cidrs: ['10.78.0.0/24', 'fd78::/112'] } },
    status: { conditions: [{ type: 'Ready', status: 'True', reason: 'x', message: 'y', lastTransitionTime: '2020-01-01T00:00:00Z' }] },
    wrong: [
      {},
      { spec: { cidrs: [] } },
      { spec: { cidrs: ['x'] } },
      { spec: { cidrs: ['10.0.0.1/8'] } },
      { spec: { cidrs: ['10.1.0.0/24', '10.2.0.0/24'] } },
      { spec: { cidrs: ['10.1.0.0/24', 'fd00::/112', '10.3.0.0/24'] } },
      { spec: { cidrs: ['10.1.0.0/32'] } },
      { spec: { cidrs: ['010.1.0.0/24'] } },
    ],
    wrongUpdates: [{ spec: { cidrs: ['10.79.0.0/24'] } }],
  },
  {
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    resource: 'ipaddresses',
    cluster: true,
    nameSuffix: (role) =>
      `192.0.2.${String({ small: 11, dry: 13, fresh: 21, option: 22, away: 23, kept: 24, del0: 25, del1: 26, del2: 27 }[role] ?? 12)}`,
    minimal: { spec: { parentRef: { resource: 'services', namespace: 'x', name: 'y' } } },
    full: { spec: { parentRef: { group: 'a.b', resource: 'cs', namespace: 'x', name: 'y' } } },
    wrong: [
      {},
      { spec: { parentRef: {} } },
      { metadata: { name: 'x' }, spec: { parentRef: { resource: 'services', name: 'y' } } },
      { metadata: { name: '010.0.0.1' }, spec: { parentRef: { resource: 'services', name: 'y' } } },
      { metadata: { name: 'FD00::1' }, spec: { parentRef: { resource: 'services', name: 'y' } } },
      { spec: { parentRef: { group: 'A b', resource: 'A b', namespace: 'A b', name: 'A b/' } } },
    ],
    wrongUpdates: [{ spec: { parentRef: { name: 'z' } } }],
  },
  {
    kind: 'CSIStorageCapacity',
    apiVersion: 'storage.k8s.io/v1',
    resource: 'csistoragecapacities',
    minimal: { storageClassName: 'x' },
    full: { storageClassName: 'x', nodeTopology: { matchLabels: { a: 'b' } }, capacity: '1.5Gi', maximumVolumeSize: '1Gi' },
    wrong: [{}, { storageClassName: 'A b' }, { storageClassName: 'x', capacity: '-1', nodeTopology: { matchLabels: { 'a b': 'c d' } } }],
    wrongUpdates: [{ storageClassName: 'y' }, { nodeTopology: null }],
  },
  {
    kind: 'VolumeAttributesClass',
    apiVersion: 'storage.k8s.io/v1',
    resource: 'volumeattributesclasses',
    cluster: true,
    minimal: { driverName: 'a.b', parameters: { x: 'y' } },
    full: { driverName: 'a.b/c', parameters: { x: 'y', z: 'w' } },
    wrong: [{}, { driverName: 'A b', parameters: {} }, { driverName: 'a', parameters: { '': 'x' } }],
    wrongUpdates: [{ driverName: 'other' }, { parameters: { x: 'z' } }],
  },
  {
    kind: 'DeviceClass',
    apiVersion: 'resource.k8s.io/v1',
    resource: 'deviceclasses',
    cluster: true,
    minimal: { spec: {} },
    full: {
      spec: {
        selectors: [{ cel: { expression: 'device.driver == "x"' } }],
        config: [{ opaque: { driver: 'gpu.example.com', parameters: { a: 1 } } }],
      },
    },
    wrong: [
      { spec: { selectors: [{}] } },
      { spec: { selectors: [{ cel: { expression: 'device.driver ==' } }] } },
      { spec: { config: [{}] } },
      { spec: { config: [{ opaque: { driver: 'A b', parameters: {} } }] } },
    ],
  },
  {
    kind: 'ResourceClaim',
    apiVersion: 'resource.k8s.io/v1',
    resource: 'resourceclaims',
    minimal: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } },
    full: { spec: claimSpec },
    wrong: [
      {},
      { spec: { devices: { requests: [{ name: 'A' }] } } },
      { spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'A b', allocationMode: 'x', count: -1 } }] } } },
      { spec: { devices: { requests: [deviceRequest, deviceRequest], constraints: [{ requests: ['no'] }], config: [{}] } } },
    ],
    wrongUpdates: [{ spec: { devices: { requests: [] } } }],
  },
  {
    kind: 'ResourceClaimTemplate',
    apiVersion: 'resource.k8s.io/v1',
    resource: 'resourceclaimtemplates',
    minimal: { spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'c' } }] } } } },
    full: { spec: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: claimSpec } },
    wrong: [{}, { spec: { metadata: { name: 'x', labels: { 'a b': '' } }, spec: { devices: { requests: [{ name: '' }] } } } }],
    wrongUpdates: [{ spec: { spec: { devices: { requests: [] } } } }],
  },
  {
    kind: 'ResourceSlice',
    apiVersion: 'resource.k8s.io/v1',
    resource: 'resourceslices',
    cluster: true,
    minimal: { spec: { driver: 'd.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } } },
    full: {
      spec: {
        driver: 'd.example.com',
        pool: { name: 'p', generation: 2, resourceSliceCount: 3 },
        nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }] },
        devices: [
          {
            name: 'gpu-0',
            attributes: { model: { string: 'm' }, index: { int: 1 }, shared: { bool: true }, v: { version: '1.2.3' } },
            capacity: { memory: { value: '1Gi' } },
          },
        ],
      },
    },
    wrong: [
      {},
      { spec: { driver: 'A b', pool: { name: '', generation: -1, resourceSliceCount: 0 } } },
      {
        spec: {
          driver: 'd',
          nodeName: 'n',
          allNodes: true,
          pool: { name: 'p', resourceSliceCount: 1 },
          devices: [
            { name: 'A', attributes: { 'a b': {} }, capacity: { '/': { value: '1' } } },
            { name: 'b', attributes: { c: { int: 1, bool: true } } },
            { name: 'c', attributes: { c: { ints: [1] } } },
            { name: 'd', attributes: { c: { int: 1, strings: ['x'] } } },
          ],
        },
      },
    ],
    wrongUpdates: [{ spec: { driver: 'other' } }, { spec: { pool: { name: 'q' } } }],
  },
  {
    kind: 'ValidatingAdmissionPolicy',
    apiVersion: 'admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicies',
    cluster: true,
    minimal: { spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'true' }] } },
    full: {
      spec: {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConstraints: matchResources,
        matchConditions: [{ name: 'a', expression: 'true' }],
        failurePolicy: 'Ignore',
        variables: [{ name: 'x', expression: 'object.spec' }],
        validations: [{ expression: 'variables.x.replicas < 5', message: 'm', reason: 'Invalid', messageExpression: '"x"' }],
        auditAnnotations: [{ key: 'k', valueExpression: '"v"' }],
      },
    },
    mask: ['status'],
    wrong: [
      {},
      { spec: { validations: [{ expression: '' }] } },
      { spec: { matchConstraints: { resourceRules: [{}] }, validations: [{ expression: 'true', reason: 'X', message: ' ' }] } },
      {
        spec: {
          failurePolicy: 'x',
          paramKind: { apiVersion: 'x/y/z', kind: '' },
          matchConstraints: { resourceRules: [rule] },
          validations: [{ expression: 'true' }],
        },
      },
    ],
  },
  {
    kind: 'ValidatingAdmissionPolicyBinding',
    apiVersion: 'admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicybindings',
    cluster: true,
    minimal: { spec: { policyName: 'never-{run}', validationActions: ['Warn'] } },
    full: {
      spec: {
        policyName: 'never-{run}',
        paramRef: { name: 'x', namespace: 'y', parameterNotFoundAction: 'Allow' },
        matchResources,
        validationActions: ['Deny', 'Audit'],
      },
    },
    wrong: [
      {},
      { spec: { policyName: 'A b', validationActions: ['x'] } },
      { spec: { policyName: 'x', validationActions: ['Deny', 'Warn', 'Deny'], paramRef: { name: 'x', selector: {} } } },
    ],
  },
  {
    kind: 'MutatingAdmissionPolicy',
    apiVersion: 'admissionregistration.k8s.io/v1',
    resource: 'mutatingadmissionpolicies',
    cluster: true,
    minimal: {
      spec: {
        reinvocationPolicy: 'Never',
        matchConstraints: { resourceRules: [rule] },
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
      },
    },
    full: {
      spec: {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        reinvocationPolicy: 'IfNeeded',
        failurePolicy: 'Ignore',
        matchConstraints: matchResources,
        matchConditions: [{ name: 'a', expression: 'true' }],
        variables: [{ name: 'x', expression: 'object.spec' }],
        mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "test", path: "/kind", value: "x"}]' } }],
      },
    },
    wrong: [{}, { spec: { reinvocationPolicy: 'x', matchConstraints: { resourceRules: [rule] }, mutations: [{ patchType: 'x' }] } }],
  },
  {
    kind: 'MutatingAdmissionPolicyBinding',
    apiVersion: 'admissionregistration.k8s.io/v1',
    resource: 'mutatingadmissionpolicybindings',
    cluster: true,
    minimal: { spec: { policyName: 'never-{run}' } },
    full: { spec: { policyName: 'never-{run}', paramRef: { selector: {}, parameterNotFoundAction: 'Deny' }, matchResources } },
    wrong: [{}, { spec: { policyName: 'A b', paramRef: {} } }],
  },
  {
    kind: 'Event',
    apiVersion: 'events.k8s.io/v1',
    resource: 'events',
    label: 'events.k8s.io',
    minimal: {
      eventTime: '2020-01-01T00:00:00.000001Z',
      reportingController: 'a.b/c',
      reportingInstance: 'i',
      action: 'a',
      reason: 'r',
      type: 'Normal',
      regarding: { namespace: '{ns}' },
    },
    full: {
      eventTime: '2020-01-01T00:00:00.000001Z',
      reportingController: 'a.b/c',
      reportingInstance: 'i',
      action: 'a',
      reason: 'r',
      type: 'Warning',
      note: 'n',
      series: { count: 2, lastObservedTime: '2020-01-01T00:00:00.000001Z' },
      regarding: { kind: 'Pod', name: 'x', namespace: '{ns}' },
      related: { kind: 'Pod', name: 'y', namespace: '{ns}' },
    },
    wrong: [{}, { eventTime: '2020-01-01T00:00:00.000001Z', type: 'X', note: 'n'.repeat(1025) }],
    wrongUpdates: [{ reason: 'other' }],
    tableMask: ['rows.*.cells.0', 'rows.*.cells.6', 'rows.*.cells.7'],
  },
  {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v1',
    resource: 'horizontalpodautoscalers',
    label: 'hpa-v1',
    minimal: { spec: { maxReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' } } },
    full: {
      spec: {
        minReplicas: 2,
        maxReplicas: 4,
        targetCPUUtilizationPercentage: 50,
        scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' },
      },
    },
    wrong: [{}, { spec: { minReplicas: 0, maxReplicas: 0, targetCPUUtilizationPercentage: 0, scaleTargetRef: { kind: '', name: '' } } }],
  },
  {
    kind: 'APIService',
    apiVersion: 'apiregistration.k8s.io/v1',
    resource: 'apiservices',
    cluster: true,
    nameSuffix: (role) => `v1.${role}-{run}.example.com`,
    minimal: {
      metadata: { name: 'v1.small-{run}.example.com' },
      spec: {
        group: 'small-{run}.example.com',
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 5,
        insecureSkipTLSVerify: true,
        service: { name: 'x', namespace: 'y' },
      },
    },
    mask: ['status'],
    tableMask: ['rows.*.cells.2'],
    wrong: [
      {},
      { metadata: { name: 'x' }, spec: { group: 'g', version: 'v1' } },
      {
        metadata: { name: 'v1.g' },
        spec: { group: 'g', version: 'v1', groupPriorityMinimum: -1, versionPriority: 2000, caBundle: 'eA==', insecureSkipTLSVerify: true },
      },
      {
        metadata: { name: 'V_1.A b' },
        spec: {
          group: 'A b',
          version: 'V_1',
          groupPriorityMinimum: 1,
          versionPriority: 1,
          service: { name: '', namespace: '', port: 70000 },
        },
      },
    ],
  },
];
