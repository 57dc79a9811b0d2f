import { expect, test } from '@jest/globals';
import type { Pod } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { startInformer } from '../../client/informer.ts';
import { refs } from '../../client/refs.ts';
import { createFakeClient } from '../../client/testing/fake-client.ts';
import { settle } from '../../client/testing/until.ts';
import { NodePods } from './node-pods.ts';

test('each node sees its own pods come, change and go, out of one cache', async () => {
  const clock = new FakeClock();
  const client = createFakeClient({ clock });
  const seed = (name: string, nodeName?: string, status: object = {}): void =>
    void client.seed(refs.pods, { metadata: { name, namespace: 'shop', uid: name }, spec: { containers: [], nodeName }, status });
  seed('early', 'a');
  seed('waiting');
  await using pods = startInformer(refs.pods, { client, clock, logger: silentLogger });
  await pods.synced;
  await using views = new NodePods(pods);
  const told: string[] = [];
  const follow = (node: string) => {
    const name = (what: string) => (pod: Pod) => void told.push(`${node} ${what} ${pod.metadata.name}`);
    return views.of(node).handle({ add: name('+'), update: (_old, pod) => name('~')(pod), delete: name('-') });
  };
  const a = follow('a');
  follow('b');
  await settle();
  seed('waiting', 'b');
  seed('early', 'a', { phase: 'Running' });
  await settle();
  client.remove(refs.pods as never, 'shop/waiting');
  await settle();
  expect(told).toEqual(['a + early', 'b + waiting', 'a ~ early', 'b - waiting']);
  expect([...views.of('a').store.values()].map(({ metadata }) => metadata.name)).toEqual(['early']);
  expect([views.of('b').store.size, views.of('b').store.get('shop/early')]).toEqual([0, undefined]);
  await a.stop();
  client.remove(refs.pods as never, 'shop/early');
  await settle();
  expect(told).toHaveLength(4);
});
