import { expect, test } from '@jest/globals';
import type { PodSpec } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { fileVolumeErrors, hostnameOverrideErrors, hostUsersErrors } from './validate-host.ts';

const containers = [{ name: 'a', image: 'b' }];
const texts = (spec: Partial<PodSpec>): string[] =>
  [hostnameOverrideErrors, hostUsersErrors, fileVolumeErrors]
    .flatMap((rule) => rule({ containers, ...spec }, path('spec')))
    .map(({ field, body }) => `${field}: ${body}`);

const fromFile = (volumeName: string): Partial<PodSpec> => ({
  volumes: [
    { name: 'made', emptyDir: {} },
    { name: 'given', configMap: { name: 'c' } },
  ],
  initContainers: [{ name: 'i', env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName, path: 'f', key: 'A' } } }] }],
});

test.each<[string, Partial<PodSpec>, string[]]>([
  ['a name of its own', { hostnameOverride: 'a.example' }, []],
  [
    'a name of its own and the host network',
    { hostnameOverride: 'a', hostNetwork: true },
    ['spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true'],
  ],
  [
    'a name of its own and the full one',
    { hostnameOverride: 'a', setHostnameAsFQDN: true },
    ['spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true'],
  ],
  ['a name too long', { hostnameOverride: 'a'.repeat(65) }, ['spec.hostnameOverride: Too long: may not be more than 64 bytes']],
  ['users of its own', { hostUsers: false }, []],
  [
    'users of its own and namespaces of the host',
    { hostUsers: false, hostNetwork: true, hostPID: true, hostIPC: true },
    [
      'spec.hostNetwork: Forbidden: when `hostUsers` is false',
      'spec.HostPID: Forbidden: when `hostUsers` is false',
      'spec.HostIPC: Forbidden: when `hostUsers` is false',
    ],
  ],
  ['a variable out of an emptyDir', fromFile('made'), []],
  [
    'a variable out of another volume',
    fromFile('given'),
    ['spec.initContainers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "given": referenced volume must be of type emptyDir'],
  ],
  ['a variable out of no volume', fromFile('gone'), ['spec.initContainers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: "gone"']],
])('%s', (_, spec, expected) => {
  expect(texts(spec)).toEqual(expected);
});
