import { expect, test } from '@jest/globals';
import { path } from '../../../api/field-errors.ts';
import { validatePodSpec } from './validate-spec.ts';

const searchFaults = (search: string): string[] => {
  const spec = { containers: [{ name: 'a', image: 'b', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' }] };
  const faults = validatePodSpec(
    { ...spec, restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', dnsConfig: { searches: [search] } },
    path('spec'),
  );
  return faults.map(({ field }) => field).filter((field) => field.startsWith('spec.dnsConfig'));
};

test.each([
  ['.', []],
  ['_sip._tcp.abc_d.example.com', []],
  ['svc.cluster.local.', []],
  ['a..b', ['spec.dnsConfig.searches[0]']],
  ['UPPER', ['spec.dnsConfig.searches[0]']],
])('a search path %s', (search, faults) => expect(searchFaults(search)).toEqual(faults));
