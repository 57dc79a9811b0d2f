import { expect, test } from '@jest/globals';
import type { Pod, PodSpec } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { osErrors } from './validate-os.ts';
import { validateNewPod } from './validate-pod.ts';
import { validatePodSpec } from './validate-spec.ts';

const container = { name: 'c', image: 'i', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' };
const sound = { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30 };
const specOf = (fields: object): PodSpec => ({ ...sound, containers: [container], ...fields });
const faultsOf = (fields: object, name?: string): string[] =>
  validatePodSpec(specOf(fields), path('spec'), name).map(({ field, body }) => `${field}: ${body}`);
const ofContainer = (fields: object): string[] => faultsOf({ containers: [{ ...container, ...fields }] });

test('a sound pod has no faults, a pull secret needs no name', () => {
  expect(faultsOf({ imagePullSecrets: [{}], os: { name: 'linux' }, overhead: { cpu: '1' } })).toEqual([]);
});

test('a runtime class is named, an operating system known', () => {
  expect(faultsOf({ runtimeClassName: '' })[0]).toMatch(/^spec\.runtimeClassName: Invalid value: "": a lowercase RFC 1123 subdomain/);
  expect(faultsOf({ os: { name: 'beos' } })).toEqual(['spec.os: Unsupported value: "beos": supported values: "linux", "windows"']);
  expect(faultsOf({ os: { name: '' } })).toEqual(['spec.os.name: Required value']);
});

test('what goes with one operating system only is refused on the other', () => {
  const options = { windowsOptions: { runAsUserName: 'u' } };
  const refused = osErrors(specOf({ os: { name: 'linux' }, securityContext: options }), path('spec'));
  expect(refused.map(({ field }) => field)).toEqual(['spec.securityContext.windowsOptions']);
  const windows = specOf({ os: { name: 'windows' }, hostPID: true, hostIPC: false, securityContext: { fsGroup: 1, sysctls: [] } });
  expect(osErrors(windows, path('spec')).map(({ field }) => field)).toEqual(['spec.hostPID', 'spec.securityContext.fsGroup']);
});

test('all containers share the host’s processes on Windows, or none', () => {
  const hostProcess = (value: boolean): object => ({ securityContext: { windowsOptions: { hostProcess: value } } });
  expect(faultsOf(hostProcess(true))).toEqual([
    'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
  ]);
  const containers = [
    { ...container, ...hostProcess(true) },
    { ...container, name: 'd' },
  ];
  expect(faultsOf({ hostNetwork: true, containers })).toEqual([
    'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
  ]);
});

test.each([
  ['', 'runAsUserName cannot be an empty string'],
  ['a\u0001', 'runAsUserName cannot contain control characters'],
  ['a\\b\\c', 'runAsUserName cannot contain more than one backslash'],
  ['a?\\b', "runAsUserName's Domain doesn't match the NetBios nor the DNS format"],
  ['a\\', "runAsUserName's User cannot be empty"],
  ['..', "runAsUserName's User cannot contain only periods or spaces"],
  ['a@b', 'runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]'],
])('a user of Windows is not called %j', (runAsUserName, why) => {
  expect(ofContainer({ securityContext: { windowsOptions: { runAsUserName } } }).join()).toContain(why);
});

test('a claim of the pod has a name of its own and one source', () => {
  const resourceClaims = [{ name: 'a' }, { name: 'a', resourceClaimName: 'x', resourceClaimTemplateName: 'y' }];
  expect(faultsOf({ resourceClaims })).toEqual([
    'spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: ' +
      'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    'spec.resourceClaims[1].name: Duplicate value: "a"',
    'spec.resourceClaims[1]: Invalid value: {"Name":"a","ResourceClaimName":"x","ResourceClaimTemplateName":"y"}: ' +
      'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
  ]);
  expect(ofContainer({ resources: { claims: [{ name: 'a' }] } })).toEqual([
    'spec.containers[0].resources.claims[0]: Not found: "a": must be one of the names in pod.spec.resourceClaims which is empty',
  ]);
});

test('the template of a claim has labels and annotations only, and nobody else names the claim it makes', () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } };
  const volume = { name: 'v', ephemeral: { volumeClaimTemplate: { metadata: { name: 'n', uid: 'u' }, spec } } };
  const at = 'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata';
  expect(faultsOf({ volumes: [volume] })).toEqual([`${at}.name: Forbidden: cannot be set`, `${at}.uID: Forbidden: cannot be set`]);
  const other = { name: 'w', persistentVolumeClaim: { claimName: 'pod-v' } };
  const both = { volumes: [{ ...volume, ephemeral: { volumeClaimTemplate: { spec } } }, other] };
  expect(faultsOf(both)).toEqual([]);
  expect(faultsOf(both, 'pod').join()).toContain('must not reference a PVC that gets created for an ephemeral volume');
});

test('huge pages come whole, and not by themselves', () => {
  const limits = { 'hugepages-2Mi': '3Mi' };
  expect(ofContainer({ resources: { limits } })).toEqual([
    'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
    'spec.containers[0].resources: Forbidden: HugePages require cpu or memory',
  ]);
});

test('a pod asks for at least what its containers ask for', () => {
  const ask = (cpu: string): object => ({ resources: { requests: { cpu } } });
  const containers = [
    { ...container, ...ask('800m') },
    { ...container, name: 'd', ...ask('800m') },
  ];
  expect(faultsOf({ containers, ...ask('2') })).toEqual([]);
  expect(faultsOf({ containers, ...ask('1') })).toEqual([
    'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 1600m',
  ]);
  expect(faultsOf({ resources: { limits: { 'a.b/c': '1' } } }).join()).toContain('supported values: "cpu", "hugepages-", "memory"');
});

test('profiles fit their type', () => {
  expect(ofContainer({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: '../x' } } }).join()).toContain("'..'");
  expect(ofContainer({ securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: ' x' } } }).join()).toContain('padded');
  expect(ofContainer({ securityContext: { procMount: 'Unmasked' } }).join()).toContain('`hostUsers` must be false');
});

test('a device is a claim, and no mount beside it', () => {
  const volumes = [
    { name: 'v', persistentVolumeClaim: { claimName: 'p' } },
    { name: 'e', emptyDir: {} },
  ];
  const volumeDevices = [
    { name: 'v', devicePath: '/d' },
    { name: 'e', devicePath: '/d' },
  ];
  const volumeMounts = [{ name: 'v', mountPath: '/m', recursiveReadOnly: 'Enabled' }];
  const faults = faultsOf({ volumes, containers: [{ ...container, volumeDevices, volumeMounts }] });
  expect(faults.map((fault) => fault.replace('spec.containers[0].', ''))).toEqual([
    'volumeMounts[0].name: Invalid value: "v": must not already exist in volumeDevices',
    'volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true',
    'volumeDevices[0].name: Invalid value: "v": must not already exist in volumeMounts',
    'volumeDevices[1].name: Invalid value: "e": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
    'volumeDevices[1].devicePath: Invalid value: "/d": must be unique',
  ]);
});

test('rules of restarts and of hooks', () => {
  const rule = { action: 'x', exitCodes: { operator: 'In', values: [1] } };
  expect(ofContainer({ restartPolicyRules: [rule] })).toEqual([
    'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
    'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "x": supported values: "Restart", "RestartAllContainers"',
  ]);
  expect(ofContainer({ resizePolicy: [{ resourceName: 'disk', restartPolicy: 'NotRequired' }] }).join()).toContain('"cpu", "memory"');
  expect(ofContainer({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }).join()).toContain(
    'less than terminationGracePeriodSeconds (30)',
  );
  expect(ofContainer({ lifecycle: { stopSignal: 'SIGTERM' } }).join()).toContain('empty `spec.os.name`');
  expect(ofContainer({ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } }] }).join()).toContain(
    "only divisor's values 1m and 1",
  );
});

test('annotations of a pod say what its fields say', () => {
  const podOf = (annotations: Record<string, string>, fields: object = {}): string[] =>
    validateNewPod({ metadata: { name: 'p', annotations }, spec: specOf(fields) } as unknown as Pod).map(({ field }) => field);
  expect(podOf({ 'controller.kubernetes.io/pod-deletion-cost': '-5' })).toEqual([]);
  expect(podOf({ 'controller.kubernetes.io/pod-deletion-cost': '+5' })).toEqual([
    'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]',
  ]);
  expect(podOf({ 'kubernetes.io/config.mirror': 'x' })).toEqual(['metadata.annotations[kubernetes.io/config.mirror]']);
  const profile = { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } };
  const key = 'container.apparmor.security.beta.kubernetes.io/c';
  expect(podOf({ [key]: 'runtime/default' }, profile)).toEqual([]);
  expect(podOf({ [key]: 'unconfined' }, profile)).toEqual(['spec.containers[0].securityContext.appArmorProfile.type']);
});
