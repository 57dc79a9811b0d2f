import { expect, test } from '@jest/globals';
import type { ClusterRole } from '../../api/generated/types.ts';
import { refs } from '../../client/refs.ts';
import type { FakeClient } from '../../client/testing/fake-client.ts';
import { startBench } from '../testing/bench.ts';
import { clusterRoleAggregationController } from './index.ts';

const rule = (resource: string): object => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });

function seed(client: FakeClient, name: string, fields: object, labels: object = {}): void {
  client.seed(refs.clusterRoles, { metadata: { name, labels }, ...fields });
}

test('a role is the sum of those its selectors select, each rule once, and follows them', async () => {
  await using bench = await startBench([clusterRoleAggregationController], {
    seed: (client) => {
      const clusterRoleSelectors = [{ matchLabels: { view: 'true' } }, { matchLabels: { more: 'true' } }];
      seed(client, 'all', { aggregationRule: { clusterRoleSelectors }, rules: [] }, { view: 'true' });
      seed(client, 'b', { rules: [rule('pods'), rule('services')] }, { view: 'true' });
      seed(client, 'a', { rules: [rule('nodes'), rule('pods')] }, { view: 'true', more: 'true' });
      seed(client, 'c', { rules: [rule('secrets')] });
    },
  });
  const rules = (): ClusterRole['rules'] => bench.client.peek(refs.clusterRoles, 'all')?.rules;
  expect(rules()).toEqual([rule('nodes'), rule('pods'), rule('services')]);
  bench.client.remove(refs.clusterRoles, 'b');
  await bench.settle();
  expect(rules()).toEqual([rule('nodes'), rule('pods')]);
  seed(bench.client, 'd', { rules: [rule('events')] }, { more: 'true' });
  await bench.settle();
  expect(rules()).toEqual([rule('nodes'), rule('pods'), rule('events')]);
});
