import { expect, test } from '@jest/globals';
import type { KubeObject } from '../../../api/object.ts';
import { fromV1beta1 } from './stored-version.ts';

test('what all versions share moves into each version', () => {
  const schema = { openAPIV3Schema: { type: 'object' } };
  const stored = {
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      version: 'v1',
      names: { plural: 'things' },
      preserveUnknownFields: false,
      validation: schema,
      subresources: { status: {} },
      additionalPrinterColumns: [{ name: 'Age', type: 'date', JSONPath: '.metadata.creationTimestamp' }],
      conversion: { strategy: 'Webhook', webhookClientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1'] },
      versions: [{ name: 'v1', served: true, storage: true }],
    },
  };
  expect(fromV1beta1(stored as unknown as KubeObject)).toEqual({
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      names: { plural: 'things' },
      conversion: { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1'] } },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema,
          subresources: { status: {} },
          additionalPrinterColumns: [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }],
        },
      ],
    },
  });
});
