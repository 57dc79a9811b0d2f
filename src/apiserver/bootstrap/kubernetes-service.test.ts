import { expect, test } from '@jest/globals';
import { FakeClock } from '../../base/clock.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import { createInformers } from '../../client/informer-factory.ts';
import { refs } from '../../client/refs.ts';
import { settle } from '../../client/testing/until.ts';
import { systemUser } from '../../registry/context.ts';
import { testRegistry } from '../../resources/testing/deps.ts';
import { inProcessClient } from '../in-process.ts';
import { KubernetesService } from './kubernetes-service.ts';

test('is made with its endpoints, and again when all of it is deleted', async () => {
  await using lifecycle = new Lifecycle();
  const clock = new FakeClock();
  const client = inProcessClient(lifecycle.add(await testRegistry(clock)), systemUser('apiserver'));
  const service = new KubernetesService({ client, clusterIP: '10.43.0.1', clock, logger: silentLogger });
  await service.publish({ addresses: ['10.9.9.9'], port: 6443 });
  lifecycle.add(service.follow(lifecycle.add(createInformers({ client, clock, logger: silentLogger }))));
  await settle();
  await client.resource(refs.services).delete('default', 'kubernetes');
  await client.resource(refs.endpointSlices).delete('default', 'kubernetes');
  await settle(60);
  expect((await client.resource(refs.services).get('default', 'kubernetes')).spec.clusterIP).toBe('10.43.0.1');
  expect((await client.resource(refs.endpoints).get('default', 'kubernetes')).subsets?.[0]?.addresses).toEqual([{ ip: '10.9.9.9' }]);
  expect((await client.resource(refs.endpointSlices).get('default', 'kubernetes')).endpoints?.[0]?.addresses).toEqual(['10.9.9.9']);
});
