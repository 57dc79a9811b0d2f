/** Rules of what is reported, of what volumes say of their pod, of other versions of a kind, and of what is only warned about. */
import { type Case, type Json, get, patch, post, put, quiet, remove, type Step } from '../case.ts';

const core = '/api/v1/namespaces/{ns}';
const pods = `${core}/pods`;
const networking = '/apis/networking.k8s.io/v1/namespaces/{ns}';
const dry = (base: string, body: Json): Step => post(`${base}?dryRun=All`, body);
const case_ = (name: string, steps: readonly Step[]): Case => ({ name: `status-rule/${name}`, steps });

const container = (name: string, fields: Json = {}): Json => ({ name, image: 'i', ...fields });
const pod = (name: string, spec: Json): Json => ({ metadata: { name }, spec: { containers: [container('c')], ...spec } });
const reported = (name: string, state: Json, fields: Json = {}): Json => ({
  ...{ name, image: 'i', imageID: '', ready: false, restartCount: 0, state },
  ...fields,
});
const ended = (exitCode: number): Json => ({ terminated: { exitCode } });
const waiting = { waiting: {} };
const mask = ['metadata.managedFields', 'status.conditions', 'status.containerStatuses.*.state.terminated'];

/** A pod whose containers are said to have ended, and then to wait again. */
function transitions(name: string, spec: Json, exitCodes: Readonly<Record<string, number>>): Case {
  const path = `${pods}/${name}/status`;
  const list = (state: (code: number) => Json): Json[] => Object.entries(exitCodes).map(([one, code]) => reported(one, state(code)));
  const all = (state: (code: number) => Json): Json => ({
    status: {
      containerStatuses: list(state),
      initContainerStatuses: list(state).map((one) => ({ ...one, name: `init-${String(one['name'])}` })),
      ephemeralContainerStatuses: list(state),
    },
  });
  const parts = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];
  return case_(`transitions: ${name}`, [
    quiet(post(pods, pod(name, spec))),
    quiet(patch('merge', path, all(ended))),
    patch(
      'merge',
      path,
      all(() => waiting),
      { mask },
    ),
    ...parts.map((part) =>
      patch(
        'merge',
        `${path}?dryRun=All`,
        { status: { [part]: list(() => waiting).map((one) => ({ ...one, name: `init-${String(one['name'])}` })) } },
        { mask },
      ),
    ),
    patch('merge', `${path}?dryRun=All`, { status: { containerStatuses: [] } }, { mask }),
    quiet(remove(`${pods}/${name}`)),
  ]);
}

const rule = (operator: string, action: string, ...values: readonly number[]): Json => ({ action, exitCodes: { operator, values } });
const named = (fields: Json): Json => ({
  containers: [container('c', fields), container('d')],
  initContainers: [container('init-c', fields)],
});

const podStatus: readonly Case[] = [
  transitions('always', {}, { c: 0 }),
  transitions('never', { restartPolicy: 'Never', initContainers: [container('init-c')] }, { c: 0, x: 1 }),
  transitions('on-failure', { restartPolicy: 'OnFailure', ...named({}) }, { c: 0, d: 1 }),
  transitions('own-policy', { restartPolicy: 'Never', ...named({ restartPolicy: 'Always' }) }, { c: 0, d: 0 }),
  transitions(
    'ruled',
    { restartPolicy: 'Never', ...named({ restartPolicy: 'Never', restartPolicyRules: [rule('In', 'Restart', 42)] }) },
    { c: 42, d: 42 },
  ),
  transitions(
    'ruled-otherwise',
    { restartPolicy: 'Never', ...named({ restartPolicy: 'Never', restartPolicyRules: [rule('NotIn', 'Restart', 42)] }) },
    { c: 42, d: 1 },
  ),
  transitions(
    'all-restart',
    { restartPolicy: 'Never', ...named({ restartPolicy: 'Never', restartPolicyRules: [rule('In', 'RestartAllContainers', 1)] }) },
    { c: 0, d: 0 },
  ),
  case_('pod', [
    quiet(
      post(
        pods,
        pod('devices', {
          containers: [
            container('c', {
              resources: {
                requests: { cpu: '1', 'a.b/c': '1' },
                limits: { 'a.b/c': '1' },
                claims: [{ name: 'k' }, { name: 'l', request: 'r' }],
              },
            }),
          ],
          resourceClaims: [
            { name: 'k', resourceClaimName: 'x' },
            { name: 'l', resourceClaimName: 'y' },
          ],
        }),
      ),
    ),
    ...[
      {
        containerStatuses: [
          reported('c', waiting, {
            allocatedResourcesStatus: ['cpu', 'memory', 'claim:k', 'claim:l', 'claim:l/r', 'claim:m'].map((name) => ({ name })),
          }),
        ],
      },
      {
        containerStatuses: [
          reported('c', waiting, {
            allocatedResourcesStatus: [
              {
                name: 'cpu',
                resources: [
                  { resourceID: 'a', health: 'Healthy', message: '' },
                  { resourceID: 'a', health: 'Ill', message: 'x'.repeat(1025) },
                  { resourceID: 'b', health: 'Unknown', message: 'why' },
                ],
              },
            ],
          }),
        ],
      },
      { initContainerStatuses: [reported('nobody', waiting, { allocatedResourcesStatus: [{ name: 'cpu' }] })] },
      { ephemeralContainerStatuses: [reported('c', waiting, { allocatedResourcesStatus: [{ name: 'cpu' }] })] },
      {
        containerStatuses: [
          reported('c', waiting, { volumeMounts: [{ name: 'v', mountPath: '/', volumeStatus: { image: { imageRef: '' } } }] }),
        ],
      },
      { nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: '', resources: {} }] },
      { resourceClaimStatuses: [{ name: 'k', resourceClaimName: 'A_' }, { name: 'k' }, { name: 'z' }] },
      {
        extendedResourceClaimStatus: {
          resourceClaimName: 'x',
          requestMappings: [
            { containerName: 'c', resourceName: 'a.b/c', requestName: 'r' },
            { containerName: 'c', resourceName: 'a.b/c', requestName: 'r' },
            { containerName: 'c', resourceName: 'a.b/d', requestName: 'R_' },
            { containerName: 'd', resourceName: 'a.b/c', requestName: 'r' },
          ],
        },
      },
      { extendedResourceClaimStatus: { resourceClaimName: '', requestMappings: [] } },
      { extendedResourceClaimStatus: { resourceClaimName: 'A_', requestMappings: [] } },
      { podIPs: [{ ip: 'fd00::0' }], hostIP: '::1.2.3.4', hostIPs: [{ ip: '::1.2.3.4' }] },
      { podIPs: [{ ip: '010.0.0.1' }] },
      { podIPs: [{ ip: '::ffff:1.2.3.4' }, { ip: 'x' }] },
      { hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }, { ip: 'fd00::1' }] },
      {
        conditions: [
          { type: 'PodScheduled', status: 'x' },
          { type: 'a/b/c', status: 'True', observedGeneration: -2 },
        ],
      },
      { qosClass: 'BestEffort' },
      { qosClass: '' },
    ].map((status) => patch('merge', `${pods}/devices/status?dryRun=All`, { status }, { mask: ['metadata.managedFields'] })),
    patch('merge', `${pods}/devices/status?dryRun=All`, {
      metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': 'x' } },
    }),
    patch('merge', `${pods}/devices?dryRun=All`, { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': 'x' } } }),
    quiet(remove(`${pods}/devices`)),
  ]),
];

const items = (list: readonly Json[]): readonly Step[] => [
  dry(pods, pod('down', { volumes: [{ name: 'v', downwardAPI: { items: list } }] })),
  dry(pods, pod('down', { volumes: [{ name: 'v', projected: { sources: [{ downwardAPI: { items: list } }] } }] })),
];
const field = (fieldPath: string, fields: Json = {}): Json => ({ path: 'p', fieldRef: { fieldPath, ...fields } });
const amount = (resource: string, fields: Json = {}): Json => ({
  path: 'p',
  resourceFieldRef: { containerName: 'c', resource, ...fields },
});
const projected = (...sources: readonly Json[]): Step => dry(pods, pod('projected', { volumes: [{ name: 'v', projected: { sources } }] }));

const fieldPaths = [
  ...['metadata.name', 'metadata.namespace', 'metadata.uid', 'metadata.labels', 'metadata.annotations', 'spec.nodeName', 'spec.host'],
  ...['spec.serviceAccountName', 'spec.restartPolicy', 'status.phase', 'status.podIP', 'metadata.generation', '', "metadata.name['x']"],
  ...[
    "metadata.labels['a']",
    "metadata.labels['A b']",
    "metadata.annotations['A.B/C']",
    "metadata.annotations['a b']",
    "metadata.labels['']",
    "['a']",
  ],
];

const volumes: readonly Case[] = [
  case_('downward fields', [
    ...fieldPaths.flatMap((path) => items([field(path)])),
    ...items([field('metadata.name', { apiVersion: 'v2' })]),
  ]),
  case_(
    'downward fields of environments',
    fieldPaths.map((fieldPath) =>
      dry(pods, pod('env', { containers: [container('c', { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath } } }] })] })),
    ),
  ),
  case_(
    'downward amounts',
    [
      amount('limits.cpu'),
      amount('limits.gpu'),
      amount(''),
      amount('requests.hugepages-2Mi', { divisor: '3' }),
      amount('limits.cpu', { divisor: '2' }),
      amount('limits.memory', { divisor: '1Ki' }),
      amount('requests.memory', { divisor: '3' }),
      amount('requests.ephemeral-storage', { divisor: '3' }),
      amount('limits.cpu', { containerName: '' }),
      amount('limits.cpu', { containerName: 'nobody' }),
      { ...field('metadata.name'), ...amount('limits.cpu') },
      { ...field('metadata.name'), path: '../x', mode: 0o1000 },
      { ...field('metadata.name'), path: '..x', mode: -1 },
      { ...field('metadata.name'), path: '/x' },
      { path: '' },
    ].flatMap((item) => items([item])),
  ),
  case_('projected', [
    projected({}),
    projected({ secret: { name: '', items: [{ key: '', path: '' }] }, configMap: { name: 'a' } }),
    projected(
      { secret: { name: 's', items: [{ key: 'A b', path: 'p' }] } },
      { configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
    ),
    projected({ downwardAPI: { items: [field('metadata.name'), field('metadata.uid')] } }),
    projected({ serviceAccountToken: { path: '' } }, { serviceAccountToken: { path: '../x', expirationSeconds: 1 } }),
    projected({ serviceAccountToken: { path: 'p', expirationSeconds: 4294967297 } }),
    dry(pods, pod('projected', { volumes: [{ name: 'v', projected: {} }] })),
    dry(pods, pod('projected', { volumes: [{ name: 'v', projected: { defaultMode: 0o1000, sources: null } }] })),
  ]),
];

const tolerated = [
  'x',
  '[]',
  'null',
  '[{}]',
  '[{"key":"a b","operator":"Exists"}]',
  '{}',
  '[1]',
  '[{"Key":1}]',
  '[{"key":"a","tolerationSeconds":3}]',
  '[{"effect":{}}]',
  '[{"tolerationSeconds":"x"}]',
];
const annotatedTolerations: Case = case_(
  'tolerations in an annotation',
  tolerated.map((text) =>
    dry(pods, { ...pod('noted', {}), metadata: { name: 'noted', annotations: { 'scheduler.alpha.kubernetes.io/tolerations': text } } }),
  ),
);

const scalers = (version: string): string => `/apis/autoscaling/${version}/namespaces/{ns}/horizontalpodautoscalers`;
const target = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 };
const metrics = [
  { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '500Mi' } } },
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 55 } } },
  {
    type: 'Pods',
    pods: { metric: { name: 'p', selector: { matchLabels: { b: 'c', a: 'b' } } }, target: { type: 'AverageValue', averageValue: '1500m' } },
  },
  {
    type: 'Object',
    object: {
      metric: { name: 'o' },
      describedObject: { kind: 'Service', name: 's', apiVersion: 'v1' },
      target: { type: 'Value', value: '7' },
    },
  },
  {
    type: 'Object',
    object: { metric: { name: 'o' }, describedObject: { kind: 'Service', name: 's' }, target: { type: 'AverageValue', averageValue: '7' } },
  },
  { type: 'External', external: { metric: { name: 'e' }, target: { type: 'AverageValue', averageValue: '9' } } },
  { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 5 } } },
];
const currentMetrics = [
  { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '200m' } } },
  { type: 'Resource', resource: { name: 'memory', current: { averageValue: '100Mi' } } },
  { type: 'Pods', pods: { metric: { name: 'p' }, current: { averageValue: '1' } } },
  {
    type: 'Object',
    object: { metric: { name: 'o' }, describedObject: { kind: 'Service', name: 's' }, current: { value: '3', averageValue: '2' } },
  },
  { type: 'External', external: { metric: { name: 'e', selector: { matchLabels: { a: 'b' } } }, current: { value: '2' } } },
  { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', current: { averageUtilization: 4, averageValue: '1' } } },
];
const behavior = {
  scaleDown: { stabilizationWindowSeconds: 10 },
  scaleUp: { selectPolicy: 'Disabled', policies: [{ type: 'Pods', value: 1, periodSeconds: 5 }] },
};
const conditions = [{ type: 'AbleToScale', status: 'True', reason: 'r', message: 'm', lastTransitionTime: '2026-01-02T03:04:05Z' }];
const status = { currentReplicas: 1, desiredReplicas: 2, currentMetrics, conditions };
const annotation = 'autoscaling.alpha.kubernetes.io';
const annotated = (annotations: Json, spec: Json = {}): Json => ({
  metadata: { name: 'noted', annotations },
  spec: { ...target, ...spec },
});

const autoscalers: Case = case_('autoscalers in both versions', [
  post(scalers('v2'), { metadata: { name: 'both' }, spec: { ...target, metrics, behavior } }),
  patch('merge', `${scalers('v2')}/both/status`, { status }),
  get(`${scalers('v1')}/both`),
  patch('merge', `${scalers('v1')}/both`, { spec: { targetCPUUtilizationPercentage: 60 } }),
  get(`${scalers('v2')}/both`),
  patch('merge', `${scalers('v1')}/both/status`, { status: { currentCPUUtilizationPercentage: 7 } }, { mask: ['metadata.managedFields'] }),
  get(`${scalers('v2')}/both`, { mask: ['metadata.managedFields'] }),
  quiet(remove(`${scalers('v2')}/both`)),
  ...[
    annotated({ [`${annotation}/metrics`]: '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]' }),
    annotated(
      { [`${annotation}/metrics`]: '[{"type":"External","external":{"metricName":"m","targetValue":"1"}}]' },
      { targetCPUUtilizationPercentage: 5 },
    ),
    annotated({ [`${annotation}/metrics`]: 'x', [`${annotation}/behavior`]: '{"ScaleUp":{"SelectPolicy":"Min"}}', other: 'stays' }),
    annotated({ [`${annotation}/behavior`]: '{"scaleDown":{"stabilizationWindowSeconds":3}}' }),
    annotated({ [`${annotation}/behavior`]: '{}' }),
  ].flatMap((body) => [post(scalers('v1'), body), get(`${scalers('v2')}/noted`), remove(`${scalers('v1')}/noted`)]),
]);

const block = (cidr: string, except: readonly string[] = []): Json => ({
  metadata: { name: 'p' },
  spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr, except } }] }], egress: [{ to: [{ ipBlock: { cidr } }] }] },
});
const slice = (addressType: string, addresses: readonly string[], fields: Json = {}): Json => ({
  metadata: { name: 's' },
  addressType,
  endpoints: [{ addresses, ...fields }],
});
const slices = '/apis/discovery.k8s.io/v1/namespaces/{ns}/endpointslices';
const service = (spec: Json): Json => ({ metadata: { name: 's' }, spec: { ports: [{ port: 1 }], ...spec } });
const cpuClass = '/apis/node.k8s.io/v1/runtimeclasses';

const warned: readonly Case[] = [
  case_('networks of policies', [
    ...['10.0.0.1/8', '010.0.0.0/8', '::ffff:10.0.0.0/104', 'FD00::/8', 'fd00:0::/16', '10.0.0.0/08', 'x', '10.0.0.0'].map((cidr) =>
      dry(`${networking}/networkpolicies`, block(cidr)),
    ),
    dry(`${networking}/networkpolicies`, block('10.0.0.0/8', ['10.1.0.1/16', '11.0.0.0/16', '10.0.0.0/8', 'y'])),
    dry(`${networking}/networkpolicies`, block('10.0.0.1/8', ['11.0.0.0/16'])),
  ]),
  case_('addresses of endpoints', [
    dry(`${core}/endpoints`, {
      metadata: { name: 'e' },
      subsets: [{ addresses: [{ ip: 'fd00::0' }], notReadyAddresses: [{ ip: '::1.2.3.4' }] }],
    }),
    dry(`${core}/endpoints`, {
      metadata: { name: 'e', labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
      subsets: [{ addresses: [{ ip: 'fd00::0' }] }],
    }),
    ...[
      slice('IPv6', ['fd00::0']),
      slice('IPv6', ['10.0.0.1', 'ff12::1', 'FE80::1', '::1', '::']),
      slice('IPv4', ['10.0.0.01', '::1', '224.0.0.1']),
      slice('FQDN', ['a', 'a.b', 'a.b.', '', 'A.b', `${'x'.repeat(64)}.b`, '.']),
      slice('IPv4', ['10.0.0.1'], { deprecatedTopology: { 'topology.kubernetes.io/zone': 'z', 'kubernetes.io/hostname': 'h' } }),
      { ...slice('IPv4', ['10.0.0.1']), ports: [{ protocol: '' }, { name: '', protocol: 'x' }] },
    ].map((body) => dry(slices, body)),
  ]),
  case_('addresses of services', [
    dry(
      `${core}/services`,
      service({ externalIPs: ['fd00::0'], type: 'LoadBalancer', loadBalancerIP: 'fd00::0', loadBalancerSourceRanges: ['fd00:0::/16'] }),
    ),
    dry(`${core}/services`, service({ clusterIP: 'None', externalIPs: ['1.2.3.4'], sessionAffinity: 'ClientIP', externalName: 'x' })),
    dry(`${core}/services`, service({ type: 'ExternalName', externalName: 'x.y', externalIPs: ['1.2.3.4'] })),
    quiet(post(`${core}/services`, service({ type: 'LoadBalancer' }))),
    patch(
      'merge',
      `${core}/services/s/status?dryRun=All`,
      { status: { loadBalancer: { ingress: [{ ip: 'fd00::0' }] } } },
      { mask: ['spec', 'metadata.managedFields'] },
    ),
    quiet(remove(`${core}/services/s`)),
    patch('merge', `${core}/services/nobody/status`, { status: {} }),
    put(`${core}/services/nobody/status`, { metadata: { name: 'nobody' }, spec: { ports: [{ port: 1 }] } }),
    get(`${core}/services/nobody`),
    quiet(remove(`${core}/services/nobody`)),
  ]),
  case_('ingress', [
    dry(`${networking}/ingresses`, {
      metadata: { name: 'i', annotations: { 'kubernetes.io/ingress.class': 'x' } },
      spec: { defaultBackend: { service: { name: 's', port: { number: 1 } } } },
    }),
    quiet(
      post(`${networking}/ingresses`, {
        metadata: { name: 'told' },
        spec: { defaultBackend: { service: { name: 's', port: { number: 1 } } } },
      }),
    ),
    patch('merge', `${networking}/ingresses/told/status`, { status: { loadBalancer: { ingress: [{ ip: 'fd00::0' }] } } }),
    quiet(remove(`${networking}/ingresses/told`)),
  ]),
  case_('names and labels of old', [
    dry(cpuClass, { metadata: { name: 'r' }, handler: 'h', scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } }),
    dry(cpuClass, { metadata: { name: 'r' }, handler: 'h', overhead: { podFixed: { '': '1' } } }),
    dry(cpuClass, { metadata: { name: 'r' }, handler: 'h', overhead: { podFixed: { cpu: '-1' } } }),
    dry(cpuClass, { metadata: { name: 'r' }, handler: 'h', overhead: { podFixed: { 'a b': '1' } } }),
    dry('/apis/storage.k8s.io/v1/storageclasses', {
      metadata: { name: 's' },
      provisioner: 'a.b/c',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'failure-domain.beta.kubernetes.io/zone', values: ['z'] }] }],
    }),
    dry('/apis/storage.k8s.io/v1/namespaces/{ns}/csistoragecapacities', {
      metadata: { name: 's' },
      storageClassName: 'c',
      nodeTopology: {
        matchLabels: { 'beta.kubernetes.io/arch': 'x' },
        matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }],
      },
    }),
    dry('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', { metadata: { name: 'a.static.k8s.io' } }),
    dry('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', { metadata: { name: 'a.static.k8s.io' } }),
    dry('/api/v1/nodes', {
      metadata: { name: 'n-{run}' },
      spec: { podCIDRs: ['fd00:0::/64'], configSource: {}, externalID: 'x' },
      status: { config: {} },
    }),
  ]),
];

const unpathed: Case = case_(
  'names that no path can hold',
  ['a/b', 'a%b', '.', '..', 'A b/!', 'A b'].flatMap((name) => [
    dry(pods, pod('unpathed', { runtimeClassName: name })),
    dry(pods, pod('unpathed', { serviceAccountName: name })),
  ]),
);

const zones = [
  'europe/berlin',
  'Europe/Berlin',
  '+01:00',
  'UTC',
  'utc',
  'GMT+0',
  'EST5EDT',
  'Local',
  'local',
  '../etc',
  '/UTC',
  'Etc/GMT+5',
  'GMT',
  'Z',
  'US/Pacific',
];
const timeZones: Case = case_(
  'time zones',
  zones.map((timeZone) =>
    dry('/apis/batch/v1/namespaces/{ns}/cronjobs', {
      metadata: { name: 'zoned' },
      spec: {
        schedule: '* * * * *',
        timeZone,
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container('c')] } } } },
      },
    }),
  ),
);

export const statusRuleCases: readonly Case[] = [
  ...podStatus,
  ...volumes,
  annotatedTolerations,
  unpathed,
  timeZones,
  autoscalers,
  ...warned,
];
