import { expect, test } from '@jest/globals';
import type { PodSpec } from '../../../api/generated/types.ts';
import { dropDisabledPodFields } from './disabled-fields.ts';

const using = (): PodSpec => ({
  schedulingGroup: { podGroupName: 'g' },
  containers: [
    { name: 'a', image: 'i', lifecycle: { stopSignal: 'SIGINT' } },
    { name: 'b', image: 'i', lifecycle: { stopSignal: 'SIGINT', preStop: { sleep: { seconds: 1 } } } },
  ],
  volumes: [
    {
      name: 'v',
      projected: {
        sources: [
          { clusterTrustBundle: { name: 'x', path: 'p' } },
          { podCertificate: { signerName: 'a.b/c', keyType: 'ED25519', credentialBundlePath: 'b' } },
          { secret: { name: 's' } },
        ],
      },
    },
  ],
});

test('what is off is dropped', () => {
  const spec = using();
  dropDisabledPodFields(spec, undefined);
  expect(spec).toEqual({
    containers: [
      { name: 'a', image: 'i' },
      { name: 'b', image: 'i', lifecycle: { preStop: { sleep: { seconds: 1 } } } },
    ],
    volumes: [{ name: 'v', projected: { sources: [{}, {}, { secret: { name: 's' } }] } }],
  });
});

test('what was there may stay', () => {
  const spec = using();
  dropDisabledPodFields(spec, using());
  expect(spec).toEqual(using());
});
