import { createPublicKey } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createRequest } from './certificate-request.ts';
import { readRequest } from './certificates.ts';

test.each([
  { commonName: 'system:node:a', organizations: ['system:nodes'], hosts: [] },
  { commonName: 'Knoten ä', organizations: ['a', 'b'], hosts: ['node-1.example.com', '10.0.0.1', 'fd42::1'] },
  { commonName: 'many', organizations: [], hosts: Array.from({ length: 100 }, (_, at) => `host-${String(at)}.example.com`) },
])('asks for what it is told, signed by its own key: $commonName', async (options) => {
  const { request, key } = createRequest(options);
  expect(await readRequest(request)).toEqual({ ...options, others: [] });
  expect(createPublicKey(key).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
});
