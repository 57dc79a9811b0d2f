import { describe, expect, test } from '@jest/globals';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { rootCACertController } from '../root-ca-cert/index.ts';
import { serviceAccountController } from '../serviceaccount/index.ts';
import { startBench } from '../testing/bench.ts';
import { namespaceController } from './index.ts';

const seed = (client: FakeClient): void => {
  client.seed(refs.namespaces, {
    metadata: { name: 'shop', uid: 'ns' },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  client.seed(refs.configMaps, { metadata: { name: 'a', namespace: 'shop' } });
  client.seed(refs.configMaps, { metadata: { name: 'b', namespace: 'other' } });
  client.seed(refs.pods, { metadata: { name: 'p', namespace: 'shop' }, spec: { containers: [], nodeName: 'n1' } });
};

async function markDeleted(client: FakeClient): Promise<void> {
  await client
    .resource(refs.namespaces)
    .patch('', 'shop', { type: 'application/merge-patch+json', body: { metadata: { finalizers: ['kubernetes'] } } });
  await client.resource(refs.namespaces).delete('', 'shop');
  await client
    .resource(refs.namespaces)
    .patch('', 'shop', { type: 'application/merge-patch+json', body: { metadata: { finalizers: null, deletionGracePeriodSeconds: 1 } } });
}

describe('namespace', () => {
  test('pods first, then the rest, then the namespace itself', async () => {
    await using bench = await startBench([namespaceController], { seed });
    await markDeleted(bench.client);
    await bench.settle();
    expect(bench.client.peek(refs.pods, 'shop/p')?.metadata.deletionTimestamp).toBeDefined();
    expect(bench.client.peek(refs.configMaps, 'shop/a')).toBeDefined();
    const status = bench.client.peek(refs.namespaces, 'shop')?.status;
    expect(status?.phase).toBe('Terminating');
    expect(status?.conditions?.find(({ type }) => type === 'NamespaceContentRemaining')).toMatchObject({
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: pods. has 1 resource instances',
    });
    bench.client.remove(refs.pods as never, 'shop/p');
    await bench.settle();
    expect(bench.client.peek(refs.configMaps, 'shop/a')).toBeUndefined();
    expect(bench.client.peek(refs.configMaps, 'other/b')).toBeDefined();
    expect(bench.client.peek(refs.namespaces, 'shop')).toBeUndefined();
  });

  test('content with finalizers is named and waited for', async () => {
    await using bench = await startBench([namespaceController], {
      seed: (client) => {
        seed(client);
        client.remove(refs.pods as never, 'shop/p');
        client.seed(refs.configMaps, { metadata: { name: 'kept', namespace: 'shop', finalizers: ['example.com/keep'] } });
      },
    });
    await markDeleted(bench.client);
    await bench.settle();
    const conditions = bench.client.peek(refs.namespaces, 'shop')?.status.conditions;
    expect(conditions?.find(({ type }) => type === 'NamespaceFinalizersRemaining')?.message).toBe(
      'Some content in the namespace has finalizers remaining: example.com/keep in 1 resource instances',
    );
    bench.client.remove(refs.configMaps as never, 'shop/kept');
    await bench.clock.advance(8000);
    await bench.settle();
    expect(bench.client.peek(refs.namespaces, 'shop')).toBeUndefined();
  });
});

describe('what every namespace has', () => {
  test('a default ServiceAccount and the root CA, again when deleted or changed', async () => {
    await using bench = await startBench([serviceAccountController, rootCACertController], { seed, settings: { rootCA: 'PEM' } });
    expect(bench.client.peek(refs.serviceAccounts, 'shop/default')).toBeDefined();
    expect(bench.client.peek(refs.configMaps, 'shop/kube-root-ca.crt')?.data).toEqual({ 'ca.crt': 'PEM' });
    await bench.client.resource(refs.serviceAccounts).delete('shop', 'default');
    await bench.client
      .resource(refs.configMaps)
      .patch('shop', 'kube-root-ca.crt', { type: 'application/merge-patch+json', body: { data: { 'ca.crt': 'forged', more: 'x' } } });
    await bench.settle();
    expect(bench.client.peek(refs.serviceAccounts, 'shop/default')).toBeDefined();
    expect(bench.client.peek(refs.configMaps, 'shop/kube-root-ca.crt')?.data).toEqual({ 'ca.crt': 'PEM' });
  });

  test('not in a namespace that is going away', async () => {
    await using bench = await startBench([serviceAccountController], {
      seed: (client) => void client.seed(refs.namespaces, { metadata: { name: 'going' }, spec: {}, status: { phase: 'Terminating' } }),
    });
    expect(bench.client.all(refs.serviceAccounts)).toEqual([]);
  });
});
