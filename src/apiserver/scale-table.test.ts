import { expect, test } from '@jest/globals';
import type { KubeObject } from '../api/object.ts';
import { deployments } from '../resources/apps/deployments/definition.ts';
import { scaleDefinition } from './scale-table.ts';
import { tableOf } from './table.ts';

test('a Scale has columns of its own, not those of what it scales', () => {
  const scale = {
    metadata: { name: 'web', uid: 'u', resourceVersion: '5', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {},
    status: { replicas: 2 },
  } as unknown as KubeObject;
  const now = Date.parse('2026-01-01T00:00:05Z');
  const options = { definition: scaleDefinition(deployments), version: 'v1', includeObject: 'Object', now, headers: true } as const;
  const { columnDefinitions, rows } = tableOf([scale], {}, options);
  expect(columnDefinitions?.map(({ name }) => name)).toEqual(['Name', 'Desired', 'Available', 'Age']);
  expect(rows).toEqual([{ cells: ['web', 0, 2, '5s'], object: expect.objectContaining({ kind: 'Scale', apiVersion: 'autoscaling/v1' }) }]);
});
