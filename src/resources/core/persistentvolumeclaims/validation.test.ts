import { describe, expect, test } from '@jest/globals';
import type { PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { validateClaimStatus, validateClaimUpdate } from './validation.ts';

function claim(storage: string, phase: string): PersistentVolumeClaim {
  const spec = { accessModes: ['ReadWriteOnce'], volumeName: phase === 'Bound' ? 'v' : '', resources: { requests: { storage } } };
  return { metadata: { name: 'c' }, spec, status: { phase, capacity: { storage: '2Gi' } } } as unknown as PersistentVolumeClaim;
}

const immutable = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

const smaller = `@@ -6,7 +6,7 @@
  "Resources": {
   "Limits": null,
   "Requests": {
-   "storage": "4Gi"
+   "storage": "3Gi"
   }
  },
  "VolumeName": "",
`;

test.each([
  ['Pending', '3Gi', [`spec: Forbidden: ${immutable}\n${smaller}`]],
  ['Bound', '5Gi', []],
  ['Bound', '3Gi', []],
  ['Bound', '1Gi', ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity']],
])('a %s claim of 4Gi asks for %s', (phase, storage, expected) => {
  const faults = validateClaimUpdate(claim(storage, phase), claim('4Gi', phase));
  expect(faults.map(({ field, body }) => `${field}: ${body}`)).toEqual(expected);
});

test('the status of a claim: resources it may speak of, states of a resize, amounts', () => {
  const status = {
    capacity: { storage: '-1' },
    allocatedResourceStatuses: { storage: 'NodeResizePending', a: 'Done', 'example.com/b': 'ControllerResizeInfeasible' },
    allocatedResources: { storage: '-2', a: '1' },
  };
  const states =
    '"ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"';
  const spec = { accessModes: ['ReadWriteOnce'] };
  expect(validateClaimStatus({ spec, status } as unknown as PersistentVolumeClaim).map(({ field, body }) => `${field}: ${body}`)).toEqual([
    'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
    'status.allocatedResourceStatuses: Unsupported value: "a": supported values: "storage"',
    `status.allocatedResourceStatuses: Unsupported value: "a": supported values: ${states}`,
    'status.allocatedResources: Unsupported value: "a": supported values: "storage"',
    'status.allocatedResources[storage]: Invalid value: -2: must be a valid resource quantity',
  ]);
});

describe('what a claim is made of may change so', () => {
  const betaClass = 'volume.beta.kubernetes.io/storage-class';
  const made = (fields: object, annotations: Record<string, string> = {}): PersistentVolumeClaim =>
    ({
      metadata: { name: 'c', annotations },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...fields },
      status: { phase: 'Pending' },
    }) as unknown as PersistentVolumeClaim;
  const faultsOf = (now: PersistentVolumeClaim, old: PersistentVolumeClaim): string[] =>
    validateClaimUpdate(now, old).map(({ field, body }) => `${field}: ${body.split('\n')[0] ?? ''}`);
  const refused =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

  test('a class where there was none, or the one that an annotation named', () => {
    expect(faultsOf(made({ storageClassName: 'a' }), made({}))).toEqual([]);
    const noted = made({}, { [betaClass]: 'a' });
    expect(faultsOf(made({ storageClassName: 'a' }), noted)).toEqual([]);
    expect(faultsOf(made({ storageClassName: 'b' }, { [betaClass]: 'a' }), noted)).toEqual([refused]);
    expect(faultsOf(made({}, { [betaClass]: 'b' }), noted)).toEqual([
      `metadata.annotations.${betaClass}: Invalid value: "b": field is immutable`,
    ]);
  });

  test('the class of attributes stays once it is in force', () => {
    const old = { ...made({ volumeAttributesClassName: 'v' }), status: { phase: 'Bound', currentVolumeAttributesClassName: 'v' } };
    const now = (fields: object): PersistentVolumeClaim => ({ ...made(fields), status: old.status });
    expect(faultsOf(now({ volumeAttributesClassName: 'w' }), old)).toEqual([]);
    expect(faultsOf(now({}), old).join()).toContain('update to nil is forbidden');
    const none = { ...made({}), status: old.status };
    expect(faultsOf(none, none)).toEqual([]);
  });
});
