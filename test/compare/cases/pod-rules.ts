/** Rules of pods: each a pod with one thing wrong (or oddly right), created as a dry run, so that every word of the refusal is compared. */
import { type Case, type Json, post } from '../case.ts';

type Container = Json;
const plain: Container = { name: 'c', image: 'i' };
const withContainer = (fields: Json): Json => ({ containers: [{ ...plain, ...fields }] });
const withSpec = (fields: Json): Json => ({ containers: [plain], ...fields });
const device = (name: string, devicePath: string): Json => ({ name, devicePath });
const claimVolume = (name: string): Json => ({ name, persistentVolumeClaim: { claimName: 'p' } });
const emptyVolume = (name: string): Json => ({ name, emptyDir: {} });
const amounts = (limits: Json, requests: Json = {}): Json => ({ resources: { limits, requests } });
const windows = { os: { name: 'windows' } };
const template = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
const ephemeral = (metadata: Json): Json =>
  withSpec({ volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { metadata, ...template } } }] });
const userName = (name: string): Json => withSpec({ ...windows, securityContext: { windowsOptions: { runAsUserName: name } } });
const downward = (resourceFieldRef: Json): Json => withContainer({ env: [{ name: 'A', valueFrom: { resourceFieldRef } }] });

const specs: Readonly<Record<string, Json>> = {
  'pull secret without a name': withSpec({ imagePullSecrets: [{}] }),
  'empty runtime class': withSpec({ runtimeClassName: '' }),
  'bad runtime class': withSpec({ runtimeClassName: 'A_b' }),
  'unknown system': withSpec({ os: { name: 'beos' } }),
  'empty system': withSpec({ os: { name: '' } }),
  'windows options on linux': withSpec({ os: { name: 'linux' }, securityContext: { windowsOptions: { runAsUserName: 'u' } } }),
  'linux options on windows': withSpec({
    ...windows,
    hostPID: true,
    hostUsers: true,
    shareProcessNamespace: false,
    securityContext: {
      runAsUser: 1,
      runAsGroup: 1,
      fsGroup: 1,
      fsGroupChangePolicy: 'Always',
      supplementalGroups: [1],
      supplementalGroupsPolicy: 'Merge',
      seLinuxOptions: { level: 's0' },
      seccompProfile: { type: 'Unconfined' },
      sysctls: [{ name: 'kernel.shm', value: '1' }],
    },
    containers: [
      {
        ...plain,
        securityContext: { privileged: true, capabilities: {}, readOnlyRootFilesystem: true, procMount: 'Default', runAsUser: 1 },
      },
    ],
  }),
  'host process without host network': withSpec({ ...windows, securityContext: { windowsOptions: { hostProcess: true } } }),
  'host process of one of two': withSpec({
    ...windows,
    hostNetwork: true,
    containers: [
      { ...plain, securityContext: { windowsOptions: { hostProcess: true } } },
      { ...plain, name: 'd' },
    ],
  }),
  'host process contradicted': withSpec({
    ...windows,
    hostNetwork: true,
    securityContext: { windowsOptions: { hostProcess: true } },
    containers: [{ ...plain, securityContext: { windowsOptions: { hostProcess: false } } }],
  }),
  'windows user: empty': userName(''),
  'windows user: two backslashes': userName('a\\b\\c'),
  'windows user: bad domain': userName('a?b\\c'),
  'windows user: dots': userName('..'),
  'windows user: bad characters': userName('a@b'),
  'windows user: long': userName('a'.repeat(105)),
  'windows credential spec': withSpec({ securityContext: { windowsOptions: { gmsaCredentialSpec: '', gmsaCredentialSpecName: 'A_b' } } }),
  'overhead of nothing known': withSpec({ overhead: { strange: '1' } }),
  'overhead below zero': withSpec({ overhead: { cpu: '-1' } }),
  'claim without source': withSpec({ resourceClaims: [{ name: 'a' }] }),
  'claim with two sources': withSpec({ resourceClaims: [{ name: 'a', resourceClaimName: 'x', resourceClaimTemplateName: 'y' }] }),
  'claim names': withSpec({
    resourceClaims: [
      { name: 'a', resourceClaimName: 'X_' },
      { name: 'a', resourceClaimTemplateName: '-' },
      { name: '', resourceClaimName: 'x' },
      { name: 'A', resourceClaimName: 'x' },
    ],
  }),
  'container claims': {
    ...withContainer({
      resources: { claims: [{ name: 'a' }, { name: 'a' }, { name: 'b' }, { name: 'c', request: 'R_' }, { name: '' }] },
    }),
    resourceClaims: [{ name: 'a', resourceClaimName: 'x' }],
  },
  'container claims of none': withContainer({ resources: { claims: [{ name: 'a', request: 'r' }, { name: 'a' }] } }),
  'ephemeral claim with a name': ephemeral({ name: 'x', namespace: 'y', finalizers: ['a/b'], labels: { 'a b': 'c' } }),
  'ephemeral claim annotated': ephemeral({ annotations: { 'a b': 'c' } }),
  'claim made for the pod is named': withSpec({
    volumes: [
      { name: 'v', ephemeral: { volumeClaimTemplate: template } },
      { name: 'w', persistentVolumeClaim: { claimName: 'rule-v' } },
    ],
  }),
  'file of no volume': withContainer({ env: [{ name: 'A', valueFrom: { fileKeyRef: { key: 'A', path: 'p', volumeName: 'v' } } }] }),
  'file of a volume of another kind': {
    ...withContainer({ env: [{ name: 'A', valueFrom: { fileKeyRef: { key: 'A', path: 'p', volumeName: 'v' } } }] }),
    volumes: [{ name: 'v', configMap: { name: 'm' } }],
  },
  'huge pages in parts': withContainer(amounts({ 'hugepages-2Mi': '3Mi', cpu: '1' }, { 'hugepages-2Mi': '3Mi' })),
  'huge pages alone': withContainer(amounts({ 'hugepages-2Mi': '2Mi' })),
  'huge pages of no size': withContainer(amounts({ 'hugepages-x': '2Mi', cpu: '1' })),
  'request over limit, in other units': withContainer(amounts({ memory: '1Ki' }, { memory: '1025' })),
  'parts of an extended resource': withContainer(amounts({ 'a.b/c': '1500m' })),
  'unknown resource': withContainer(amounts({ strange: '1' })),
  'resource for nodes': withContainer(amounts({ pods: '1' })),
  'quota resource': withContainer(amounts({ 'requests.cpu': '1' })),
  'pod asks for less than its containers': withSpec({
    resources: { requests: { cpu: '1' }, limits: { cpu: '1', memory: '1Gi' } },
    containers: [
      { ...plain, ...amounts({ memory: '2Gi' }, { cpu: '800m' }) },
      { ...plain, name: 'd', ...amounts({}, { cpu: '800m' }) },
    ],
  }),
  'pod asks for what only containers have': withSpec({ resources: { requests: { 'ephemeral-storage': '1Gi' } } }),
  'pod asks for an extended resource': withSpec({ resources: { limits: { 'a.b/c': '1' } } }),
  'pod asks for claims': withSpec({ resources: { claims: [{ name: 'a' }], requests: { cpu: '1' } } }),
  'pod resources on windows': withSpec({ ...windows, resources: { requests: { cpu: '1' } } }),
  'seccomp default with a file': withContainer({ securityContext: { seccompProfile: { type: 'RuntimeDefault', localhostProfile: 'x' } } }),
  'seccomp file goes up': withContainer({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: '../x' } } }),
  'seccomp without a type': withContainer({ securityContext: { seccompProfile: { type: '' } } }),
  'armor without a type': withContainer({ securityContext: { appArmorProfile: { type: '' } } }),
  'armor of another type': withContainer({ securityContext: { appArmorProfile: { type: 'x' } } }),
  'armor without a profile': withContainer({ securityContext: { appArmorProfile: { type: 'Localhost' } } }),
  'armor padded': withSpec({ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: ' x' } } }),
  'armor unconfined with a profile': withSpec({ securityContext: { appArmorProfile: { type: 'Unconfined', localhostProfile: 'x' } } }),
  'unmasked proc with the host’s users': withContainer({ securityContext: { procMount: 'Unmasked' } }),
  'privileged that may not escalate': withContainer({
    securityContext: { privileged: true, allowPrivilegeEscalation: false, capabilities: { add: ['CAP_SYS_ADMIN'] } },
  }),
  'policies unheard of': withSpec({
    securityContext: { fsGroupChangePolicy: 'x', supplementalGroupsPolicy: 'y', seLinuxChangePolicy: 'z' },
  }),
  'process namespace of host and pod': withSpec({ hostPID: true, shareProcessNamespace: true }),
  'devices twice': {
    ...withContainer({
      volumeDevices: [device('v', '/d'), device('v', '/d'), device('w', '/../x'), device('e', ''), device('', '/y')],
      volumeMounts: [{ name: 'v', mountPath: '/d' }],
    }),
    volumes: [claimVolume('v'), claimVolume('w'), emptyVolume('e')],
  },
  'read-only to the depth, but written': {
    ...withContainer({
      volumeMounts: [
        { name: 'v', mountPath: '/a', recursiveReadOnly: 'Enabled' },
        { name: 'v', mountPath: '/b', readOnly: true, recursiveReadOnly: 'IfPossible', mountPropagation: 'HostToContainer' },
        { name: 'v', mountPath: '/c', recursiveReadOnly: 'x' },
        { name: 'v', mountPath: '/e', recursiveReadOnly: 'Disabled' },
      ],
    }),
    volumes: [emptyVolume('v')],
  },
  'resize policies': withContainer({
    resizePolicy: [
      { resourceName: 'cpu', restartPolicy: 'x' },
      { resourceName: 'cpu', restartPolicy: 'NotRequired' },
      { resourceName: 'disk', restartPolicy: 'RestartContainer' },
    ],
  }),
  'resize policy of a pod that never restarts': {
    ...withContainer({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
    restartPolicy: 'Never',
  },
  'resize policy of an init container': withSpec({
    initContainers: [{ ...plain, name: 'i', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }],
  }),
  'restart rules without a policy': withContainer({
    restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }],
  }),
  'restart rules': withContainer({
    restartPolicy: 'Never',
    restartPolicyRules: [
      { action: 'x' },
      { action: 'Restart', exitCodes: { operator: 'x', values: Array.from({ length: 256 }, (_, code) => code) } },
      ...Array.from({ length: 19 }, () => ({ action: 'Restart', exitCodes: { operator: 'In', values: [1] } })),
    ],
  }),
  'restart policy unheard of': withContainer({ restartPolicy: 'x' }),
  'sleep longer than the grace': withContainer({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
  'sleep below zero': withContainer({ lifecycle: { postStart: { sleep: { seconds: -1 } } } }),
  'stop signal without a system': withContainer({ lifecycle: { stopSignal: 'SIGUSR1' } }),
  'stop signal unheard of': { ...withContainer({ lifecycle: { stopSignal: 'x' } }), os: { name: 'linux' } },
  'stop signal of another system': { ...withContainer({ lifecycle: { stopSignal: 'SIGUSR1' } }), ...windows },
  'divisor of cpu': downward({ resource: 'limits.cpu', divisor: '2' }),
  'divisor of memory': downward({ resource: 'requests.memory', divisor: '3Mi' }),
  'divisor of huge pages': downward({ resource: 'limits.hugepages-2Mi', divisor: '3' }),
  'keys of nothing': withContainer({
    env: [
      { name: 'A', valueFrom: { configMapKeyRef: { key: 'k' } } },
      { name: 'B', valueFrom: { secretKeyRef: { name: 'A_b', key: 'k' } } },
    ],
  }),
  'host ports twice': withSpec({
    containers: [
      { ...plain, ports: [{ containerPort: 1, hostPort: 2 }] },
      { ...plain, name: 'C', ports: [{ containerPort: 3, hostPort: 2 }] },
    ],
  }),
  'host aliases': withSpec({
    hostAliases: [
      { ip: '1.2.3', hostnames: ['a', 'B_'] },
      { ip: '::ffff:1.2.3.4', hostnames: ['-'] },
    ],
  }),
  'no servers of names': withSpec({ dnsPolicy: 'None', dnsConfig: { searches: ['A b'] } }),
  'long searches': withSpec({ dnsConfig: { searches: Array.from({ length: 10 }, () => `${'a'.repeat(63)}.`.repeat(3) + 'a'.repeat(60)) } }),
  'many faults at once': {
    restartPolicy: 'x',
    dnsPolicy: 'y',
    serviceAccountName: 'A_',
    hostname: 'A_',
    priorityClassName: 'A_',
    preemptionPolicy: 'x',
    nodeSelector: { 'a b': 'c' },
    activeDeadlineSeconds: 0,
    readinessGates: [{ conditionType: 'a b' }],
    schedulingGates: [{ name: 'a b' }],
    tolerations: [{ operator: 'x' }],
    topologySpreadConstraints: [{ maxSkew: 0, topologyKey: '', whenUnsatisfiable: 'x' }],
    initContainers: [{ name: 'C', image: '' }],
    containers: [{ name: 'C', image: '', imagePullPolicy: 'x', terminationMessagePolicy: 'x', ports: [{ containerPort: 0 }] }],
    volumes: [{ name: 'V' }],
    os: { name: 'x' },
  },
  'token of no account': withSpec({
    serviceAccountName: '',
    automountServiceAccountToken: false,
    volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'p' } }] } }],
  }),
  'image between blanks': withSpec({ containers: [{ ...plain, image: ' i ' }], initContainers: [{ name: 'x', image: 'i ' }] }),
};

const keyed = (keys: Json, labelSelector: Json = { matchLabels: { a: 'b' } }): Json =>
  withSpec({
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', labelSelector, ...keys }],
  });
const kept = (keys: Json, labelSelector: Json | null = { matchLabels: { a: 'b' } }): Json => {
  const term = { topologyKey: 'z', ...(labelSelector === null ? {} : { labelSelector }), ...keys };
  return withSpec({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } });
};

/** Pods with the label `app: x`. */
const labelled: Readonly<Record<string, Json>> = {
  'spread by a label of the pod': keyed({ matchLabelKeys: ['app', 'none'] }),
  'spread by a label that is selected': keyed({ matchLabelKeys: ['a'] }),
  'spread by a label of the pod that is selected': keyed({ matchLabelKeys: ['app'] }, { matchLabels: { app: 'x' } }),
  'affinity by labels of the pod': kept({ matchLabelKeys: ['app'], mismatchLabelKeys: ['b c'] }),
  'affinity by labels it is not to have': kept({ mismatchLabelKeys: ['app'] }),
  'affinity by labels without a selector': kept({ matchLabelKeys: ['app'] }, null),
  'affinity by a label both ways': kept({ matchLabelKeys: ['app'], mismatchLabelKeys: ['app'] }),
};

const annotations: Readonly<Record<string, readonly [annotations: Json, spec: Json]>> = {
  mirror: [{ 'kubernetes.io/config.mirror': 'x' }, withSpec({})],
  'cost of deletion': [{ 'controller.kubernetes.io/pod-deletion-cost': '+1' }, withSpec({})],
  'cost of deletion, too much': [{ 'controller.kubernetes.io/pod-deletion-cost': '2147483648' }, withSpec({})],
  'armor of no container': [{ 'container.apparmor.security.beta.kubernetes.io/x': 'y' }, withSpec({})],
  'armor of old': [{ 'container.apparmor.security.beta.kubernetes.io/c': 'localhost/x' }, withSpec({})],
  'armor of old, unnamed': [{ 'container.apparmor.security.beta.kubernetes.io/c': 'localhost/' }, withSpec({})],
  'armor otherwise': [
    { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' },
    withContainer({ securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }),
  ],
  'seccomp otherwise': [
    { 'container.seccomp.security.alpha.kubernetes.io/c': 'localhost/x' },
    withContainer({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'y' } } }),
  ],
};

const pods = '/api/v1/namespaces/{ns}/pods?dryRun=All';
const pod = (metadata: Json, spec: Json): Json => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'rule', ...metadata }, spec });

export const podRuleCases: readonly Case[] = [
  ...Object.entries(labelled).map(([name, spec]): Case => ({
    name: `pod rule/label keys: ${name}`,
    steps: [post(pods, pod({ labels: { app: 'x' } }, spec))],
  })),
  ...Object.entries(specs).map(([name, spec]): Case => ({ name: `pod rule/${name}`, steps: [post(pods, pod({}, spec))] })),
  ...Object.entries(annotations).map(([name, [marks, spec]]): Case => ({
    name: `pod rule/annotation: ${name}`,
    steps: [post(pods, pod({ annotations: marks }, spec))],
  })),
];
