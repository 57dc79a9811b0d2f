import { expect, test } from '@jest/globals';
import type { PersistentVolumeClaim } from '../../../api/generated/types.ts';
import { validateClaimUpdate } from './validation.ts';

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
