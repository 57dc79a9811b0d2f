import { expect, test } from '@jest/globals';
import { MetricRegistry } from '../base/metrics.ts';
import type { ResourceDefinition } from './definition.ts';
import { Measures } from './measures.ts';

test('requests to the store are counted by what they do and to what, with those that fail', async () => {
  const metrics = new MetricRegistry();
  const measures = new Measures(metrics);
  const definition = { group: 'apps', resource: 'deployments' } as unknown as ResourceDefinition;
  expect(await measures.request(definition, 'create', () => Promise.resolve('answer'))).toBe('answer');
  await expect(measures.request(definition, 'create', () => Promise.reject(new Error('full')))).rejects.toThrow('full');
  const lines = metrics.text().split('\n');
  const labels = '{group="apps",operation="create",resource="deployments"}';
  expect(lines).toContain(`etcd_requests_total${labels} 2`);
  expect(lines).toContain(`etcd_request_errors_total${labels} 1`);
  expect(lines).toContain(`etcd_request_duration_seconds_count${labels} 2`);
});
