import { expect, test } from '@jest/globals';
import type { APIService } from '../../../api/generated/types.ts';
import { serviceErrors } from './validation.ts';

const right = { group: 'a.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 };
const faults = (spec: object, name = 'v1.a.example.com'): string[] =>
  serviceErrors({ metadata: { name }, spec: { ...right, ...spec } } as unknown as APIService).map(({ field, body }) => `${field}: ${body}`);

test.each<[object, string[]]>([
  [{}, []],
  [{ service: { namespace: 'n', name: 's', port: 443 }, insecureSkipTLSVerify: true }, []],
  [
    { insecureSkipTLSVerify: true },
    ['spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify'],
  ],
  [{ caBundle: 'eA==' }, ['spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle']],
  [
    { service: { port: 0 } },
    [
      'spec.service.namespace: Required value',
      'spec.service.name: Required value',
      'spec.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
    ],
  ],
  [{ versionPriority: 0 }, ['spec.versionPriority: Invalid value: 0: must be positive and less than 1000']],
])('%j', (spec, expected) => {
  expect(faults(spec)).toEqual(expected);
});

test('the name is version and group', () => {
  expect(faults({}, 'v2.b')).toEqual(['metadata.name: Invalid value: "v2.b": must be `spec.version+"."+spec.group`: "v1.a.example.com"']);
});
