import { expect, test } from '@jest/globals';
import type { Service } from '../../api/generated/types.ts';
import { FakeClock } from '../../base/clock.ts';
import { Lifecycle } from '../../base/lifecycle.ts';
import { silentLogger } from '../../base/logger.ts';
import { createInformers } from '../../client/informer-factory.ts';
import { refs } from '../../client/refs.ts';
import { settle } from '../../client/testing/until.ts';
import { systemUser } from '../../registry/context.ts';
import { testRegistry } from '../../resources/testing/deps.ts';
import { inProcessClient } from '../in-process.ts';
import { nodePortFaults, startNodePortWatch } from './node-ports.ts';

type Port = readonly [nodePort: number, protocol?: string];

const service = (name: string, ports: readonly Port[], healthCheckNodePort?: number): Service =>
  ({
    metadata: { name, namespace: 'n' },
    spec: { ports: ports.map(([nodePort, protocol = 'TCP']) => ({ nodePort, protocol, port: 1 })), healthCheckNodePort },
  }) as unknown as Service;
const told = (...services: readonly Service[]): string[] =>
  nodePortFaults(services, { first: 30_000, last: 30_010 }).map(
    (fault) => `${fault.service.metadata.name} ${fault.reason} ${fault.message}`,
  );

test('ports beyond the range, and ports of two', () => {
  expect(told(service('a', [[30_000], [30_000, 'UDP'], [0]]), service('b', [[30_001]], 30_002))).toEqual([]);
  expect(told(service('b', [[30_000]]), service('a', [[30_000]], 31_000))).toEqual([
    'a PortOutOfRange Port 31000 is not within the port range 30000-30010; please recreate service',
    'b PortAlreadyAllocated Port 30000 was assigned to multiple services; please recreate service',
  ]);
  expect(told(service('a', [[30_000], [30_000]]))).toEqual([expect.stringContaining('a PortAlreadyAllocated')]);
});

test('a server with another range tells when it starts', async () => {
  await using lifecycle = new Lifecycle();
  const clock = new FakeClock();
  const registry = lifecycle.add(await testRegistry(clock));
  const client = inProcessClient(registry, systemUser('apiserver'), { fieldManager: 'kube-apiserver' });
  const spec = { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] };
  await client.resource(refs.services).create('default', { metadata: { name: 'a' }, spec });
  const informers = lifecycle.add(createInformers({ client, clock, logger: silentLogger }));
  lifecycle.add(startNodePortWatch({ client, informers, clock, logger: silentLogger, range: { first: 31_000, last: 31_001 } }));
  await settle(40);
  const events = (await client.resource(refs.events).list()).items;
  expect(events.map(({ reason, action }) => [reason, action])).toEqual([['PortOutOfRange', 'PortAllocation']]);
});
