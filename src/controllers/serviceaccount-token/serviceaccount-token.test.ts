import { expect, test } from '@jest/globals';
import type { Secret } from '../../api/generated/types.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import type { Bench } from '../testing/bench.ts';
import { startBench } from '../testing/bench.ts';
import { serviceAccountTokenController } from './index.ts';

function seedSecret(client: FakeClient, account: string, type = 'kubernetes.io/service-account-token'): void {
  const annotations = { 'kubernetes.io/service-account.name': account };
  client.seed(refs.secrets, { metadata: { name: 'long', namespace: 'shop', uid: 's', annotations }, type });
}

const start = (seed: (client: FakeClient) => void): Promise<Bench> =>
  startBench([serviceAccountTokenController], {
    settings: { rootCA: 'PEM' },
    seed: (client) => {
      client.seed(refs.serviceAccounts, { metadata: { name: 'robot', namespace: 'shop', uid: 'r' } });
      seed(client);
    },
  });
const secret = (bench: Bench): Secret | undefined => bench.client.peek(refs.secrets, 'shop/long');
const text = (data: string | undefined): string => Buffer.from(data ?? '', 'base64').toString();

test('a Secret gets a token of its ServiceAccount, the authority and the namespace', async () => {
  await using bench = await start((client) => seedSecret(client, 'robot'));
  const { data, metadata } = secret(bench) as Secret;
  expect([text(data?.['token']), text(data?.['ca.crt']), text(data?.['namespace'])]).toEqual(['token of shop/robot', 'PEM', 'shop']);
  expect(metadata.annotations).toEqual({ 'kubernetes.io/service-account.name': 'robot', 'kubernetes.io/service-account.uid': 'r' });
  expect(bench.client.actions.filter(({ subresource }) => subresource === 'token')).toHaveLength(1);
});

test('it goes with its ServiceAccount, and with one of the name that is another', async () => {
  await using bench = await start((client) => seedSecret(client, 'robot'));
  await bench.client.resource(refs.serviceAccounts).delete('shop', 'robot');
  bench.client.seed(refs.serviceAccounts, { metadata: { name: 'robot', namespace: 'shop', uid: 'another' } });
  await bench.settle();
  expect(secret(bench)).toBeUndefined();
});

test('without a ServiceAccount it is deleted; other Secrets are left alone', async () => {
  await using bench = await start((client) => seedSecret(client, 'nobody'));
  expect(secret(bench)).toBeUndefined();
  await using other = await start((client) => seedSecret(client, 'nobody', 'Opaque'));
  expect(secret(other)).toBeDefined();
});
