import { expect, test } from '@jest/globals';
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
  expect(validateClaimStatus({ status } as unknown as PersistentVolumeClaim).map(({ field, body }) => `${field}: ${body}`)).toEqual([
    'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
    'status.allocatedResourceStatuses: Unsupported value: "a": supported values: "storage"',
    `status.allocatedResourceStatuses: Unsupported value: "a": supported values: ${states}`,
    'status.allocatedResources: Unsupported value: "a": supported values: "storage"',
    'status.allocatedResources[storage]: Invalid value: -2: must be a valid resource quantity',
  ]);
});
