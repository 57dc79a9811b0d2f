import { expect, test } from '@jest/globals';
import { createAuthority, issue } from '../../auth/certificates.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { startBench } from '../testing/bench.ts';
import { certificatesCleaner, goesAt } from './cleaner.ts';
import type { CertificateSigner } from './index.ts';
import { certificatesController } from './index.ts';
import { userSigner } from './policy.ts';

const signer: CertificateSigner = {
  joiner: 'joiner',
  read: () => Promise.resolve({ commonName: 'jane', organizations: ['dev'], hosts: [], others: [] }),
  sign: (_request, options) => Promise.resolve(JSON.stringify(options)),
};

function seed(client: FakeClient, usages: string[], conditions: object[]): void {
  const spec = { request: '', username: 'jane', signerName: userSigner, usages, expirationSeconds: 3600 };
  client.seed(refs.certificateSigningRequests, { metadata: { name: 'jane', uid: 'u' }, spec, status: { conditions } });
}
const approved = { type: 'Approved', status: 'True', reason: 'Kubectl', lastUpdateTime: '2026-01-01T00:00:00Z' };

test("a user's certificate is signed once somebody has approved it, and not before", async () => {
  await using bench = await startBench([certificatesController], {
    settings: { signer },
    seed: (client) => seed(client, ['client auth'], []),
  });
  expect(bench.client.peek(refs.certificateSigningRequests, 'jane')?.status.certificate).toBeUndefined();
  seed(bench.client, ['client auth'], [approved]);
  await bench.settle();
  const { certificate = '' } = bench.client.peek(refs.certificateSigningRequests, 'jane')?.status ?? {};
  expect(JSON.parse(Buffer.from(certificate, 'base64').toString())).toEqual({ usages: ['client auth'], seconds: 3600 });
});

test('what the signer does not sign has failed', async () => {
  await using bench = await startBench([certificatesController], {
    settings: { signer },
    seed: (client) => seed(client, ['server auth'], [approved]),
  });
  expect(bench.client.peek(refs.certificateSigningRequests, 'jane')?.status).toEqual({
    conditions: [
      approved,
      {
        type: 'Failed',
        status: 'True',
        reason: 'SignerValidationFailure',
        message: 'invalid usage for client certificate: server auth',
        lastUpdateTime: '2026-01-01T00:00:00Z',
      },
    ],
  });
});

test('requests that are done with go: decided ones after an hour, others after a day, and when the certificate ends', async () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  const authority = await createAuthority('ca', start);
  const pair = await issue(authority, { commonName: 'jane', usage: 'client', days: 1 / 48 }, start);
  const certificate = Buffer.from(pair.cert).toString('base64');
  const hours = (status: object): number | undefined => {
    const at = goesAt({ metadata: { name: 'r', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: {}, status } as never);
    return at === undefined ? undefined : (at - start) / 3_600_000;
  };
  expect(hours({})).toBe(24);
  expect(hours({ conditions: [{ ...approved, type: 'Denied' }] })).toBe(1);
  expect(hours({ conditions: [{ ...approved, type: 'Failed' }] })).toBe(1);
  expect(hours({ conditions: [approved] })).toBe(24);
  expect(hours({ conditions: [approved], certificate: 'bm9uZQ==' })).toBe(1);
  expect(hours({ conditions: [approved], certificate })).toBe(0.5);
  expect(hours({ conditions: [{ ...approved, type: 'Own' }] })).toBeUndefined();

  await using bench = await startBench([certificatesCleaner], { seed: (client) => seed(client, [], [approved]) });
  await bench.clock.advance(24 * 3_600_000 - 1000);
  expect(bench.client.peek(refs.certificateSigningRequests, 'jane')).toBeDefined();
  await bench.clock.advance(2000);
  await bench.settle();
  expect(bench.client.peek(refs.certificateSigningRequests, 'jane')).toBeUndefined();
});
