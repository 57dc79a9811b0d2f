import { expect, test } from '@jest/globals';
import type { NodeFacts } from './node-object.ts';
import { nodeStatus } from './node-object.ts';

test('what others give the node beyond its own can be had, until they take it away', () => {
  const facts: NodeFacts = {
    ...{
      name: 'n',
      ips: [],
      hostname: 'n',
      labels: {},
      kubeletPort: 0,
      images: [],
      handlers: ['', 'runc'],
      starting: false,
      notReady: '',
      pressures: [],
    },
    machine: { capacity: { cpu: '2', memory: '1Gi' }, info: {} as NodeFacts['machine']['info'] },
    allocatable: { cpu: '2', memory: '1Gi' },
  };
  const first = nodeStatus({ capacity: { cpu: '1', 'example.com/foo': '5' } }, facts, 0);
  expect(first).toMatchObject({
    capacity: { cpu: '2', 'example.com/foo': '5' },
    allocatable: { cpu: '2', memory: '1Gi', 'example.com/foo': '5' },
  });
  const second = nodeStatus({ ...first, capacity: { cpu: '2' } }, facts, 0);
  expect(second.allocatable).toEqual({ cpu: '2', memory: '1Gi' });
  expect(first.runtimeHandlers?.map(({ name, features }) => [name, features?.recursiveReadOnlyMounts])).toEqual([
    ['', true],
    ['runc', true],
  ]);
});
