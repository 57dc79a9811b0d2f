import { expect, test } from '@jest/globals';
import { MetricRegistry } from '../base/metrics.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { mutate, validate } from './admit.ts';
import { Measures } from './measures.ts';

const request = { definition: { group: 'apps', resource: 'deployments' } } as unknown as AdmissionRequest;

test.each([
  [undefined, true],
  [['apps/deployments'], true],
  [['/pods'], false],
  [[], false],
])('a plugin that changes %j runs, and may have changed a Deployment: %s', async (changes, expected) => {
  let ran = 0;
  const plugin: AdmissionPlugin = { name: 'P', ...(changes === undefined ? {} : { changes }), mutate: () => void (ran += 1) };
  expect(await mutate({ admission: [{ name: 'other' }, plugin], measures: new Measures() }, request)).toBe(expected);
  expect(ran).toBe(1);
});

test('how long plugins take is noted, and who refuses', async () => {
  const metrics = new MetricRegistry();
  const refuse: AdmissionPlugin = { name: 'Refuse', validate: () => Promise.reject(new Error('no')) };
  const engine = {
    admission: [{ name: 'Pass', validate: () => undefined }, { name: 'Elsewhere' }, refuse],
    measures: new Measures(metrics),
  };
  await expect(validate(engine, { ...request, operation: 'CREATE' })).rejects.toThrow('no');
  await mutate(engine, { ...request, operation: 'CREATE' });
  const counts = metrics
    .text()
    .split('\n')
    .filter((line) => /_count/.test(line));
  const prefix = 'apiserver_admission_';
  expect(counts).toEqual([
    `${prefix}controller_admission_duration_seconds_count{name="Pass",operation="CREATE",rejected="false",type="validate"} 1`,
    `${prefix}controller_admission_duration_seconds_count{name="Refuse",operation="CREATE",rejected="true",type="validate"} 1`,
    `${prefix}step_admission_duration_seconds_count{operation="CREATE",rejected="true",type="validate"} 1`,
    `${prefix}step_admission_duration_seconds_count{operation="CREATE",rejected="false",type="admit"} 1`,
  ]);
});
